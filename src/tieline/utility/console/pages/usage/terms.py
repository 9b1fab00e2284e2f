"""Contracts: what plans cost, and the forms that change it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import quote

from fastapi import Response
from starlette.datastructures import FormData

from tieline.platform.errors import Invalid, NotFound, Stale
from tieline.platform.scope import Permission
from tieline.platform.web.values import FIRST_YEAR, LAST_YEAR
from tieline.utility import inventory, usage
from tieline.utility.console.filters import pairs_of
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes.views.holds import Asked
from tieline.utility.console.pages.usage.views import terms as views
from tieline.utility.usage import Contract, Tariff

router = pages()
_CURRENT = "usage"
_FORM = "pages/changes/templates/form.html"
_MOST = 10_000_000


@router.get("/usage/contracts")
async def contracts(page: CurrentPage) -> Response:
    """Contracts and plans of every operator."""
    async with page.db.snapshot() as tx:
        operators = await inventory.operators(tx, page.scope)
        held = {one.operator: one for one in await usage.contracts(tx, page.scope)}
        tariffs = {one.code: await usage.tariffs(tx, page.scope, one.code) for one in operators}
        past = {code: await usage.terms_history(tx, page.scope, code, limit=20) for code in held}
    every = [views.section(one, held.get(one.code), tariffs[one.code], page.scope) for one in operators]
    return await page.show(
        "pages/usage/templates/contracts.html",
        current=_CURRENT,
        head=views.head(),
        sections=every,
        no_operator=views.NO_OPERATOR,
        history=views.history([(code, row) for code, rows in past.items() for row in rows]),
    )


@router.get("/usage/contracts/{operator}")
async def contract_form(page: CurrentPage, operator: str) -> Response:
    """The form of a contract."""
    page.scope.require(Permission.OPERATOR_WRITE)
    name, held, _ = await _held(page, operator)
    return await _contract(page, (operator, name), views.contract_typed(held), {})


async def _held(page: Page, operator: str) -> tuple[str, Contract | None, list[Tariff]]:
    async with page.db.snapshot() as tx:
        found = await inventory.operators(tx, page.scope, operator)
        if not found:
            raise NotFound(f"There is no operator {operator[:32]}, or you may not see it.")
        held = [one for one in await usage.contracts(tx, page.scope) if one.operator == operator]
        return found[0].name, held[0] if held else None, await usage.tariffs(tx, page.scope, operator)


async def _contract(page: Page, operator: tuple[str, str], typed: FormData, wrong: Mapping[str, str]) -> Response:
    return await page.show(
        _FORM,
        current=_CURRENT,
        head=views.contract_head(operator[1]),
        form=views.contract_form(Asked(typed, wrong), operator[0], page.csrf_token),
        status=422 if wrong else 200,
    )


@router.post("/usage/contracts/{operator}")
async def put_contract(page: CurrentPage, operator: str) -> Response:
    """Set what holds for all plans of an operator."""
    typed = await page.form(fields=30)
    name, _, _ = await _held(page, operator)
    wrong: dict[str, str] = {}
    currency = _text(typed, "currency", 3).upper()
    values = {
        "reference": _text(typed, "reference", 100),
        "currency": currency,
        "billing_day": _whole(typed, "billing_day", wrong, 1, 28) or 1,
        "octets_per_mb": 1_048_576 if typed.get("octets_per_mb") == "1048576" else 1_000_000,
        "minimum_months": _whole(typed, "minimum_months", wrong, 0, 120) or 0,
        "billed_states": [str(one) for one in typed.getlist("billed_states")],
        "silent_days": _whole(typed, "silent_days", wrong, 1, 400) or 30,
    }
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):  # noqa: PLR2004
        wrong["currency"] = "Three letters, like GBP."
    if wrong:
        return await _contract(page, (operator, name), typed, wrong)
    try:
        async with page.db.transaction() as tx:
            version = _whole(typed, "version", {}, 1, 2**31 - 1)
            await usage.put_contract(tx, page.scope, operator, values, version=version)
            await usage.defer_rating(tx, operator)
    except Invalid as error:
        return await _contract(page, (operator, name), typed, {one.field: one.message for one in error.problems})
    except Stale as error:
        return await _contract(page, (operator, name), typed, {"reference": f"{error.detail} {error.advice}"})
    return page.redirect("/usage/contracts")


@router.get("/usage/contracts/{operator}/plan")
async def tariff_form(page: CurrentPage, operator: str) -> Response:
    """The form of a plan's tariff: of a new one, or what holds now with a new beginning."""
    page.scope.require(Permission.OPERATOR_WRITE)
    asked = dict(pairs_of(page.request.url.query))
    name, held, tariffs = await _held(page, operator)
    if held is None:
        return page.redirect(f"/usage/contracts/{quote(operator, safe='')}")
    known = [one for one in tariffs if one.plan == asked.get("plan")]
    return await _tariff(page, (operator, name, held.currency), views.tariff_typed(known, asked, page.now.date()), {})


async def _tariff(page: Page, operator: tuple[str, str, str], typed: FormData, wrong: Mapping[str, str]) -> Response:
    return await page.show(
        _FORM,
        current=_CURRENT,
        head=views.tariff_head(operator[1], _text(typed, "plan", 100)),
        form=views.tariff_form(Asked(typed, wrong), operator[0], operator[2], page.csrf_token),
        status=422 if wrong else 200,
    )


@router.post("/usage/contracts/{operator}/plan")
async def put_tariff(page: CurrentPage, operator: str) -> Response:
    """Set what a plan costs from a day on."""
    typed = await page.form(fields=30)
    name, held, _ = await _held(page, operator)
    currency = held.currency if held else ""
    wrong: dict[str, str] = {}
    begins = _day(typed, "valid_from", wrong)
    tariff = Tariff(
        plan=_text(typed, "plan", 100),
        valid_from=begins or date(1970, 1, 1),
        valid_to=_day(typed, "valid_to", wrong) if typed.get("valid_to") else None,
        monthly_fee=_price(typed, "monthly_fee", wrong),
        included_mb=_whole(typed, "included_mb", wrong, 0, _MOST) or 0,
        pooled=bool(typed.get("pooled")),
        prorated=bool(typed.get("prorated")),
        overage_per_mb=_price(typed, "overage_per_mb", wrong),
        step_octets=_whole(typed, "step_octets", wrong, 1, 1_000_000_000) or 1,
        usual_mb=_whole(typed, "usual_mb", wrong, 1, _MOST) if typed.get("usual_mb") else None,
        apns=_words(typed, "apns"),
        groups=_words(typed, "groups"),
    )
    if begins is None:
        wrong["valid_from"] = "A day."
    if wrong:
        return await _tariff(page, (operator, name, currency), typed, wrong)
    try:
        async with page.db.transaction() as tx:
            await usage.put_tariff(tx, page.scope, operator, tariff)
            await usage.defer_rating(tx, operator)
    except Invalid as error:
        told = {one.field: one.message for one in error.problems}
        return await _tariff(page, (operator, name, currency), typed, told)
    return page.redirect("/usage/contracts")


def _text(typed: FormData, name: str, most: int) -> str:
    text = str(typed.get(name, "")).strip()
    return "".join(char for char in text if char.isprintable())[:most]


def _words(typed: FormData, name: str) -> list[str]:
    """Names, a line or a comma apart."""
    text = str(typed.get(name, "")).replace("\n", ",")
    found = ("".join(c for c in one if c.isprintable()).strip()[:100] for one in text.split(","))
    return [one for one in dict.fromkeys(found) if one][:50]


def _whole(typed: FormData, name: str, wrong: dict[str, str], least: int, most: int) -> int | None:
    text = str(typed.get(name, "")).replace(" ", "").replace("\u202f", "").replace(",", "")
    if text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most:  # noqa: PLR2004
        return int(text)
    wrong[name] = f"A whole number from {least:,} to {most:,}."
    return None


def _price(typed: FormData, name: str, wrong: dict[str, str]) -> Decimal:
    text = str(typed.get(name, "")).strip().replace(",", ".")
    try:
        value = Decimal(text) if len(text) <= 20 else Decimal("nan")  # noqa: PLR2004
    except InvalidOperation:
        value = Decimal("nan")
    if value.is_finite() and value >= 0:
        return value
    wrong[name] = "An amount like 0.0215."
    return Decimal()


def _day(typed: FormData, name: str, wrong: dict[str, str]) -> date | None:
    try:
        found = date.fromisoformat(str(typed.get(name, "")))
    except ValueError:
        wrong[name] = "A day."
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        wrong[name] = f"A day from {FIRST_YEAR} to {LAST_YEAR}."
    return found
