"""What is at work at a site: its programme, the last visits, open incidents."""

from collections.abc import Sequence
from typing import Any

from tieline.console.components.values import Age, Badge, Link, Several, Tone
from tieline.platform.db import Tx
from tieline.platform.scope import Permission
from tieline.utility import fieldwork, incidents, logistics, probing, programmes
from tieline.utility.console.http import Page
from tieline.utility.console.pages.fieldwork.views.words import state_of
from tieline.utility.console.pages.incidents import words as incident_words
from tieline.utility.console.pages.programmes import words
from tieline.utility.console.pages.subscriptions import application
from tieline.utility.fieldwork import VisitFilter
from tieline.utility.incidents import IncidentFilter
from tieline.utility.inventory import FleetRow
from tieline.utility.logistics import Goods, PlaceKind
from tieline.utility.programmes import SiteState

_SHOWN = 3


async def work(page: Page, tx: Tx, site_id: int, fleet: Sequence[FleetRow]) -> tuple[tuple[str, object], ...]:
    """Names and values; empty where nothing is at work that the person may see."""
    parts: list[tuple[str, object]] = await _lost_cards(page, tx, fleet)
    for one in (await programmes.of_site(tx, page.scope, site_id))[:_SHOWN]:
        link = Link(one["title"], f"/programmes/{one['programme_id']}/sites/{site_id}", hint=one["why"])
        parts.append(("Programme", Several((link, words.SITES[SiteState(one["state"])]))))
    parts += [("Visit", one) for one in await _visits(page, tx, site_id)]
    parts += [("Incident", one) for one in await _incidents(page, tx, site_id)]
    return tuple(parts)


async def _lost_cards(page: Page, tx: Tx, fleet: Sequence[FleetRow]) -> list[tuple[str, object]]:
    """Cards that serve the site and are reported lost: whoever has one is on our network until it is blocked."""
    found: list[tuple[str, object]] = []
    for one in fleet:
        item = await logistics.item_of_thing(tx, page.scope, Goods.CARD, one.card_id) if one.card_id else None
        if item and item.place.kind is PlaceKind.LOST:
            link = Link("how its line is blocked", "/stock/losses")
            lost: object = Several((Badge("Reported lost", Tone.BAD), link))
            found.append((f"Card, operator {one.operator_code}", lost))
    return found


async def _visits(page: Page, tx: Tx, site_id: int) -> list[Any]:
    if not page.scope.may(Permission.FIELD_READ):
        return []
    calendar = page.runtime.calendar
    found = await fieldwork.visit_page(tx, page.scope, calendar, VisitFilter(site_id=site_id), limit=_SHOWN)
    return [
        Several((Link(one.title, f"/fieldwork/visits/{one.id}", hint=_when(one)), state_of(one, calendar.now())))
        for one in found.items
    ]


def _when(visit: fieldwork.Visit) -> str:
    return f"{visit.day:%a} {visit.day.day} {visit.day:%b %Y}, {visit.crew}" if visit.day else "in no order yet"


async def _incidents(page: Page, tx: Tx, site_id: int) -> list[Any]:
    if not page.scope.may(Permission.INCIDENT_READ):
        return []
    found = await incidents.page(tx, page.scope, IncidentFilter(site_id=site_id), limit=_SHOWN)
    return [
        Several((Link(one.title, f"/incidents/{one.id}"), incident_words.severity(one.severity))) for one in found.items
    ]


async def applications(page: Page, tx: Tx, fleet: Sequence[FleetRow]) -> tuple[tuple[str, object], ...]:
    """What the application behind each link answered last."""
    found = await probing.latest(tx, page.scope, [one.subscription_id for one in fleet])
    return tuple(
        (f"Application, operator {one.operator_code}", _answer(found[one.subscription_id], one))
        for one in fleet
        if one.subscription_id in found
    )


def _answer(answer: probing.Latest, one: FleetRow) -> Several:
    word, tone = application.verdict(answer.why)
    age = Age(answer.at, "our own test frame", application.OLD)
    return Several(
        (Badge(word, tone, tip=answer.why.sentence), age, Link("its SIM", f"/subscriptions/{one.subscription_id}"))
    )
