"""The fleet: a router at each site, a subscription at each operator, and the cards that are to replace them."""

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tieline.lab.world import addresses, catalogue
from tieline.lab.world.chance import Chance
from tieline.lab.world.identities import Identities, imei
from tieline.lab.world.model import Device, Link, Operator, Pool, Site, Subscription, Terrain, WorldSpec
from tieline.lab.world.oddities import Marks

OLD = "3G"
_OLD_SINCE, _OLD_UNTIL = dt.date(2009, 3, 1), dt.date(2016, 12, 31)
_MODERN_SINCE, _MODERN_UNTIL = dt.date(2019, 1, 1), dt.date(2025, 6, 30)
_STATES = {"suspended": "SUSPENDED", "retired": "RETIRED"}


@dataclass(frozen=True, slots=True)
class Fleet:
    """All that hangs at the sites; subscriptions and stock by operator code."""

    devices: tuple[Device, ...]
    subscriptions: Mapping[str, tuple[Subscription, ...]]
    stock: Mapping[str, tuple[Subscription, ...]]
    links: tuple[Link, ...]
    pools: tuple[Pool, ...]


def build(spec: WorldSpec, terrain: Terrain, marks: Marks, chance: Chance) -> Fleet:
    """Equip every site and fill the stock with a new card for each link on 3G and the reserve."""
    devices = _devices(terrain, chance)
    subscriptions: dict[str, tuple[Subscription, ...]] = {}
    stock: dict[str, tuple[Subscription, ...]] = {}
    pools: list[Pool] = []
    for index, operator in enumerate(terrain.operators):
        desk = _Desk(operator, index, terrain, marks, chance)
        subscriptions[operator.code] = desk.present()
        stock[operator.code] = desk.stock(math.ceil(spec.sites * (1 + spec.reserve_share)))
        pools += desk.plan.pools.values()
    return Fleet(devices, subscriptions, stock, _links(terrain, devices, subscriptions, chance), tuple(pools))


def _devices(terrain: Terrain, chance: Chance) -> tuple[Device, ...]:
    made: Counter[str] = Counter()
    devices = []
    for number, site in enumerate(terrain.sites, 1):
        modern = site.id in terrain.modern
        model = chance.choice(catalogue.MODERN_MODELS if modern else catalogue.OLD_MODELS, "model", site.id)
        made[model.tac] += 1
        devices.append(
            Device(
                id=f"RTR-{number:06d}",
                site_id=site.id,
                make=model.make,
                model=model.name,
                imei=imei(model.tac, made[model.tac]),
                generations=model.generations,
                bands=model.bands,
                modems=model.modems,
                firmware=chance.choice(model.firmware, "firmware", site.id),
                installed_on=_date(chance, site, modern=modern),
            )
        )
    return tuple(devices)


def _date(chance: Chance, site: Site, *, modern: bool) -> str:
    since, until = (_MODERN_SINCE, _MODERN_UNTIL) if modern else (_OLD_SINCE, _OLD_UNTIL)
    return (since + dt.timedelta(chance.between(0, (until - since).days, "installed", site.id))).isoformat()


class _Desk:
    """An operator's order desk: hands out subscriptions, cards and addresses, in the order of the sites."""

    def __init__(self, operator: Operator, index: int, terrain: Terrain, marks: Marks, chance: Chance) -> None:
        self._operator = operator
        self._terrain = terrain
        self._marks = marks
        self._chance = chance
        self._numbers = Identities(operator, index)
        self._apns = {site.id: self._apn(site) for site in terrain.sites}
        self.plan = addresses.plan(operator, index, self._addressed())
        self._free = {apn: self.plan.addresses(apn) for apn in self.plan.pools}

    def _apn(self, site: Site) -> str:
        """The APN whose pool a site's address is from; a misspelt APN does not change the address."""
        if self._marks.of(site, self._operator) == "full_pool":
            return catalogue.APN_LEGACY
        first = self._operator == self._terrain.operators[0]
        ipv6 = first and self._chance.chance(catalogue.IPV6_SHARE, "ipv6", site.id)
        return catalogue.apn_of(site, ipv6=ipv6)

    def _addressed(self) -> Mapping[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for apn in self._apns.values():
            counts[apn] += 1
        return counts

    def present(self) -> tuple[Subscription, ...]:
        """The subscription of each site, in the order of the sites."""
        return tuple(self._for_site(site) for site in self._terrain.sites)

    def _for_site(self, site: Site) -> Subscription:
        oddity = self._marks.of(site, self._operator)
        apn = self._apns[site.id]
        address = "" if oddity == "retired" else next(self._free[apn])
        return self._subscription(
            generation="4G" if site.id in self._terrain.modern else OLD,
            state=_STATES.get(oddity, "ACTIVE"),
            apn=catalogue.APN_WRONG if oddity == "wrong_apn" else apn,
            ip_address=address,
            group=catalogue.group_of(site),
            data_plan=catalogue.plan_of(site, self._operator.code),
        )

    def stock(self, count: int) -> tuple[Subscription, ...]:
        """New cards as they arrive: 4G or 5G, in INVENTORY, without APN, address, group or plan; some are eUICCs."""
        cards = []
        for number in range(count):
            what = (self._operator.code, number)
            generation = "5G" if self._chance.chance(catalogue.NR_SHARE, "generation", *what) else "4G"
            euicc = self._chance.chance(catalogue.EUICC_SHARE, "euicc", *what)
            cards.append(self._subscription(generation=generation, state="INVENTORY", euicc=euicc))
        return tuple(cards)

    def _subscription(
        self,
        *,
        generation: str,
        state: str,
        apn: str = "",
        ip_address: str = "",
        group: str = "",
        data_plan: str = "",
        euicc: bool = False,
    ) -> Subscription:
        numbers = self._numbers.following(euicc=euicc)
        return Subscription(
            operator=self._operator.code,
            ref=numbers.ref,
            iccid=numbers.iccid,
            eid=numbers.eid,
            card_kind="euicc" if euicc else "plastic",
            imsi=numbers.imsi,
            msisdn=numbers.msisdn,
            state=state,
            apn=apn,
            ip_address=ip_address,
            group=group,
            data_plan=data_plan,
            generation=generation,
            contract=f"{self._operator.code}-{2012 if generation == OLD else 2024}-GRID",
        )


def _links(
    terrain: Terrain,
    devices: Sequence[Device],
    subscriptions: Mapping[str, Sequence[Subscription]],
    chance: Chance,
) -> tuple[Link, ...]:
    """Two links for each site; for two thirds of the sites the first operator's is the primary one."""
    first = terrain.operators[0].code
    links = []
    for place, (site, device) in enumerate(zip(terrain.sites, devices, strict=True)):
        first_leads = chance.chance(catalogue.PRIMARY_SHARE, "primary", site.id)
        for slot, operator in enumerate(terrain.operators, 1):
            leads = first_leads if operator.code == first else not first_leads
            links.append(
                Link(
                    site_id=site.id,
                    device_id=device.id,
                    slot=slot,
                    iccid=subscriptions[operator.code][place].iccid,
                    operator=operator.code,
                    role="primary" if leads else "backup",
                )
            )
    return tuple(links)
