"""What a list of incidents is asked for, read from its URL; the same for the list and for acts on all that match."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path

from tieline.utility.console.filters import pairs_of
from tieline.utility.incidents import IncidentFilter

Identity = Annotated[int, Path(ge=1, le=2**63 - 1)]
"""The number of an incident in a URL; one that can be none is a page that does not exist."""
KEYS = ("state", "severity", "kind", "operator", "region", "q", "mine", "expected", "site", "subscription")
HOME = "/incidents"
_MOST = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters as they were given; ``mine``: assigned to whoever asks; ``expected``: known work, too."""

    states: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    q: str = ""
    mine: bool = False
    expected: bool = False
    site_id: int | None = None
    subscription_id: int | None = None

    def wanted(self, actor: str) -> IncidentFilter:
        """As the context takes it."""
        states = self.states or ("open", "acknowledged")
        return IncidentFilter(
            states=(*states, "expected") if self.expected and "expected" not in states else states,
            severities=self.severities,
            kinds=self.kinds,
            operators=self.operators,
            regions=self.regions,
            site_id=self.site_id,
            subscription_id=self.subscription_id,
            assignee=actor if self.mine else "",
            q=self.q,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the usual is asked for."""
        return self != Asked()


def of_query(query: str) -> Asked:
    """What a query string asks for; what makes no sense in it is left out."""
    pairs = pairs_of(query)

    def several(key: str) -> tuple[str, ...]:
        values = (value[:200].replace("\0", "") for name, value in pairs if name == key and value)
        return tuple(dict.fromkeys(values))[:_MOST]

    values = dict(pairs)
    return Asked(
        states=several("state"),
        severities=several("severity"),
        kinds=several("kind"),
        operators=several("operator"),
        regions=several("region"),
        q=values.get("q", "").strip()[:200].replace("\0", ""),
        mine=values.get("mine") == "1",
        expected=values.get("expected") == "1",
        site_id=_number(values.get("site", "")),
        subscription_id=_number(values.get("subscription", "")),
    )


def list_of(query: str) -> str:
    """The list that a query string asks for."""
    kept = [(key, value) for key, value in pairs_of(query) if key in KEYS]
    return f"{HOME}?{urlencode(kept)}" if kept else HOME


def ids_of(texts: Sequence[str]) -> tuple[int, ...]:
    """The incidents that were ticked."""
    return tuple(dict.fromkeys(number for text in texts if (number := _number(text)) is not None))[:1000]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None  # noqa: PLR2004 - a bigint
