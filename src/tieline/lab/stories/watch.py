"""What became of a programme's links, by what the operators' own systems say of them afterwards."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.lab.fill import UTILITY
from tieline.lab.offices import Office
from tieline.lab.stories.desk import Desk

Key = tuple[str, str]
"""A subscription: its operator, and what that calls it."""
Seen = tuple[datetime, Key, bool | None, bool | None]
"""When a subscription came to be there or not, addressed or not; None: as before."""


class Watch:
    """What became of a programme's links, by the operators' own change logs and the acceptance tests.

    An old link carries its site while its subscription is attached, active and has its fixed address in the network; a
    new one from the moment its test has passed, for as long as it keeps that address.
    """

    def __init__(self, desk: Desk, offices: Sequence[Office], programme: int) -> None:
        self._desk = desk
        self._offices = {one.code: one for one in offices}
        self._programme = programme
        self._from = {code: office.log_position(UTILITY) for code, office in self._offices.items()}
        self._began = {code: _carrying(office) for code, office in self._offices.items()}

    def _links(self) -> list[dict[str, Any]]:
        return list(self._desk.technician.pages(f"/programmes/{self._programme}/links", limit=5000))

    def sites_without_link(self) -> int:
        """How many sites had no link that carried them at some moment since, of those that had one at the beginning."""
        links = self._links()
        sites: dict[Key, int] = {}
        state: dict[Key, tuple[bool, bool]] = {}
        free: set[Key] = set()
        for row in links:
            for ref in (row["old_ref"], row["new_ref"]):
                if ref is not None:
                    sites[row["operator"], ref] = row["site_id"]
            old = (row["operator"], row["old_ref"])
            state[old] = self._began[row["operator"]].get(row["old_ref"], (False, False))
            # A link that never had a fixed address goes without one.
            if not state[old][1]:
                state[old] = (state[old][0], True)
                free |= {old, (row["operator"], row["new_ref"])}
        carried: dict[int, int] = defaultdict(int)
        for key, (attached, fixed) in state.items():
            carried[sites[key]] += attached and fixed
        down = set()
        for _at, key, there, addressed in sorted([*self._logged(sites, free), *_passed(links)], key=lambda one: one[0]):
            had = state.get(key, (False, key in free))
            now = (_or(there, had[0]), _or(addressed, had[1]))
            state[key] = now
            before = carried[sites[key]]
            carried[sites[key]] += (now[0] and now[1]) - (had[0] and had[1])
            if before > 0 and carried[sites[key]] == 0:
                down.add(sites[key])
        return len(down)

    def _logged(self, sites: Mapping[Key, int], free: set[Key]) -> Iterator[Seen]:
        """The operators' entries about what their networks do with a programme's subscriptions."""
        for code, office in self._offices.items():
            for entry in office.log(UTILITY, self._from[code]):
                key = (code, entry["dn"].rpartition("=")[2])
                operational = (entry["after"] or {}).get("operational")
                if key in sites and operational is not None:
                    fixed = _live(operational) if key in free else _addressed(operational)
                    yield datetime.fromisoformat(entry["at"]), key, None, fixed

    def retired(self) -> int:
        """How many old subscriptions of the programme the operators hold as retired in their networks."""
        old: dict[str, set[str]] = defaultdict(set)
        for row in self._links():
            if row["retired_at"] is not None:
                old[row["operator"]].add(row["old_ref"])
        return sum(
            1
            for code, refs in old.items()
            for one in self._offices[code].subscriptions(UTILITY)
            if one["id"] in refs and (one["attributes"].get("operational") or {}).get("state") == "RETIRED"
        )


def _passed(links: Sequence[Mapping[str, Any]]) -> Iterator[Seen]:
    for row in links:
        if row["passed_at"] is not None:
            yield datetime.fromisoformat(row["passed_at"]), (row["operator"], row["new_ref"]), True, None


def _or(told: bool | None, known: bool) -> bool:
    return known if told is None else told


def _live(operational: Mapping[str, Any]) -> bool:
    return operational.get("state") in {"ACTIVE", "TEST_READY"}


def _addressed(operational: Mapping[str, Any]) -> bool:
    return bool(operational.get("ipAddress")) and _live(operational)


def _carrying(office: Office) -> dict[str, tuple[bool, bool]]:
    """Which subscriptions are attached, and which have an address in the network."""
    return {
        one["id"]: (
            bool(one["attributes"].get("attached")),
            _addressed(one["attributes"].get("operational") or {}),
        )
        for one in office.subscriptions(UTILITY)
    }
