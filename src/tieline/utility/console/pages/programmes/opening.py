"""Opening a programme, with what it would begin with counted beside the form."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Response

from tieline.console.components.formats import number, plural
from tieline.console.components.frame import PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.platform.db import Tx
from tieline.platform.errors import Invalid
from tieline.platform.scope import Permission
from tieline.utility import changes, inventory, notices, programmes
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.programmes import asked, forms, words
from tieline.utility.console.pages.programmes.listing import HOME
from tieline.utility.inventory import FleetFilter
from tieline.utility.notices import Kind, Notice
from tieline.utility.programmes import Opening, Preview

router = pages()
FRESH = timedelta(minutes=2)
_TEMPLATE = "pages/programmes/templates/open.html"


@router.get("/programmes/new")
async def new(page: CurrentPage) -> Response:
    """The form; from a notice it comes filled in."""
    page.scope.require(Permission.PROGRAMME_WRITE)
    chosen = asked.numbers([value for key, value in pairs_of(page.request.url.query) if key == "notice"])
    async with page.db.snapshot() as tx:
        known = {one.id: one for one in await _notices(page, tx)}
    mine = [known[one] for one in chosen if one in known]
    technology = next((one.technology for one in mine if one.technology in {"2G", "3G"}), "3G")
    typed = forms.usual(f"End of {technology}", technology or "3G", [one.id for one in mine])
    return await _form(page, typed, {})


@router.post("/programmes/preview")
async def again(page: CurrentPage) -> Response:
    """The form as it was typed, with what it would begin with counted anew."""
    page.scope.require(Permission.PROGRAMME_WRITE)
    return await _form(page, forms.typed_in(await page.form(fields=1000)), {})


@router.post("/programmes/new")
async def make(page: CurrentPage) -> Response:
    """Open the programme."""
    typed = forms.typed_in(await page.form(fields=1000))
    try:
        wanted = forms.opening_of(typed)
        async with page.db.transaction() as tx:
            made = await programmes.open_programme(tx, page.scope, page.runtime.calendar, wanted)
    except Invalid as error:
        return await _form(page, typed, forms.errors_of(error))
    return page.redirect(f"/programmes/{made.id}")


async def _form(page: Page, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        known = await _notices(page, tx)
        policies = await _policies(page, tx)
    found, wrong = None, dict(errors)
    if not errors:
        try:
            wanted = forms.opening_of(typed)
            found = await _preview(page, wanted)
        except Invalid as error:
            wrong = forms.errors_of(error)
    form = forms.opening_form(
        typed, wrong, page.csrf_token, notices=known, regions=await _regions(page), policies=policies
    )
    head = PageHead(
        "Open a programme",
        "It chooses the sites. Nothing is sent to an operator, and no crew goes, before you say so.",
        (HOME,),
    )
    return await page.show(
        _TEMPLATE,
        current="programmes",
        head=head,
        form=form,
        preview=found,
        phases=_phases(found) if found else None,
        sentence=_sentence(found, str(typed.get("technology", "3G"))) if found else "",
        status=422 if wrong else 200,
    )


async def _preview(page: Page, wanted: Opening) -> Preview:
    """What it would begin with; kept for two minutes, for it looks at the whole fleet."""

    async def count(tx: Tx) -> Preview:
        return await programmes.preview(tx, page.scope, wanted)

    name = f"programme of {wanted.technology}, notices {wanted.notice_ids}, regions {wanted.regions}"
    return (await page.always(name, count, fresh=FRESH)).value


async def _notices(page: Page, tx: Tx) -> list[Notice]:
    """The phase-outs of which something is still to come."""
    wanted = notices.Filter(kinds=(Kind.PHASE_OUT.value,), is_open=True)
    if not page.scope.may(Permission.NOTICE_READ):
        return []
    return list((await notices.notice_page(tx, page.scope, page.runtime.clock, wanted, limit=50)).items)


async def _policies(page: Page, tx: Tx) -> dict[str, dict[int, str]]:
    """Policies in force, by the kind of change that they approve beforehand."""
    found: dict[str, dict[int, str]] = {}
    if page.scope.may(Permission.CHANGE_READ):
        for one in await changes.policies(tx, page.scope):
            if one["approved_at"] is not None and one["retired_at"] is None and not one["origin"]:
                found.setdefault(one["kind"], {})[one["id"]] = one["name"]
    return found


async def _regions(page: Page) -> list[str]:
    async def count(tx: Tx) -> list[str]:
        fleet = await inventory.fleet_summary(tx, page.scope, page.runtime.clock, FleetFilter(), by=("region",))
        return sorted({str(group["region"]) for group in fleet.groups if group["region"]})

    return (await page.always("regions of the fleet", count, fresh=FRESH)).value


def _sentence(found: Preview, technology: str) -> str:
    elsewhere = (
        f" {plural(found.elsewhere, 'site')} more {'is' if found.elsewhere == 1 else 'are'} in another programme, and "
        f"left to it."
        if found.elsewhere
        else ""
    )
    if not found.sites:
        return f"No site hangs on {technology} there.{elsewhere}"
    return (
        f"{plural(found.sites, 'site')} with {plural(found.links, 'link')}: every site all of whose links are on "
        f"{technology}.{elsewhere}"
    )


def _phases(found: Preview) -> Table:
    columns = (
        Column("phase", "Phase", fixed=True, narrow=True),
        Column("due", "Done by", narrow=True),
        Column("sites", "Sites", numeric=True, narrow=True),
    )
    rows = [
        Row(
            name or words.NO_PHASE,
            {"phase": words.phase(name), "due": words.day(due) or "no due time", "sites": number(count)},
            tone="" if due else "warn",
        )
        for name, due, count in found.phases
    ]
    empty = Empty("No site", "Choose another technology, or other regions.", icon="search")
    return Table("programme-preview", "Sites by phase", columns, rows, empty=empty, chooser=False)
