"""What the page of a change is made of, in each of its lives: contract, mission control, receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from tieline.console.components.frame import Crumb, PageHead, Tab
from tieline.console.components.values import Link
from tieline.console.components.work import Evidence
from tieline.platform.db import Tx
from tieline.utility import programmes
from tieline.utility.console.http import Page
from tieline.utility.console.pages.changes import source
from tieline.utility.console.pages.changes.views import acts, contract, control, holds, items, outcomes, receipt
from tieline.utility.console.pages.changes.views.tally import Tally
from tieline.utility.programmes import Programme

_FIRST, _LOG = 4, 1000
_TYPED_FROM = 1001


@dataclass(frozen=True, slots=True)
class Found:
    """Everything read of a change for one page; ``first`` are the first of its items."""

    detail: source.Detail
    pace: source.Progress
    log: Sequence[DictRow]
    first: Sequence[DictRow]
    held: Sequence[DictRow] = ()
    schedule: source.Schedule | None = None
    programme: Programme | None = None

    @property
    def change(self) -> source.Change:
        """The change itself."""
        return self.detail.change

    @property
    def tally(self) -> Tally:
        """Its items, counted."""
        return Tally.of(self.pace)


async def read(tx: Tx, page: Page, change_id: int, *, with_items: bool = True) -> Found:
    """Read what the pages of a change show; raises ``NotFound``."""
    detail = await source.detail(tx, page.scope, change_id)
    pace = await source.progress(tx, page.scope, page.runtime.clock, change_id)
    log = await source.latest_events(tx, page.scope, change_id, limit=_LOG)
    first: Sequence[DictRow] = ()
    if with_items:
        first = (await source.item_page(tx, page.scope, change_id, source.ItemFilter(), limit=_FIRST)).items
    held = await source.holding(tx, page.scope, page.runtime.clock, change_id)
    schedule = None
    if with_items and life(detail.change) == "contract":
        schedule = await source.schedule(tx, page.scope, page.runtime.clock, change_id)
    programme = await programmes.of_change(tx, page.scope, change_id)
    return Found(detail, pace, log, first, held, schedule, programme)


def life(change: source.Change) -> str:
    """Which page shows it: ``contract`` before it ran, ``control`` while it does, ``receipt`` afterwards."""
    if change.state.value in {"running", "paused"}:
        return "control"
    return "receipt" if change.started_at is not None else "contract"


def head(page: Page, found: Found, tab: str, offers: Sequence[acts.Offer] = ()) -> PageHead:
    """The head that all pages of a change share."""
    change = found.change
    kind = source.KINDS.get(change.kind)
    tabs = (
        Tab("Change", f"/changes/{change.id}", tab == "change"),
        Tab("Subscriptions", items.href(change.id), tab == "items", found.tally.total or None),
        Tab("Log", f"/changes/{change.id}/log", tab == "log", len(found.log)),
        Tab("Record", f"/changes/{change.id}/record"),
    )
    state = contract.head_state(change, kind.title, page.now)
    crumbs = [Crumb("Changes", "/changes")]
    if found.programme:
        crumbs.append(Crumb(f"Programme: {found.programme.title}", f"/programmes/{found.programme.id}"))
    return PageHead(change.title, state, tuple(crumbs), tuple(one.action for one in offers), tabs)


def context(page: Page, found: Found) -> dict[str, Any]:
    """What the template of its life takes."""
    change, tally = found.change, found.tally
    offers = acts.offers(change, tally, page.scope, page.csrf_token)
    approval = contract.approval(change, found.detail.approvals, page.scope, page.csrf_token, tally)
    decisions = (
        acts.decisions(change, page.csrf_token) if _typed(found) and approval and not approval.refused_because else ()
    )
    shared = {
        "change": change,
        "head": head(page, found, "change", offers),
        "dialogs": [one for one in (*(offer.dialog for offer in offers), *decisions) if one],
        "sentences": contract.sentences(change, source.KINDS.get(change.kind).sentence, page.renderer.zone),
        "total": tally.total,
        "approval": acts.without_form(approval) if decisions and approval else approval,
        "decisions": decisions,
        "diff": items.diff(change.id, found.first, ran=change.started_at is not None),
        "held": holds.evidence(found.held, page.renderer.zone),
        "countdown": outcomes.countdown(_due(found), page.now),
        "review_due": change.type.value == "emergency" and not any(one["kind"] == "reviewed" for one in found.log),
    }
    which = life(change)
    if which == "contract":
        return (
            shared
            | _contract(found)
            | {"timing": contract.timing(found.schedule, page.renderer.zone) if found.schedule else ()}
        )
    if which == "control":
        return shared | live(page, found) | {"approval": _afterwards(found, shared["approval"])}
    return shared | _receipt(page, found)


def _due(found: Found) -> datetime | None:
    """By when an emergency change has to be approved, as long as nobody has decided on it."""
    decided = any(one.afterwards and one.decision == "approved" for one in found.detail.approvals)
    return None if decided else found.change.approval_due_at


def _typed(found: Found) -> bool:
    items_planned = int(contract.Summary.of(found.change).impact.get("items", 0))
    return contract.decidable(found.change) and items_planned >= _TYPED_FROM


def _afterwards(found: Found, approval: Any) -> Any:
    """While a change runs its approval is shown only where it is still needed: an emergency's."""
    return approval if contract.decidable(found.change) else None


def _contract(found: Found) -> dict[str, Any]:
    change, tally = found.change, found.tally
    planned = bool(change.plan_hash and change.summary)
    alive = change.state.value not in {"rejected", "stopped"}
    if not planned:
        return {"planned": False, "alive": alive, **waiting(found)}
    return {
        "planned": True,
        "alive": alive,
        "figures": contract.figures(change, tally),
        "operators": contract.operators(change, tally),
        "waves": contract.waves(change),
        "critical": contract.critical(change),
        "left_out": contract.left_out(change),
        "notes": contract.notes(change),
        **waiting(found),
    }


def waiting(found: Found) -> dict[str, Any]:
    """What of a contract may still come: the plan, the operators' verdicts; and why planning failed."""
    change = found.change
    verdicts = receipt.verdicts(found.log)
    planning = change.state.value == "planning"
    asking = any(one.tone == "busy" for one in verdicts)
    why_not = Evidence(change.state_why, tone="bad") if change.state_why and not change.plan_hash else None
    return {"change": change, "planning": planning, "asking": asking, "verdicts": verdicts, "why_not": why_not}


def live(page: Page, found: Found) -> dict[str, Any]:
    """What of mission control is fetched again and again."""
    it = control.Situation(found.change, found.pace, page.now)
    return {
        "change": found.change,
        "held": holds.evidence(found.held, page.renderer.zone),
        "live": it.live,
        "troubles": control.troubles(it),
        "sentence": control.sentence(it),
        "progress": control.progress(it),
        "waves": control.wave_lots(it),
        "failures": control.failures(found.change.id, found.detail.reasons),
    }


def _receipt(page: Page, found: Found) -> dict[str, Any]:
    it = control.Situation(found.change, found.pace, page.now)
    return {
        "live": it.live,
        "outcome": control.outcome(it),
        "sentence": control.sentence(it),
        "progress": control.progress(it),
        "failures": control.failures(found.change.id, found.detail.reasons, planned_too=True),
        "facts": receipt.facts(it),
        "undos": [Link(f"Change {number}", f"/changes/{number}") for number in found.detail.undone_by],
        "undoable": "undo" in found.detail.acts and found.tally.count("verified", "accepted", "failed") > 0,
    }
