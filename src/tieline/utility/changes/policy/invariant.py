"""Never both links of a site, nor all links of one of its shared-risk groups, down or unverified at one moment.

A link is *exposed* while a disruptive item of it is queued, sent, accepted or failed: it may be down. The rule that
keeps the invariant is stricter and simpler: at most one exposed link a site. A site with a single link has nothing to
fall back to; it may be exposed, and the impact of the plan names it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that could be sent next."""

    item_id: int
    site_id: int | None
    link_id: int | None


def pick(candidates: Iterable[Candidate], exposed: Mapping[int, Collection[int]], limit: int) -> list[Candidate]:
    """Choose up to ``limit`` candidates in their order without exposing a second link of any site.

    ``exposed`` maps a site to its links that are exposed already, by whatever change. A candidate whose own link is
    the exposed one may go: it is a retry.
    """
    taken: dict[int, int] = {}
    chosen: list[Candidate] = []
    for candidate in candidates:
        if len(chosen) >= limit:
            break
        site, link = candidate.site_id, candidate.link_id
        if site is None or link is None:
            chosen.append(candidate)
            continue
        others = set(exposed.get(site, ())) - {link}
        if others or taken.get(site, link) != link:
            continue
        taken[site] = link
        chosen.append(candidate)
    return chosen


def violated(
    exposed: Collection[int], site_links: Collection[int], groups: Iterable[Collection[int]]
) -> frozenset[int] | None:
    """The links of a site that are exposed together and must not be, or None. ``groups`` are its shared-risk groups.

    A group of a single link says nothing: what it protects is the choice among several.
    """
    exposed_here = frozenset(exposed)
    for links in (site_links, *groups):
        group = frozenset(links)
        if len(group) > 1 and group <= exposed_here:
            return group
    return None
