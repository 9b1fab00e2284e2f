"""The providers that come with the product."""

from tieline.utility.connectors.providers import mns3gpp, reference
from tieline.utility.connectors.registry import Providers

PROVIDERS = Providers()
"""Every provider that a running process knows; others register theirs at wiring."""

PROVIDERS.register("mns3gpp", mns3gpp.open_connector, mns3gpp.read_notices, mns3gpp.read_device_notices)
PROVIDERS.register("reference", reference.open_connector)
