"""One order, one visit, one report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tieline.console.components.formats import plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Ident, IdentKind, Link, Several, Tone
from tieline.console.components.work import Confirm
from tieline.platform.scope import Permission, Scope, named
from tieline.platform.words import agree
from tieline.utility.console.filters import href
from tieline.utility.console.pages.fieldwork.views import words
from tieline.utility.console.pages.parts.subjects import linked
from tieline.utility.fieldwork import OVER, Order, ReportKind, ReportState, Step, Visit, VisitState, driven

HOME = Crumb("Field work", "/fieldwork")
SKETCH_WIDTH, SKETCH_HEIGHT, _MARGIN = 600, 320, 24
Facts = Sequence[tuple[str, object]]


def order_head(order: Order, scope: Scope, now: datetime) -> PageHead:
    """The head of an order: what can be done with it, and its files."""
    base = f"/fieldwork/orders/{order.id}"
    may = scope.may(Permission.FIELD_PLAN) and order.state == "open"
    unless = (
        "" if may else "The order was cancelled." if order.state != "open" else "Your role may not plan field work."
    )
    finished = f"{order.finished} of {plural(order.visits, 'visit')} finished"
    state = f"{order.crew}, {words.day_words(order.day, now)}: {finished}."
    actions = (
        Action("CSV", f"{base}/route.csv", "download"),
        Action("GeoJSON", f"{base}/route.geojson", "map-pin"),
        Action("Hand over or move", f"{base}/hand-over", "truck", unless=unless),
        Action("Cancel", icon="ban", kind="danger", dialog="cancel-order", unless=unless),
    )
    return PageHead(f"Order {order.id}", state, (HOME,), actions)


def order_facts(order: Order, now: datetime) -> Facts:
    """What is known of an order."""
    return (
        ("State", words.order_state(order, now)),
        *((("Why", order.state_why),) if order.state_why else ()),
        ("Crew", Link(order.crew, href("/fieldwork", crew=str(order.crew_id)))),
        ("Day", words.day_words(order.day, now)),
        ("Region", order.region),
        ("Drive", f"{order.km:.1f}\u202fkm over the great circle, {order.km_saved:.1f}\u202fkm less than as they came"),
        ("Time", words.hours(order.minutes)),
    )


def cancel_order(order: Order, csrf: str) -> Confirm:
    """Asks before an order is cancelled."""
    left = order.visits - order.finished
    return Confirm(
        "cancel-order",
        f"Cancel order {order.id}?",
        f"{plural(left, 'visit')} not over yet {agree(left, 'waits', 'wait')} for another order then. "
        "The crew’s phones are told at once.",
        f"/fieldwork/orders/{order.id}/cancel",
        "Cancel the order",
        csrf,
        undo="Make orders again from the visits that wait.",
        danger=True,
        reason_label="Why? The crew reads it.",
    )


def sketch(visits: Sequence[Visit]) -> Mapping[str, Any] | None:
    """The way as a drawing: north up, each visit a numbered point; None with fewer than two places."""
    placed = [(one, one.lat, one.lon) for one in driven(visits) if one.lat is not None and one.lon is not None]
    if len(placed) < 2:  # noqa: PLR2004 - a way has two ends
        return None
    lats, lons = [lat for _, lat, _ in placed], [lon for _, _, lon in placed]
    squeeze = 0.6  # a degree of longitude at these latitudes is about so much of one of latitude
    tall, wide = max(max(lats) - min(lats), 1e-4), max((max(lons) - min(lons)) * squeeze, 1e-4)
    scale = min((SKETCH_WIDTH - 2 * _MARGIN) / wide, (SKETCH_HEIGHT - 2 * _MARGIN) / tall)
    points = [
        {
            "x": round(SKETCH_WIDTH / 2 + ((lon - (max(lons) + min(lons)) / 2) * squeeze) * scale, 1),
            "y": round(SKETCH_HEIGHT / 2 - (lat - (max(lats) + min(lats)) / 2) * scale, 1),
            "number": one.position,
            "name": one.site_name,
            "over": one.state is VisitState.FINISHED,
        }
        for one, lat, lon in placed
    ]
    line = " ".join(f"{point['x']},{point['y']}" for point in points)
    return {"points": points, "line": line, "width": SKETCH_WIDTH, "height": SKETCH_HEIGHT}


def visit_head(visit: Visit, scope: Scope, now: datetime) -> PageHead:
    """The head of a visit."""
    crumbs = (
        (HOME, Crumb(f"Order {visit.order_id}", f"/fieldwork/orders/{visit.order_id}")) if visit.order_id else (HOME,)
    )
    unless = "" if scope.may(Permission.FIELD_PLAN) else "Your role may not plan field work."
    if visit.state in OVER:
        unless = f"The visit is {visit.state.value}."
    elif visit.state is VisitState.ON_SITE:
        unless = f"{visit.crew} is there now."
    actions = (
        Action("Move", f"/fieldwork/visits/{visit.id}/move", "truck", unless=unless),
        Action("Cancel", icon="ban", kind="danger", dialog="cancel-visit", unless=unless),
    )
    when = f", {words.day_words(visit.day, now)} by {visit.crew}" if visit.day else ", in no order yet"
    return PageHead(visit.site_name, f"{visit.title}{when}.", crumbs, actions)


def cancel_visit(visit: Visit, csrf: str) -> Confirm:
    """Asks before a visit is cancelled."""
    return Confirm(
        "cancel-visit",
        f"Cancel the visit to {visit.site_name}?",
        "The crew is told on its phones not to go. Whoever wanted the visit has to plan another one.",
        f"/fieldwork/visits/{visit.id}/cancel",
        "Cancel the visit",
        csrf,
        undo="A cancelled visit stays so; plan a new one.",
        danger=True,
        reason_label="Why? The crew reads it.",
    )


def visit_facts(visit: Visit, now: datetime) -> Facts:
    """What is known of a visit."""
    place = None
    if visit.lat is not None and visit.lon is not None:
        place = Link(f"{visit.lat:.5f}, {visit.lon:.5f}", href("/map", q=visit.site_code))
    why = visit.outcome_why or visit.state_why
    wanted = linked(visit.origin)
    return (
        (
            "State",
            Several((words.STATES[visit.state], words.state_of(visit, now)))
            if visit.outcome
            else words.state_of(visit, now),
        ),
        *((("Why", why),) if why else ()),
        ("Site", Link(visit.site_name, f"/sites/{visit.site_id}")),
        ("Postcode", visit.postcode),
        ("Place", place),
        ("Wanted by", wanted),
        ("Attempt", visit.attempt),
        ("Due", words.due(visit.due_at)),
        ("Order", words.order_link(visit.order_id)),
        ("New router", Ident(visit.router) if visit.router else None),
    )


def visit_times(visit: Visit) -> Facts:
    """When the crew was there."""
    return (
        ("Arrived", visit.arrived_at),
        ("Left", visit.left_at),
        ("Finished", visit.finished_at),
        ("Something is wrong", visit.trouble or None),
    )


def step_facts(step: Step) -> Facts:
    """What is known of a step."""
    return (
        ("State", words.STEPS[step.state]),
        ("Planned card", Ident(step.new_iccid, IdentKind.ICCID) if step.new_iccid else "any of this operator"),
        ("Fitted card", Ident(step.iccid, IdentKind.ICCID) if step.iccid else None),
        ("IMEI", Ident(step.imei, IdentKind.IMEI) if step.imei else None),
        ("New subscription", _subscription(step.new_subscription_id)),
        ("Old subscription", _subscription(step.old_subscription_id)),
        ("Fitted", step.fitted_at),
        ("Answered", Age(step.answered_at) if step.answered_at else None),
        ("The test said", step.said or None),
    )


def _subscription(identity: int | None) -> Link | None:
    return Link(f"Subscription {identity}", f"/subscriptions/{identity}") if identity else None


_CHECKS = (
    Column("name", "Check", narrow=True),
    Column("ok", "Holds", narrow=True),
    Column("wanted", "Wanted"),
    Column("found", "Found"),
)


def checks(step: Step) -> Table:
    """The checks of a step's test."""
    badges = {True: Badge("Holds", Tone.OK), False: Badge("Does not hold", Tone.BAD), None: Badge("Waits", Tone.BUSY)}
    rows = [
        Row(
            str(at),
            {"name": one["name"], "ok": badges[one.get("ok")], "wanted": one.get("wanted"), "found": one.get("found")},
        )
        for at, one in enumerate(step.checks)
    ]
    empty = Empty("Not tested yet", "The crew asks for the test once the card is fitted.")
    return Table(
        f"checks-{step.position}", f"Checks of card {step.position}", _CHECKS, rows, empty=empty, chooser=False
    )


def report_head(report: Mapping[str, Any], scope: Scope) -> PageHead:
    """The head of a report."""
    kind = words.KINDS[ReportKind(report["kind"])]
    crumbs = (HOME, Crumb("Reports to look at", "/fieldwork/reports"))
    state = ReportState(report["state"])
    unless = "" if scope.may(Permission.FIELD_PLAN) else "Your role may not decide on reports."
    actions: tuple[Action, ...] = ()
    if state is not ReportState.ACCEPTED:
        actions = (
            Action(
                "Take it all the same", f"/fieldwork/reports/{report['id']}/take", "check", method="post", unless=unless
            ),
        )
    where = f" at {report['site_name']}" if report["site_name"] else ""
    return PageHead(f"{kind}{where}", report["sentence"], crumbs, actions)


def report_facts(report: Mapping[str, Any]) -> Facts:
    """What is known of a report."""
    visit = report["visit_id"]
    return (
        ("State", words.REPORTS[ReportState(report["state"])]),
        ("What the crew was told to do", report["advice"] or None),
        (
            "Visit",
            Link(report["site_name"], f"/fieldwork/visits/{visit}")
            if visit
            else f"{report['named_visit']}, which is none",
        ),
        ("Crew", report["crew"]),
        ("Sent by", named(report["actor"])),
        ("Happened", report["at"]),
        ("By the phone’s own clock", report["phone_at"]),
        ("Came in", report["received_at"]),
        ("Said", words.said(report) or None),
        ("Looked at by", named(report["looked_by"]) if report["looked_by"] else None),
        ("Note", report["looked_note"] or None),
    )
