"""``--where``: the part of the fleet that a command is about, in the words of the REST interface."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from tieline.cli.errors import CommandError, Exit

_LISTS: Mapping[str, str] = {
    "operator": "operators",
    "technology": "technologies",
    "band": "bands",
    "state": "states",
    "region": "regions",
    "criticality": "criticalities",
    "kind": "kinds",
    "generation": "generations",
    "subscription_generation": "subscription_generations",
    "apn": "apns",
    "lan_group": "lan_groups",
    "role": "roles",
    "stock_state": "stock_states",
    "site_id": "site_ids",
}
_TEXTS = ("q", "cell_key", "hanging_on")
_CHOICES = ("linked", "attached", "stale", "drift", "shared_mast")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        metavar="KEY=VALUE",
        help="Narrow by region=Wales, technology=3G, operator=A, hanging_on=3G, linked=yes, q=…; several times. "
        f"Keys: {', '.join((*_LISTS, *_TEXTS, *_CHOICES))}.",
    ),
]


def query_of(where: Sequence[str] | None) -> dict[str, Any]:
    """The conditions as query parameters of the lists."""
    found: dict[str, Any] = {}
    for key, value in _pairs(where):
        if key in _LISTS:
            found.setdefault(key, []).append(value)
        else:
            found[key] = _yes_no(key, value) if key in _CHOICES else value
    return found


def filter_of(where: Sequence[str] | None) -> dict[str, Any]:
    """The conditions as the filter of a change's selection."""
    found: dict[str, Any] = {}
    for key, value in query_of(where).items():
        if key == "site_id":
            found["site_ids"] = [_number(one) for one in value]
        else:
            found[_LISTS.get(key, key)] = value
    return found


def _pairs(where: Sequence[str] | None) -> Iterator[tuple[str, str]]:
    for one in where or ():
        key, sign, value = one.partition("=")
        key = key.strip().replace("-", "_")
        if not sign or key not in {*_LISTS, *_TEXTS, *_CHOICES}:
            advice = f"KEY=VALUE with one of {', '.join((*_LISTS, *_TEXTS, *_CHOICES))}."
            raise CommandError(f"{one} is no condition.", advice=advice, exit_code=Exit.USAGE)
        yield key, value.strip()


def _yes_no(key: str, value: str) -> bool:
    if value.casefold() not in _YES_NO:
        raise CommandError(f"{key} is yes or no, not {value}.", exit_code=Exit.USAGE)
    return _YES_NO[value.casefold()]


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise CommandError(f"{value} is no number.", exit_code=Exit.USAGE)
    return int(value)
