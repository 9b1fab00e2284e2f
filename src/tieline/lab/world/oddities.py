"""What is out of the ordinary on purpose, each on sites of its own, so that no site loses both its links to them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tieline.lab.world.chance import Chance
from tieline.lab.world.model import OddityShares, Operator, Site

MEANINGS = {
    "suspended": "The old subscription is SUSPENDED at the operator, so it is not attached.",
    "retired": "The old subscription is RETIRED at the operator: it has no address and is not attached.",
    "wrong_apn": "The old subscription has the misspelt APN scada.ds0, for which there is no address pool.",
    "radio_shadow": "The site lies in a radio shadow of this operator: never attached, no serving cell.",
    "full_pool": "The old subscription is in the APN legacy.dso of Operator A, whose pool has no address left.",
}


@dataclass(frozen=True, slots=True)
class Marks:
    """Which oddity (if any) a site has at which operator: ``at[site id] = (oddity, operator code)``."""

    at: Mapping[str, tuple[str, str]]

    def of(self, site: Site, operator: Operator) -> str:
        """The oddity of a site's link at an operator, or an empty string."""
        name, code = self.at.get(site.id, ("", ""))
        return name if code == operator.code else ""


def mark(sites: Sequence[Site], operators: Sequence[Operator], shares: OddityShares, chance: Chance) -> Marks:
    """Choose the odd ones among the sites on 3G. Shares are of links; of sites for the last two."""
    links = len(sites) * len(operators)
    ordinary = [site.id for site in sites if site.criticality == "normal"]
    waiting = chance.shuffled(ordinary, "odd")
    counts = {
        "suspended": math.ceil(links * shares.suspended),
        "retired": math.ceil(links * shares.retired),
        "wrong_apn": math.ceil(links * shares.wrong_apn),
        "radio_shadow": math.ceil(len(sites) * shares.radio_shadow),
        "full_pool": _power_of_two(len(sites) * shares.full_pool),
    }
    at: dict[str, tuple[str, str]] = {}
    for name, count in counts.items():
        taken, waiting = waiting[:count], waiting[count:]
        if name == "full_pool":
            taken = taken[: _power_of_two(len(taken))]
        for site_id in taken:
            operator = operators[0] if name == "full_pool" else chance.choice(operators, "odd at", site_id)
            at[site_id] = (name, operator.code)
    return Marks(at)


def _power_of_two(number: float) -> int:
    """The largest power of two that is no more than ``number``; zero below one."""
    return 2 ** math.floor(math.log2(number)) if number >= 1 else 0
