"""3GPP management services: bulk changes as plans (TS 28.572), reading by ProvMnS (TS 28.532), over mutual TLS.

The operator's part is described in ``docs/reference/operator-profile.md``. A batch is one activation of a plan that is
embedded in the request; the job's name is our key, so that it can be found by it, and the same key as
``Idempotency-Key`` makes a repetition harmless. What a plan touched is read back by ``lastPlan``.

Groups, static addresses and word of devices go over the northbound APIs of TS 29.522 and TS 29.122, beside the
management services: ``exposure`` has them.
"""

from tieline.utility.connectors.providers.mns3gpp.connector import Mns3gppConnector, open_connector
from tieline.utility.connectors.providers.mns3gpp.devices import read_device_notices
from tieline.utility.connectors.providers.mns3gpp.notices import read_notices

__all__ = ["Mns3gppConnector", "open_connector", "read_device_notices", "read_notices"]
