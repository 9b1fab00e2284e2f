"""What a report does to a visit, or why it cannot be right: a pure rule.

A report that is refused changes nothing; its sentence says what is wrong, its advice what to do, in the crew's words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from tieline.standards import numbering
from tieline.utility.fieldwork.model import OVER, Outcome, Report, ReportKind, Step, StepState, Visit, VisitState

_SHOWN_DIGITS = 6
_IN_PLACE = frozenset({StepState.FITTED, StepState.TESTING, StepState.PASSED})


class Fitted(msgspec.Struct, frozen=True):
    """A card was put into the new router."""

    step: str
    iccid: str
    router: str
    imei: str = ""


class Asked(msgspec.Struct, frozen=True):
    """The crew waits for the acceptance test of a step."""

    step: str


class Removed(msgspec.Struct, frozen=True):
    """What was taken away from the site: the old router and the old cards."""

    router: str = ""
    iccids: tuple[str, ...] = ()


class Finished(msgspec.Struct, frozen=True):
    """The crew is done with the visit, one way or another."""

    outcome: Outcome
    why: str = ""
    removed: Removed = Removed()


class Trouble(msgspec.Struct, frozen=True):
    """Something else is wrong here."""

    words: str
    photos: tuple[str, ...] = ()


class Bare(msgspec.Struct, frozen=True):
    """A report that says nothing more; ``why`` may stand in it."""

    why: str = ""


BODIES: Mapping[ReportKind, type[msgspec.Struct]] = {
    ReportKind.ARRIVED: Bare,
    ReportKind.FITTED: Fitted,
    ReportKind.TEST_ASKED: Asked,
    ReportKind.FINISHED: Finished,
    ReportKind.TROUBLE: Trouble,
    ReportKind.LEFT: Bare,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a report cannot be right. ``rule`` is its name for programs."""

    rule: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What an accepted report sets, and what it tells: values of the visit's columns, and of one step's.

    ``tells`` False: it was known already (a second phone of the crew said it), and nobody has to hear it again.
    """

    sentence: str
    visit: Mapping[str, Any] = field(default_factory=dict)
    step: str = ""
    step_values: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    tells: bool = True


@dataclass(frozen=True, slots=True)
class Planned:
    """Where a card is planned to go: which visit and, if the reporter may know it, which site."""

    visit_id: int
    site: str = ""


def judge(visit: Visit, report: Report, at: datetime, *, planned: Planned | None = None) -> Effect | Refusal:
    """What a report does. ``at`` is when it happened, ``planned`` another visit for which its card was meant."""
    try:
        body: Any = msgspec.convert(report.body, BODIES[report.kind], strict=False)
    except msgspec.ValidationError as error:
        return Refusal("form", f"The report cannot be read: {error}.", "Reload the page when the network is back.")
    if visit.state is VisitState.CANCELLED:
        why = f" ({visit.state_why})" if visit.state_why else ""
        return Refusal("cancelled", f"This visit was cancelled{why}.", "Change nothing here; ask the dispatcher.")
    if visit.state is VisitState.FINISHED and report.kind not in _AFTERWARDS:
        return _again(visit, body)
    if isinstance(body, Fitted):
        return _fitted(visit, body, at, planned)
    return _RULES[report.kind](visit, body, at)


def _arrived(visit: Visit, body: Bare, at: datetime) -> Effect:
    del body
    there = _there(visit, at)
    return Effect("Arrived.", there, tells=bool(there) and visit.state is not VisitState.ON_SITE)


def _left(visit: Visit, body: Bare, at: datetime) -> Effect:
    """The crew went away, unless it has come back since: another phone's word of that was here before."""
    if visit.state is VisitState.ON_SITE and visit.arrived_at is not None and at < visit.arrived_at:
        return Effect("You came back since.", tells=False)
    state = {} if visit.state in OVER else {"state": VisitState.LEFT}
    return Effect("Left.", {**state, "left_at": at}, told={"why": body.why} if body.why else {})


def _again(visit: Visit, body: Any) -> Effect | Refusal:
    """What is said of a visit that was finished; the same from a second phone of the crew is no mistake."""
    if isinstance(body, Finished) and body.outcome is visit.outcome:
        return Effect("It was finished already.", tells=False)
    return Refusal("finished", "This visit was finished already.", "If there is more to do, tell the dispatcher.")


def _there(visit: Visit, at: datetime) -> dict[str, Any]:
    """The crew is on the site, whether or not it said that it arrived; nothing when it has left it since.

    Times are of the latest stay: a crew that comes back has arrived anew, and not left.
    """
    if visit.left_at is not None and at < visit.left_at:
        return {}
    if visit.state is VisitState.ON_SITE:
        return {"state": VisitState.ON_SITE, "arrived_at": visit.arrived_at or at}
    return {"state": VisitState.ON_SITE, "arrived_at": at, "left_at": None}


def _trouble(visit: Visit, body: Trouble, at: datetime) -> Effect | Refusal:
    del visit, at
    words = body.words.strip()
    if not words and not body.photos:
        return Refusal("empty", "The report says nothing.", "Write a few words about what is wrong, or take a picture.")
    told = {"words": words or "See the picture.", "photos": list(body.photos)}
    return Effect("The dispatcher sees it.", {"trouble": told["words"]}, told=told)


def _step(visit: Visit, key: str) -> Step | Refusal:
    """The step named, if it may be worked on."""
    step = next((one for one in visit.steps if one.key == key), None)
    if step is None:
        return Refusal("step", f"This visit has no step {key}.", "Reload the page when the network is back.")
    if step.state is StepState.CLOSED:
        before = visit.steps[visit.steps.index(step) - 1]
        return Refusal(
            "early",
            f"Card {step.position} comes only after card {before.position} has passed its test.",
            f"Take it out again and wait for the test of card {before.position}: a site must never lose both links.",
        )
    return step


def _fitted(visit: Visit, body: Fitted, at: datetime, planned: Planned | None) -> Effect | Refusal:
    iccid = numbering.check_iccid(body.iccid)
    imei = numbering.check_imei(body.imei) if body.imei.strip() else None
    router = body.router.strip()
    wrong = _unreadable(body, iccid, imei) or _elsewhere(visit, iccid.value, body.step, planned)
    if wrong:
        return wrong
    step = _step(visit, body.step)
    if isinstance(step, Refusal):
        return step
    if (step.iccid, visit.router) == (iccid.value, router) and step.state in _IN_PLACE:
        return Effect(f"Card {step.position} was fitted already.", tells=False)
    wrong = _not_planned(step, iccid.value) or _not_here(visit, step, router)
    if wrong:
        return wrong
    values = {
        "state": StepState.FITTED,
        "iccid": iccid.value,
        "imei": imei.value if imei else "",
        "fitted_at": at,
        "checks": [],
        "said": "",
    }
    told = {"step_key": step.key, "iccid": iccid.value, "router": router, "imei": values["imei"]}
    sentence = f"Card {step.position} is fitted. Ask for its test."
    return Effect(sentence, {**_there(visit, at), "router": router}, step.key, values, told)


def _unreadable(body: Fitted, iccid: numbering.Checked, imei: numbering.Checked | None) -> Refusal | None:
    again = "Scan or type it again."
    if not iccid.ok:
        return Refusal("iccid", f"{body.iccid.strip()} is no card number: {iccid.message}.", again)
    if imei is not None and not imei.ok:
        return Refusal("imei", f"{body.imei.strip()} is no IMEI: {imei.message}.", again)
    if not body.router.strip():
        return Refusal("router", "The new router's number is missing.", "Scan or type it.")
    return None


def _not_here(visit: Visit, step: Step, router: str) -> Refusal | None:
    if step.state is StepState.PASSED:
        return Refusal("passed", f"Card {step.position} has passed its test already.", "Go on with the next step.")
    settled = any(one.state is StepState.PASSED for one in visit.steps)
    if not settled or visit.router in {"", router}:
        return None
    return Refusal(
        "router",
        f"The first card passed its test in router {visit.router}; this one says {router}.",
        "Put both cards into the same router, or tell the dispatcher that it was exchanged.",
    )


def _elsewhere(visit: Visit, iccid: str, key: str, planned: Planned | None) -> Refusal | None:
    """The card belongs to another step, or to another visit: most often the crew stands at the wrong site."""
    own = next((one for one in visit.steps if one.new_iccid == iccid), None)
    if own is not None:
        if own.key == key:
            return None
        return Refusal(
            "other-step",
            f"This is card {own.position} (operator {own.operator}).",
            "Take the other card, or choose the step that this card belongs to.",
        )
    if planned is None:
        return None
    where = f"for {planned.site}" if planned.site else "for another visit"
    return Refusal(
        "wrong-site",
        f"The card ending {iccid[-_SHOWN_DIGITS:]} is {where}, not for {visit.site_name}.",
        "Look whether you are at the right site, and take the card that is marked for it.",
    )


def _not_planned(step: Step, iccid: str) -> Refusal | None:
    if not step.new_iccid or step.new_iccid == iccid:
        return None
    return Refusal(
        "not-planned",
        f"Planned is the card ending {step.new_iccid[-_SHOWN_DIGITS:]}; this one ends {iccid[-_SHOWN_DIGITS:]}.",
        "Take the planned card. If you have not got it, tell the dispatcher under “Something else is wrong here”.",
    )


def _asked(visit: Visit, body: Asked, at: datetime) -> Effect | Refusal:
    step = _step(visit, body.step)
    if isinstance(step, Refusal):
        return step
    if step.state is StepState.OPEN:
        return Refusal(
            "not-fitted", f"Card {step.position} is not fitted yet.", "Scan the router and the card first, then test."
        )
    if step.state is StepState.PASSED:
        return Effect("It has passed already.", tells=False)
    values = {"state": StepState.TESTING, "asked_at": at, "checks": [], "said": ""}
    told = {"step_key": step.key}
    return Effect(f"The test of card {step.position} runs.", _there(visit, at), step.key, values, told)


def _finished(visit: Visit, body: Finished, at: datetime) -> Effect | Refusal:
    missing = next((one for one in visit.steps if one.state is not StepState.PASSED), None)
    if body.outcome is Outcome.DONE and missing is not None:
        return Refusal(
            "not-passed",
            f"Card {missing.position} has not passed its test.",
            "Ask for its test; if that cannot be, finish with “come again” or “not possible”, and say why.",
        )
    if body.outcome is not Outcome.DONE and not body.why.strip():
        return Refusal("why", "It is not said why the visit could not be done.", "Say why in a few words.")
    removed = _removed(body.removed)
    if isinstance(removed, Refusal):
        return removed
    values = {
        **_there(visit, at),
        "state": VisitState.FINISHED,
        "finished_at": at,
        "outcome": body.outcome,
        "outcome_why": body.why.strip(),
    }
    told = {"outcome": body.outcome.value, "why": body.why.strip(), "removed": removed}
    return Effect("Finished.", values, told=told)


def _removed(removed: Removed) -> list[dict[str, str]] | Refusal:
    """What was taken away, as pairs of goods and serial number."""
    found = [{"goods": "router", "serial": removed.router.strip()}] if removed.router.strip() else []
    for text in removed.iccids:
        iccid = numbering.check_iccid(text)
        if not iccid.ok:
            return Refusal("iccid", f"{text.strip()} is no card number: {iccid.message}.", "Scan or type it again.")
        found.append({"goods": "card", "serial": iccid.value})
    return found


_AFTERWARDS = frozenset({ReportKind.TROUBLE, ReportKind.LEFT})
_RULES: Mapping[ReportKind, Callable[[Visit, Any, datetime], Effect | Refusal]] = {
    ReportKind.ARRIVED: _arrived,
    ReportKind.TEST_ASKED: _asked,
    ReportKind.FINISHED: _finished,
    ReportKind.TROUBLE: _trouble,
    ReportKind.LEFT: _left,
}


def opened_by(steps: Sequence[Step], passed: str) -> str:
    """The key of the step that opens when another has passed; empty when there is none that waits for it."""
    keys = [one.key for one in steps]
    following = keys.index(passed) + 1
    waits = following < len(steps) and steps[following].state is StepState.CLOSED
    return keys[following] if waits else ""
