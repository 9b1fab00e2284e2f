"""Invented values for the gallery: ordinary ones, long ones, missing ones. Nothing here is anybody's data."""

from datetime import UTC, datetime, timedelta
from math import cos, log, pi, sin

from tieline.console.components.figures import (
    Bar,
    Chart,
    Figure,
    Lane,
    Mark,
    Ribbon,
    Run,
    Segment,
    Series,
    StackedBars,
    Timeline,
)
from tieline.console.components.frame import (
    Action,
    Crumb,
    Feed,
    Frame,
    Hit,
    HitGroup,
    NavItem,
    PageHead,
    Person,
    Running,
    Tab,
)
from tieline.console.components.mapping import Dimension, Kind, Points, Sectors, points, state_kind
from tieline.console.components.tables import (
    Column,
    Empty,
    Filter,
    FilterBar,
    FilterKind,
    Option,
    Paging,
    Row,
    Selection,
    Table,
)
from tieline.console.components.values import (
    Age,
    Badge,
    Ident,
    IdentKind,
    Link,
    Observed,
    Tone,
)
from tieline.console.components.views import ViewsBar

NOW = datetime(2025, 11, 21, 8, 31, 4, tzinfo=UTC)
LONG_NAME = "Umspannwerk Neustadt-Glewe Betriebsmittelüberwachungszentrale"
HOUR = timedelta(hours=1)
STATES = (
    Badge("In service", Tone.OK),
    Badge("Being changed", Tone.BUSY),
    Badge("Without reserve", Tone.WARN),
    Badge("No link", Tone.BAD),
    Badge("On hold", Tone.HELD, "circle-pause"),
    Badge("Retired", Tone.OFF),
    Badge("Never reported", Tone.UNKNOWN),
)
_TOWNS = (
    (-0.12, 51.51, 9), (-1.9, 52.48, 6), (-2.24, 53.48, 6), (-1.55, 53.8, 5), (-1.61, 54.97, 4), (-4.25, 55.86, 5),
    (-3.19, 55.95, 3), (-2.59, 51.45, 3), (-3.18, 51.48, 3), (1.3, 52.63, 3), (-4.14, 50.37, 2), (-2.1, 57.15, 2),
    (-1.08, 53.96, 3), (-1.23, 54.57, 3), (-0.34, 53.74, 3),
)  # fmt: skip


def spread(index: int, salt: int = 0) -> float:
    """A number from 0 to 1 that looks random and is the same every time."""
    return (sin((index + 1) * 12.9898 + (salt + 1) * 78.233) * 43758.5453) % 1


def frame(current: str, pages: tuple[tuple[str, str, str], ...]) -> Frame:
    """The frame, with the gallery's own pages and the console's in its rail."""
    nav = tuple(NavItem(key, label, f"{key}.html", icon, "Gallery") for key, label, icon in pages)
    console = (
        NavItem("sites", "Sites", "tables.html", "building-2", "Network", 20_000),
        NavItem("sims", "SIMs", "tables.html", "credit-card", "Network", 40_000),
        NavItem("changes", "Changes", "work.html", "git-pull-request-arrow", "Network", 2),
        NavItem("audit", "Audit trail", "tables.html", "scroll-text", "Administration"),
        NavItem("users", "Users and tokens", "forms.html", "users", "Administration"),
    )
    feeds = (
        Feed("Operator A, notifications", Tone.OK, "up to date", NOW - timedelta(seconds=12)),
        Feed("Operator B, notifications", Tone.WARN, "late", NOW - timedelta(minutes=42), timedelta(minutes=5)),
        Feed("Meter readings", Tone.OK, "up to date", NOW - timedelta(minutes=2)),
    )
    return Frame(
        nav=(*nav, *console),
        current=current,
        person=Person("Wilhelmina Featherstonehaugh", "Technician, North East"),
        csrf_token="example",  # noqa: S106 - no secret: the gallery has no server
        now=NOW,
        feeds=feeds,
        running=(Running("3G replacement, North East", "work.html", 12_402, 40_000),),
        search_href="suggest.html",
    )


def site_head() -> PageHead:
    """A page header with everything that one can hold."""
    return PageHead(
        LONG_NAME,
        "One of two links is down since 02:14; 1 204 customers depend on it.",
        (Crumb("Sites", "tables.html"), Crumb("North East", "tables.html")),
        (
            Action("Print", "#", "printer", "quiet"),
            Action("Undo", "#", "undo-2", unless="Nothing has been changed here in the last 90 days."),
            Action("Plan a change", "#", "git-pull-request-arrow", "primary"),
        ),
        (
            Tab("Overview", "#", current=True),
            Tab("Links", "#", count=2),
            Tab("History", "#", count=1204),
            Tab("Files", "#"),
        ),
    )


def sites(*, rows: int = 24, selection: bool = True) -> Table:
    """A list of sites with every kind of cell."""
    columns = (
        Column("name", "Site", narrow=True, fixed=True),
        Column("state", "State", narrow=True),
        Column("serving", "Serving cell"),
        Column("iccid", "ICCID"),
        Column("demand", "Peak demand", numeric=True, unit="MVA", sort_href="#", sorted="desc"),
        Column("customers", "Customers", numeric=True, sort_href="#"),
        Column("postcode", "Postcode"),
        Column("owner", "Shared-risk group", hidden=True),
    )
    chosen = Selection(
        20_000, (Action("Plan a change", "#", "git-pull-request-arrow", "primary"),), "region=NE", "x", "site"
    )
    return Table(
        "sites",
        "Sites, those that matter most first",
        columns,
        [_site(index) for index in range(rows)],
        Paging("", "tables.html?after=x", "100 of about 20 000") if rows else None,
        chosen if selection else None,
        csv_href="#",
        empty=Empty(
            "No site matches these filters",
            "Take a filter away, or import the sites that are missing.",
            (Action("Clear filters", "#"), Action("Import sites", "#", "file-up")),
            "search",
        ),
    )


def _site(index: int) -> Row:
    state = STATES[(0, 0, 2, 0, 3, 0, 0, 1, 6, 0, 5, 4)[index % 12]]
    minutes = (2, 3, 1, 4, 385, 2, 7, 0.2, 0, 2, 9000, 12)[index % 12]
    name = (
        LONG_NAME
        if index == 3  # noqa: PLR2004 - any row will do
        else f"{('Ashington', 'Byker', 'Consett', 'Durham Road', 'Elswick')[index % 5]} {index + 1}"
    )
    age = Age(NOW - timedelta(minutes=minutes) if minutes else None, "Operator A, attach report", timedelta(hours=1))
    generation = ("4G, band 20", "3G, 2100 MHz", "4G, band 3", "5G, n78")[index % 4]
    cells = {
        "name": name,
        "state": state,
        "serving": Observed(generation if minutes else "unknown", age),
        "iccid": Ident(f"894411000000{index * 7919 % 10_000_000:07d}", IdentKind.ICCID),
        "demand": round(48 * spread(index), 1),
        "customers": int(24_000 * spread(index, 1)) if index % 7 else None,
        "postcode": f"NE{1 + index % 30} {index % 9}AB",
        "owner": "Mast NE-114, feeder 12",
    }
    return Row(
        f"site-{index}",
        cells,
        "detail.html",
        sheet=True,
        muted=state.tone is Tone.OFF,
        tone="bad" if index == 4 else "",  # noqa: PLR2004 - any row will do
    )


def filters() -> FilterBar:
    """A filter bar with chips of every kind in use and more to add."""
    operators = (Option("A", "Operator A", 20_000, chosen=True), Option("B", "Operator B", 19_874))
    techs = tuple(Option(key, key, count) for key, count in (("2G", 780), ("3G", 20_114), ("4G", 19_106), ("5G", 225)))
    found = (
        Filter("operator", "Operator", FilterKind.CHOICE, operators),
        Filter("tech", "Technology", FilterKind.CHOICE, techs, pinned=True),
        Filter("name", "Name", FilterKind.TEXT, value="Neustadt"),
        Filter("demand", "Peak demand", FilterKind.RANGE, low="5", high="40", unit="MVA"),
        Filter("seen", "Last seen", FilterKind.DATES),
        Filter("critical", "Critical sites", FilterKind.FLAG),
    )
    url = "tables.html?operator=A&name=Neustadt&demand_from=5&demand_to=40"
    return FilterBar(url, found, count="1 204 match")


def views(*, changed: bool = False) -> ViewsBar:
    """Saved views at the head of a list."""
    own = (Link("3G without reserve", "#", hint="opens first"), Link("Betriebsmittelüberwachung Neustadt-Glewe", "#"))
    shared = (Link("Late in Wales", "#", hint="by anna"),)
    everything = Link("Sites without a view", "#")
    if not changed:
        return ViewsBar("/sites", "", "token", everything, own, shared, own)
    told = "This view names what is not there any more: operator “C”."
    return ViewsBar("/sites", "", "token", everything, own, shared, own, "3G without reserve", 4, may_change=True,
                    may_share=True, changed=True, missing=told)  # fmt: skip


def technology() -> StackedBars:
    """Operators by technology."""
    kinds = (("2G", "ramp1"), ("3G", "ramp2"), ("4G", "ramp3"), ("5G", "ramp5"), ("never reported", "unknown"))
    counts = {"Operator A": (320, 11_204, 7_890, 411, 175), "Operator B": (460, 8_910, 10_216, 0, 288)}
    bars = tuple(
        Bar(
            name,
            tuple(Segment(kind, value, tone, "tables.html") for (kind, tone), value in zip(kinds, values, strict=True)),
            "#",
        )
        for name, values in counts.items()
    )
    return StackedBars("Subscriptions by operator and technology", bars, "subscriptions")


def figures() -> tuple[Figure, ...]:
    """The four figures that matter on the overview, and two odd ones."""
    trend = tuple(None if index in {8, 9} else 20 + 14 * spread(index) for index in range(24))
    return (
        Figure("Sites without any link", 12, "#", tone="bad", note="5 more than yesterday", trend=trend),
        Figure("Links without reserve", 1_204, "#", tone="warn", note="3 have a plan"),
        Figure("Readings missing", 0, "#", tone="ok", note="All windows closed"),
        Figure("Still on 3G", 20_114, "#", of=40_000, note="Switch-off in 131 days"),
        Figure(
            "Average latency", 48.2, unit="ms", decimals=1, age=Age(NOW - 2 * HOUR, "probes", timedelta(minutes=15))
        ),
        Figure("Energy used by the fleet", None, note="No operator reports it yet"),
    )


def ribbon() -> Ribbon:
    """A month of five-minute intervals with two breaks and a gap in knowledge."""
    runs = (
        Run("up", 3000),
        Run("down", 3),
        Run("up", 2100),
        Run("unknown", 500),
        Run("up", 2400),
        Run("slow", 60),
        Run("up", 577),
    )
    states = {
        "up": ("In service", Tone.OK), "slow": ("Impaired", Tone.WARN), "down": ("Down", Tone.BAD),
        "unknown": ("Unknown", Tone.UNKNOWN),
    }  # fmt: skip
    return Ribbon("Availability of the link at operator A, 30 days", NOW - timedelta(days=30), 300, runs, states)


def timeline() -> Timeline:
    """One night of a site."""
    at = NOW - timedelta(hours=8)
    sessions = (
        Mark(NOW - 22 * HOUR, "Session at operator A, 4G band 20", "ok", until=at + HOUR, href="#"),
        Mark(at + 2 * HOUR, "Session at operator B, 3G", "warn", open=True, href="#"),
    )
    readings = tuple(Mark(NOW - timedelta(minutes=15 * n), "Reading arrived", "ok") for n in range(20, 80))
    changes = (Mark(at - 6 * HOUR, "APN changed by M. Okafor", "busy", href="#", detail="meter.old → meter.new"),)
    incidents = (Mark(at + HOUR, "Link at operator A lost", "bad", open=True, href="#"),)
    planned = (Mark(NOW + 3 * HOUR, "Maintenance of mast NE-114", "held", until=NOW + 5 * HOUR, href="#"),)
    lanes = (
        Lane("Sessions", sessions, "signal"), Lane("Readings", readings, "activity"),
        Lane("Changes", changes, "git-pull-request-arrow"), Lane("Incidents", incidents, "siren"),
        Lane("Notices", planned, "calendar-clock"), Lane("Power", (), "zap"),
    )  # fmt: skip
    return Timeline("The last day of this site", NOW - 24 * HOUR, NOW + 6 * HOUR, NOW, lanes)


def chart() -> Chart:
    """Calls a second against the permitted rate, with a gap."""
    start = int(NOW.timestamp()) - 1800
    times = [start + 10 * index for index in range(180)]
    first = [None if 70 < index < 84 else round(44 + 5 * spread(index), 1) for index in range(180)]  # noqa: PLR2004 - any gap will do
    second = [round(18 + 2 * spread(index, 2) - (12 if index > 140 else 0), 1) for index in range(180)]  # noqa: PLR2004
    series = (Series("Operator A", first, "ramp5"), Series("Operator B", second, "ramp3"))
    return Chart(
        "Calls", times, series, "a second", limit=50, limit_label="permitted", summary="Operator B slower since 08:24"
    )


def fleet(count: int = 50_000) -> Points:
    """Sites around towns, most of them well."""
    states = tuple(
        state_kind(key, word, tone)
        for key, word, tone in (
            ("ok", "In service", Tone.OK), ("reserve", "Without reserve", Tone.WARN), ("down", "No link", Tone.BAD),
            ("never", "Never reported", Tone.UNKNOWN),
        )
    )  # fmt: skip
    generations = tuple(Kind(key, key, f"ramp{rank}") for rank, key in ((1, "2G"), (2, "3G"), (3, "4G"), (5, "5G")))
    rows = [_place(index) for index in range(count)]
    return points(
        rows, [("state", "State", states), ("tech", "Technology", generations)], observed_at="2025-11-21T08:31:04Z"
    )


def _place(index: int) -> tuple[str, str, float, float, dict[str, str]]:
    towns = [town for town in _TOWNS for _ in range(town[2])]
    lon, lat, _ = towns[int(spread(index, 3) * len(towns))]
    distance, angle = -0.28 * log(1 - 0.97 * spread(index, 5)), 2 * pi * spread(index * 31, 7)
    chance, generation = spread(index * 17, 11), spread(index * 13, 2)
    state = "down" if chance < 0.0006 else "reserve" if chance < 0.03 else "never" if chance < 0.04 else "ok"  # noqa: PLR2004
    tech = "2G" if generation < 0.02 else "3G" if generation < 0.5 else "4G" if generation < 0.98 else "5G"  # noqa: PLR2004
    place = (lon + distance * 1.6 * cos(angle), lat + distance * cos(angle - pi / 2))
    return (f"site-{index}", f"Site {index}", *place, {"state": state, "tech": tech})


def cells(count: int = 1500) -> Sectors:
    """Masts of three sectors each."""
    rows = [_place(3 * (index // 3) + 7) for index in range(count)]
    kinds = (Kind("A", "Operator A", "ramp5"), Kind("B", "Operator B", "ramp3"))
    return Sectors(
        [f"cell-{index}" for index in range(count)],
        [f"Cell {index}" for index in range(count)],
        [round(row[2] * 100_000) for row in rows],
        [round(row[3] * 100_000) for row in rows],
        [120 * (index % 3) for index in range(count)],
        [65] * count,
        [2500] * count,
        [Dimension("operator", "Operator", kinds, [index // 3 % 2 for index in range(count)])],
    )


def hits() -> tuple[HitGroup, ...]:
    """What the search suggests."""
    return (
        HitGroup("Sites", (Hit("Neustadt-Glewe 110 kV", "detail.html", "building-2", "NE14 7TT", "neust"),)),
        HitGroup("Cards", (Hit("8944 1100 0000 1234 567", "detail.html", "credit-card", "Operator A"),)),
    )
