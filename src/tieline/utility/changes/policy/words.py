"""Fields and their values as reasons name them: read by people in the console, the CLI and reports."""

from collections.abc import Mapping
from typing import Any

_FIELDS: Mapping[str, str] = {
    "state": "the state",
    "apn": "the APN",
    "ip_address": "the IP address",
    "subscription_group": "the group",
    "data_plan": "the data plan",
    "rat_restriction": "what is barred",
    "imei_lock": "the IMEI lock",
    "lan_groups": "the 5G LAN groups",
}


def field_word(name: str) -> str:
    """A field in the middle of a sentence; one that is not known by its name."""
    return _FIELDS.get(name, name)


def shown(value: Any) -> str:
    """A value in a sentence."""
    if value is None or value in ("", [], ()):
        return "unset"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
