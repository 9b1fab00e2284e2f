"""What pages of utilities and of API clients share: their certificates as a list, and the forms about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Response

from tieline.console.components.forms import Field, Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Ident, IdentKind
from tieline.console.components.work import Confirm
from tieline.gateway.authorization.certificates import Given
from tieline.gateway.console import words
from tieline.gateway.console.blocks import Block, Sheet
from tieline.gateway.console.http import StaffPage
from tieline.gateway.utilities import store as utilities
from tieline.platform.db import Tx
from tieline.platform.errors import Conflict, Problem
from tieline.platform.pki import Authority

_NOBODY = "Nobody can come in without one."
_ISSUE = (
    "The gateway's own authority issues a certificate and its key, which are shown once.\n"
    "To go over to it without a break: issue it, let the holder take it into use, then take the old one away."
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose certificates a page is about: where it is found, what it is called, the way back, its place in the rail."""

    place: str
    name: str
    crumbs: tuple[Crumb, ...]
    current: str


def table(
    rows: Sequence[Mapping[str, Any]], now: datetime, subject: str | None = None, *, takes: bool = False
) -> Table:
    """Certificates of one holder; any certificate with ``subject`` counts besides. ``takes``: with a button each."""
    columns = (
        Column("fingerprint", "SHA-256", fixed=True, narrow=True),
        Column("subject", "Subject", wrap=True),
        Column("until", "Over", narrow=not takes),
        Column("added", "Added"),
        Column("seen", "Last came in", narrow=not takes),
        *((Column("take", "Take away", narrow=True),) if takes else ()),
    )
    shown = [
        Row(
            row["fingerprint"],
            {
                "fingerprint": Ident(row["fingerprint"], IdentKind.HASH),
                "subject": row["subject"] or None,
                "until": words.until(row["not_after"], now),
                "added": row["added_at"],
                "seen": words.seen(row["seen_at"]),
                "take": Action("Take away", icon="trash-2", kind="danger", dialog=_dialog(row)) if takes else None,
            },
        )
        for row in rows
    ]
    empty = Empty("No certificate is listed", _others(subject), icon="key-round")
    return Table("certificates", "Certificates", columns, shown, empty=empty, chooser=False)


def _others(subject: str | None) -> str:
    return f"Any certificate of the authority with the subject {subject} counts." if subject else _NOBODY


async def show(
    page: StaffPage,
    holder: Holder,
    known: Sequence[Mapping[str, Any]],
    *,
    typed: str,
    problems: Sequence[Problem],
    subject: str | None = None,
) -> Response:
    """Certificates of a utility or of a client, with the ways to add, issue and take away."""
    place = holder.place
    sheet = Sheet(
        rows=(
            (Block("Certificates that count", table(known, page.now, subject, takes=True)),),
            (
                Block(
                    "Add one that somebody else issued",
                    add_form(f"{place}/certificates", page.csrf_token, place, typed, problems),
                ),
                Block("Or have one issued here", _ISSUE),
            ),
        ),
        dialogs=removals(known, page.now, place, page.csrf_token, subject),
    )
    issue_ = Action("Issue a certificate", f"{place}/certificates/issue", "key-round", "primary", "post")
    state = "Each of them counts until it is taken away."
    head = PageHead(f"Certificates of {holder.name}", state, holder.crumbs, (issue_,))
    status = 422 if problems else 200
    return await page.show("templates/page.html", current=holder.current, head=head, status=status, **sheet.context())


def issue(page: StaffPage, name: str) -> tuple[bytes, bytes]:
    """A certificate and key of the gateway's own authority. Raises ``Conflict`` where another one issues."""
    try:
        return Authority(page.parts.settings.pki).issue(name[:64])
    except ValueError as error:
        raise Conflict(f"No certificate can be issued here: {error}") from error


async def note(tx: Tx, certificate: Given) -> None:
    """Keep what a certificate says of itself, where it was brought whole."""
    if certificate.subject:
        await utilities.note_certificate(
            tx, certificate.fingerprint, subject=certificate.subject, not_after=certificate.not_after
        )


def _dialog(row: Mapping[str, Any]) -> str:
    return f"remove-{row['fingerprint'][:12]}"


def removals(
    rows: Sequence[Mapping[str, Any]], now: datetime, base: str, csrf: str, subject: str | None = None
) -> tuple[Confirm, ...]:
    """Dialogs that ask before a certificate is taken away, one for each; the last one says that it is the last."""
    last = f" It is the only one that is listed. {_others(subject)}" if len(rows) == 1 else ""
    return tuple(
        Confirm(
            _dialog(row),
            "Take the certificate away",
            f"Calls with it, and with tokens that are bound to it, are refused within seconds.{last}",
            f"{base}/certificates/{row['fingerprint']}/remove",
            "Take away",
            csrf,
            facts=(
                ("SHA-256", Ident(row["fingerprint"], IdentKind.HASH)),
                ("Subject", row["subject"] or None),
                ("Over", words.until(row["not_after"], now)),
            ),
            undo="Add the same certificate again.",
            danger=True,
        )
        for row in rows
    )


def add_form(action: str, csrf: str, cancel: str, typed: str = "", problems: Sequence[Problem] = ()) -> Form:
    """Asks for a certificate that somebody else issued."""
    error = next((one.message for one in problems), "")
    field = Field(
        "certificate",
        "Certificate",
        "textarea",
        typed,
        "Paste it (-----BEGIN CERTIFICATE-----), or its SHA-256. Never the private key.",
        error,
        maxlength=20_000,
    )
    return Form(action, (field,), csrf, "Add the certificate", cancel)


async def issued(page: StaffPage, whose: str, pem: tuple[bytes, bytes], crumb: Crumb, *, current: str) -> Response:
    """Shows a certificate and its key, this once."""
    certificate, key = (part.decode() for part in pem)
    head = PageHead(f"A certificate for {whose}", "This is the only time that the key is shown.", (crumb,))
    return await page.show(
        "templates/secret.html",
        current=current,
        head=head,
        words="Hand both over by a way that only the holder reads. The key is kept nowhere here: if it is lost, "
        "issue another certificate, and take this one away.",
        facts=(("For", whose),),
        texts=(("Certificate", certificate), ("Private key", key)),
    )
