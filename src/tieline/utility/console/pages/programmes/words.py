"""The words of programmes as people read them: states as badges, what a log says, days."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tieline.console.components.formats import local_date, plural
from tieline.console.components.values import Badge, Tone
from tieline.platform.scope import named
from tieline.utility import programmes
from tieline.utility.programmes import LinkState, ProgrammeState, SiteState

STATES: Mapping[ProgrammeState, Badge] = {
    ProgrammeState.DRAFT: Badge("Draft", Tone.OFF, "pencil", "Sites are chosen; no crew is sent before it is started."),
    ProgrammeState.RUNNING: Badge("Running", Tone.BUSY, "play"),
    ProgrammeState.PAUSED: Badge("Paused", Tone.HELD, "circle-pause", "Nothing new is scheduled or retired."),
    ProgrammeState.CLOSED: Badge("Closed", Tone.OFF, "circle-slash"),
}
SITES: Mapping[SiteState, Badge] = {
    SiteState.SELECTED: Badge("Chosen", Tone.OFF, "circle-dashed", "Nothing is prepared for it yet."),
    SiteState.PREPARING: Badge("Being prepared", Tone.BUSY, "loader", "Its new subscriptions are being prepared."),
    SiteState.READY: Badge("Ready for a visit", Tone.BUSY, "circle-check"),
    SiteState.SCHEDULED: Badge("Visit planned", Tone.BUSY, "calendar-clock"),
    SiteState.ON_SITE: Badge("Crew on site", Tone.BUSY, "truck"),
    SiteState.AGAIN: Badge("Needs another visit", Tone.WARN, "rotate-ccw"),
    SiteState.BLOCKED: Badge("Needs a person", Tone.BAD, "octagon-alert"),
    SiteState.DWELLING: Badge(
        "Works, is watched", Tone.OK, "eye", "The old subscriptions wait until the dwell is over."
    ),
    SiteState.RETIRING: Badge("Being retired", Tone.OK, "loader", "Its old subscriptions are being retired."),
    SiteState.DONE: Badge("Done", Tone.OK, "circle-check"),
    SiteState.LEFT_OUT: Badge("Left out", Tone.OFF, "circle-slash"),
}
FIELD_DONE = tuple(state for state in SiteState if state in programmes.FIELD_DONE)
"""States of sites whose links are over to their new subscriptions, in their order."""
LINKS: Mapping[LinkState, Badge] = {
    LinkState.OLD: Badge("Nothing prepared", Tone.OFF, "circle-dashed"),
    LinkState.PREPARED: Badge("New card prepared", Tone.BUSY, "id-card"),
    LinkState.FITTED: Badge("Card fitted", Tone.BUSY, "cpu"),
    LinkState.CUTTING: Badge("Going over", Tone.BUSY, "loader"),
    LinkState.TESTING: Badge("Being tested", Tone.BUSY, "loader"),
    LinkState.PASSED: Badge("Passed", Tone.OK),
    LinkState.RETIRED: Badge("Old one retired", Tone.OK),
}
PARTS: Mapping[str, str] = {"prepare": "New subscriptions", "cutover": "Cut-over", "retire": "Retirement"}
NEXT: Mapping[SiteState, str] = {
    SiteState.SELECTED: "Prepare its new subscriptions, with the others of its region.",
    SiteState.PREPARING: "The change that prepares its subscriptions has to be approved and carried out.",
    SiteState.READY: "Schedule a visit.",
    SiteState.SCHEDULED: "The crew comes on the day of the visit; nothing is changed before.",
    SiteState.ON_SITE: "The crew fits, asks for the test of each link, and finishes the visit.",
    SiteState.AGAIN: "Schedule another visit. It has only what is left to do.",
    SiteState.BLOCKED: "Find out why, and put it right. Then prepare it, or let a crew try again; or leave it out.",
    SiteState.DWELLING: "Its old subscriptions are retired when the dwell is over.",
    SiteState.RETIRING: "The change that retires its old subscriptions has to end.",
    SiteState.DONE: "Nothing is left to do.",
    SiteState.LEFT_OUT: "Take it in again if it is to be done after all.",
}
NO_PHASE = "none"
"""How the URL of a list names sites that no phase strikes."""


def phase(name: str) -> str:
    """A phase, or that none strikes the site."""
    return name or "in no phase"


def day(moment: datetime | None) -> str | None:
    """A day of the calendar, in UTC as operators give it."""
    return None if moment is None else local_date(moment, UTC)


_EVENTS: Mapping[str, str] = {
    "approved": "approved it; its cut-overs and retirements are approved beforehand",
    "opened": "opened with {sites}",
    "started": "started",
    "paused": "paused",
    "resumed": "resumed",
    "closed": "closed",
    "preparing": "new subscriptions are being prepared for {sites}",
    "prepared": "{sites} are prepared",
    "scheduled": "crews are sent to {sites}",
    "unscheduled": "the cut-over did not come about: {sites} wait for another visit",
    "retired": "the old subscriptions of {sites} are retired",
    "leave-out": "left {sites} out",
    "take-in": "took {sites} in again",
    "redated": "a notice was revised: {sites} are due at another time",
    "clock-jumped": "the clock was set: the dwell of {sites} lasts as long as before",
}


_COUNTED = ("count", "sites", "ready", "done")
"""How the log's entries name the sites that they are about."""


def said(event: Mapping[str, Any]) -> str:
    """What an entry of the log says, in a sentence without its end."""
    detail: Mapping[str, Any] = event["detail"]
    count = next((detail[name] for name in _COUNTED if name in detail), 0)
    sites = plural(len(count) if isinstance(count, list) else int(count or 0), "site")
    told = _EVENTS.get(event["kind"], event["kind"].replace("-", " ")).format(sites=sites)
    why = f": {detail['why']}" if detail.get("why") else ""
    return f"{told}{why}"


def who(event: Mapping[str, Any]) -> str:
    """Who did it; empty where the programme did it by itself."""
    return named(event["actor"]) if str(event["actor"]).startswith(("user:", "token:")) else ""
