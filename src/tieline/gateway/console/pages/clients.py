"""API clients: the programs of utilities, what each may do, what it comes in with, when it was given its last token."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import ValidationError
from starlette.datastructures import ImmutableMultiDict

from tieline.console import lists
from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, FilterBar, Option, Row, Table
from tieline.console.components.values import Age, Badge, Link, Tone
from tieline.console.components.work import Confirm
from tieline.gateway.authorization import certificates as given
from tieline.gateway.authorization import clients, store
from tieline.gateway.authorization.model import ApiClient
from tieline.gateway.authorization.schemas import ClientBody
from tieline.gateway.backoffice.access import consumer_named
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import CurrentPage, StaffPage, pages
from tieline.gateway.console.pages import certificates
from tieline.gateway.model import TokenScope
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Invalid, Problem
from tieline.platform.scope import Permission, named

router = pages()
ClientId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,110}$")]
Typed = ImmutableMultiDict[Any, Any]
HOME = Crumb("API clients", "/clients")
_CURRENT = "clients"
_LIVING, _ENDED = Badge("May call", Tone.OK), Badge("Disabled", Tone.OFF, "ban")
_BARE = Badge("No certificate yet", Tone.WARN, "key-round")


@router.get("/clients")
async def every(page: CurrentPage) -> Response:
    """Programs of utilities, those that were disabled too."""
    pairs = lists.pairs_of(page.request.url.query)
    wanted, living = lists.chosen("utility", pairs), lists.chosen("state", pairs)
    async with page.db.snapshot() as tx:
        found = await store.clients(tx, None)
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
    shown = [
        one
        for one in found
        if (not wanted or one.utility in wanted) and (not living or ("off" if one.revoked_at else "on") in living)
    ]
    bar = FilterBar(
        page.url,
        (
            lists.choice("utility", "Utility", codes, pairs),
            lists.choice("state", "State", {"on": "May call", "off": "Disabled"}, pairs),
        ),
    )
    head = PageHead(
        "API clients",
        "Programs of utilities, each with certificates of its own and its own share of what the contract allows.",
        actions=(Action("Make a client", "/clients/new", "plus", "primary"),) if page.may_operate else (),
    )
    table = clients_table(shown, filtered=bool(wanted or living))
    return await page.show("layout/list.html", current=_CURRENT, head=head, bar=bar, table=table)


def clients_table(rows: Sequence[ApiClient], *, filtered: bool = False) -> Table:
    """API clients as a list."""
    columns = (
        Column("client", "Client", fixed=True, narrow=True),
        Column("utility", "Utility"),
        Column("state", "State", narrow=True),
        Column("scopes", "May", wrap=True),
        Column("certificates", "Certificates", numeric=True),
        Column("token", "Last token", narrow=True),
        Column("made", "Made"),
    )
    shown = [
        Row(
            one.client_id,
            {
                "client": one.client_id,
                "utility": Link(one.utility, f"/utilities/{one.utility}"),
                "state": _state(one),
                "scopes": _scopes(one.scopes),
                "certificates": len(one.certificates),
                "token": Age(one.token_at),
                "made": one.created_at,
            },
            f"/clients/{one.client_id}",
            muted=one.revoked_at is not None,
        )
        for one in rows
    ]
    empty = (
        words.no_match("client", "/clients")
        if filtered
        else Empty(
            "No API client yet",
            "Without one, a utility comes in with its own certificate and may do everything that its contract allows.",
            icon="key-round",
        )
    )
    return Table("clients", "API clients", columns, shown, empty=empty, chooser=False)


def _state(client: ApiClient) -> Badge:
    """Whether it may call; one with which nobody can come in says so."""
    if client.revoked_at is not None:
        return _ENDED
    return _LIVING if client.certificates or client.subject else _BARE


def _scopes(scopes: frozenset[TokenScope]) -> str:
    return ", ".join(word for scope, (word, _) in words.SCOPES.items() if scope in scopes)


@router.get("/clients/new")
async def new(page: CurrentPage) -> Response:
    """The form of a new client."""
    page.scope.require(Permission.STAFF_OPERATE)
    pairs = lists.pairs_of(page.request.url.query)
    return await _form(page, ImmutableMultiDict(pairs), (), known=None)


@router.post("/clients")
async def make(page: CurrentPage) -> Response:
    """Make a client of a utility."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    try:
        terms, certificate = _terms(typed, page, ())
        async with page.db.transaction() as tx:
            consumer = await consumer_named(tx, str(typed.get("utility", ""))[:64])
            made = await clients.create(tx, page.scope, page.runtime.clock, consumer, terms)
            if certificate:
                await certificates.note(tx, certificate)
    except Invalid as error:
        return await _form(page, typed, error.problems, known=None)
    except Conflict as error:
        return await _form(page, typed, (Problem("name", "taken", error.detail),), known=None)
    return page.redirect(f"/clients/{made.client_id}")


@router.get("/clients/{client_id}")
async def one(page: CurrentPage, client_id: ClientId) -> Response:
    """One client."""
    async with page.db.snapshot() as tx:
        found = await clients.client(tx, client_id)
        known = await _known(tx, client_id)
    living = found.revoked_at is None
    place = f"/clients/{client_id}"
    actions = (
        Action("Edit", f"{place}/edit", "pencil"),
        Action("Certificates", f"{place}/certificates", "key-round"),
        Action("Disable", icon="ban", kind="danger", dialog="disable"),
    )
    sheet = Sheet(
        rows=(
            (Block("What it is", _facts(found)), Block("What it may do", _may(found))),
            (
                Block(
                    "Certificates",
                    certificates.table(known, page.now, found.subject),
                    f"{place}/certificates" if page.may_operate and living else "",
                    "Add, issue or take away",
                ),
            ),
        ),
        dialogs=(_disable_dialog(found, page.csrf_token),) if page.may_operate and living else (),
    )
    state = f"A program of {found.utility}." if living else "Disabled: neither certificates nor tokens of it count."
    head = PageHead(client_id, state, (HOME,), actions if page.may_operate and living else ())
    return await page.show("templates/page.html", current=_CURRENT, head=head, **sheet.context())


async def _known(tx: Tx, client_id: str) -> list[Mapping[str, Any]]:
    return [row for row in await utilities.known_certificates(tx) if row["client_id"] == client_id]


def _facts(found: ApiClient) -> tuple[tuple[str, object], ...]:
    every: tuple[tuple[str, object], ...] = (
        ("State", _state(found)),
        ("Utility", Link(found.utility, f"/utilities/{found.utility}")),
        ("Any certificate with the subject", found.subject or None),
        ("Given its last token", Age(found.token_at)),
        ("What it changed", Link("Change log", f"/log?client={found.client_id}")),
        ("Made", found.created_at),
        ("By", named(found.created_by)),
        ("Disabled", found.revoked_at),
    )
    return tuple(pair for pair in every if pair[1] is not None)


def _may(found: ApiClient) -> tuple[tuple[str, object], ...]:
    return tuple((word, hint) for scope, (word, hint) in words.SCOPES.items() if scope in found.scopes)


def _disable_dialog(found: ApiClient, csrf: str) -> Confirm:
    return Confirm(
        "disable",
        f"Disable {found.client_id}",
        "Its certificates and every token of it stop counting within seconds.",
        f"/clients/{found.client_id}/disable",
        "Disable",
        csrf,
        undo="None: make another client with another name.",
        danger=True,
        reason_label="Why",
    )


@router.post("/clients/{client_id}/disable")
async def disable(page: CurrentPage, client_id: ClientId) -> Response:
    """End a client for good."""
    reason = str((await page.form()).get("reason", ""))[:400].replace("\0", "")
    async with page.db.transaction() as tx:
        await clients.revoke(tx, page.scope, page.runtime.clock, client_id, reason or None)
    return page.redirect(f"/clients/{client_id}")


@router.get("/clients/{client_id}/edit")
async def edit(page: CurrentPage, client_id: ClientId) -> Response:
    """The form of a client."""
    page.scope.require(Permission.STAFF_OPERATE)
    async with page.db.snapshot() as tx:
        found = await clients.client(tx, client_id)
    pairs = [("name", found.name), ("subject", found.subject or ""), *(("scope", one.value) for one in found.scopes)]
    return await _form(page, ImmutableMultiDict(pairs), (), known=found)


@router.post("/clients/{client_id}/edit")
async def change(page: CurrentPage, client_id: ClientId) -> Response:
    """Set what a client may do; its certificates stay."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = await page.form()
    async with page.db.snapshot() as tx:
        found = await clients.client(tx, client_id)
    try:
        terms, _ = _terms(typed, page, found.certificates)
        async with page.db.transaction() as tx:
            await clients.renew(tx, page.scope, client_id, terms)
    except Invalid as error:
        return await _form(page, typed, error.problems, known=found)
    return page.redirect(f"/clients/{client_id}")


def _terms(
    typed: Typed, page: StaffPage, certificates_: Sequence[str]
) -> tuple[clients.ClientTerms, given.Given | None]:
    """A client as it was typed, by the rules of the back office's REST; raises ``Invalid``."""
    pasted = str(typed.get("certificate", "")).strip()
    certificate = given.read(pasted, page.now) if pasted else None
    try:
        body = ClientBody(
            name=str(typed.get("name", "")).strip(),
            scopes=[TokenScope(one) for one in typed.getlist("scope") if one in set(TokenScope)],
            certificates=[*certificates_, *([certificate.fingerprint] if certificate else [])],
            subject=str(typed.get("subject", "")).strip() or None,
            by=page.account or "console",
        )
    except ValidationError as error:
        names = {"scopes": "scope", "certificates": "certificate"}
        problems = [
            Problem(names.get(str(one["loc"][0]), str(one["loc"][0])), str(one["type"]), _rule(str(one["loc"][0])))
            for one in error.errors()
        ]
        raise Invalid("The client cannot be kept like this.", problems) from error
    return body.terms(), certificate


def _rule(field: str) -> str:
    return {
        "name": "Small letters, digits and dashes, at most 40 of them.",
        "scopes": "Choose at least one: a client that may do nothing is of no use.",
        "subject": "Write it like this: CN=scada,O=Grid",
    }.get(field, "This cannot be used.")


async def _form(page: StaffPage, typed: Typed, problems: Sequence[Problem], *, known: ApiClient | None) -> Response:
    async with page.db.snapshot() as tx:
        codes = {row["code"]: row["name"] for row in await utilities.listed(tx)}
    wrong = {problem.field: problem.message for problem in problems}
    chosen = set(typed.getlist("scope"))
    fields = (
        *(
            (
                Field("utility", "Utility", "select", str(typed.get("utility", "")),
                      options=tuple(Option(code, f"{name} ({code})") for code, name in codes.items())),
                Field("name", "Name", value=str(typed.get("name", "")), error=wrong.get("name", ""), maxlength=40,
                      hint="Small letters, digits and dashes. The client's id is the utility's code, a dot, and it."),
            )
            if known is None
            else ()
        ),
        Field(
            "scope",
            "What it may do",
            "checks",
            error=wrong.get("scope", ""),
            options=tuple(
                Option(scope.value, word, chosen=scope.value in chosen, hint=hint)
                for scope, (word, hint) in words.SCOPES.items()
            ),
        ),
        Field("subject", "Subject of its certificates", value=str(typed.get("subject", "")), required=False,
              hint="Any certificate of the authority with this subject counts as well, so that a renewed one need not "
              "be made known: CN=scada,O=Grid", error=wrong.get("subject", ""), maxlength=500),
        *(
            (
                Field("certificate", "Certificate", "textarea", str(typed.get("certificate", "")),
                      "Paste it, or its SHA-256. One can be issued here afterwards, too, if a subject is given.",
                      wrong.get("certificate", wrong.get("certificates", "")), required=False, maxlength=20_000),
            )
            if known is None
            else ()
        ),
    )  # fmt: skip
    action = "/clients" if known is None else f"/clients/{known.client_id}/edit"
    back = "/clients" if known is None else f"/clients/{known.client_id}"
    form = Form(action, fields, page.csrf_token, "Make the client" if known is None else "Save", back)
    title = "Make a client" if known is None else f"Edit {known.client_id}"
    sheet = Sheet(rows=((Block("", form, hidden={} if known is None else {"name": known.name}),),))
    status = 422 if problems else 200
    head = PageHead(title, crumbs=(HOME,))
    return await page.show("templates/page.html", current=_CURRENT, head=head, status=status, **sheet.context())


@router.get("/clients/{client_id}/certificates")
async def certificates_page(page: CurrentPage, client_id: ClientId) -> Response:
    """Its certificates, and the ways to alter them."""
    page.scope.require(Permission.STAFF_OPERATE)
    return await _certificates(page, client_id, "", ())


async def _certificates(page: StaffPage, client_id: str, typed: str, problems: Sequence[Problem]) -> Response:
    async with page.db.snapshot() as tx:
        found = await clients.client(tx, client_id)
        known = await _known(tx, client_id)
    place = f"/clients/{client_id}"
    holder = certificates.Holder(place, found.client_id, (HOME, Crumb(client_id, place)), _CURRENT)
    return await certificates.show(page, holder, known, typed=typed, problems=problems, subject=found.subject)


@router.post("/clients/{client_id}/certificates")
async def add_certificate(page: CurrentPage, client_id: ClientId) -> Response:
    """Have one more certificate count."""
    page.scope.require(Permission.STAFF_OPERATE)
    typed = str((await page.form()).get("certificate", ""))[: given.LONGEST_PEM]
    try:
        certificate = given.read(typed, page.now)
        async with page.db.transaction() as tx:
            await clients.add_certificate(tx, page.scope, client_id, certificate.fingerprint)
            await certificates.note(tx, certificate)
    except Invalid as error:
        return await _certificates(page, client_id, typed, error.problems)
    return page.redirect(f"/clients/{client_id}/certificates")


@router.post("/clients/{client_id}/certificates/issue")
async def issue_certificate(page: CurrentPage, client_id: ClientId) -> Response:
    """Make a certificate for a client, and show it with its key this once."""
    page.scope.require(Permission.STAFF_OPERATE)
    pem = certificates.issue(page, client_id)
    certificate = given.read(pem[0].decode(), page.now)
    async with page.db.transaction() as tx:
        await clients.add_certificate(tx, page.scope, client_id, certificate.fingerprint)
        await certificates.note(tx, certificate)
    return await certificates.issued(page, client_id, pem, Crumb(client_id, f"/clients/{client_id}"), current=_CURRENT)


@router.post("/clients/{client_id}/certificates/{fingerprint}/remove")
async def remove_certificate(page: CurrentPage, client_id: ClientId, fingerprint: str) -> Response:
    """Have a certificate count no longer."""
    async with page.db.transaction() as tx:
        await clients.remove_certificate(tx, page.scope, client_id, fingerprint[:64])
    return page.redirect(f"/clients/{client_id}/certificates")
