"""Invented plans, runs, approvals, forms and troubles for the gallery."""

from datetime import timedelta

from tieline.console.components.forms import Field, FileDrop, Form
from tieline.console.components.frame import Action
from tieline.console.components.samples import LONG_NAME, NOW
from tieline.console.components.tables import Empty, Option
from tieline.console.components.values import Badge, Count, Ident, IdentKind, Tone
from tieline.console.components.work import (
    Approval,
    Confirm,
    Delta,
    Evidence,
    Lot,
    PlanDiff,
    Planned,
    Problem,
    Progress,
    Signature,
)

HASH = "9f2c4e17a0b35d6688fe01c2d4a97b3355e0f1a2b3c4d5e6f708192a3b4c5d6e"


def diff() -> PlanDiff:
    """Groups alike, single items, items left out, items already so."""
    state = Delta("State", Badge("Inventory", Tone.OFF), Badge("Test ready", Tone.BUSY))
    plan = Delta("Data plan", "M2M Standard", "M2M Betriebsmittelüberwachung Premium")
    together = "Both links of this site would be unverified at the same moment; it waits for wave 2."
    return PlanDiff(
        "What the plan changes",
        (
            Planned(
                "Operator A, secondary substations",
                (state, Delta("APN", "meter.old", "meter.new"), Delta("IP address", None, "10.43.12.7")),
                "#", 18_204, note="IP addresses from pool NE-2",
            ),
            Planned(LONG_NAME, (plan, Delta("APN", "x", "x")), "#"),
            Planned("Byker 12", skipped=together, href="#"),
            Planned("Consett 4", (Delta("APN", "meter.new", "meter.new"),), "#"),
        ),
    )  # fmt: skip


def running() -> Progress:
    """A run in the middle, one operator slower than the other."""
    return Progress(
        Lot("The change", 18_204, 1_420, 37, 20_339, 214, rate=58.4, left_s=(340, 460)),
        (
            Lot(
                "Operator A", 14_002, 620, 2, 5_376, 0, 48.9, 50, (110, 130), Badge("Running", Tone.BUSY, "loader"), "#"
            ),
            Lot(
                "Operator B",
                4_202,
                800,
                35,
                14_963,
                214,
                9.5,
                10,
                (330, 460),
                Badge("Slow: asked to wait", Tone.WARN),
                "#",
            ),
        ),
        {"failed": "#", "waiting": "#", "verified": "#"},
    )


def finished() -> Progress:
    """A run that is over."""
    return Progress(Lot("The change", verified=39_786, blocked=214), id="finished")


def not_begun() -> Progress:
    """A run that has not begun."""
    return Progress(Lot("The change", waiting=40_000, left_s=(720, 840)), id="not-begun")


def approval(*, mine: bool = False, signed: bool = False) -> Approval:
    """An approval that is asked for; one's own; one that was given."""
    signatures = (
        (Signature("D. Achterberg", NOW, Badge("Approved", Tone.OK), "Checked with the control room."),)
        if signed
        else ()
    )
    return Approval(
        what="Pre-provision a new-generation subscription for each of 20 000 sites at both operators: "
        "test ready, new APN, reserved fixed address.",
        asked_by="M. Okafor",
        asked_at=NOW - timedelta(minutes=18),
        plan_hash=HASH,
        plan_version=3,
        approve_href="#",
        reject_href="#",
        csrf_token="example",  # noqa: S106 - no secret
        signatures=signatures,
        refused_because="You planned this change. Somebody else has to approve it." if mine else "",
        effects=(
            ("Touches", Count(39_786, "#", "subscriptions")),
            ("Critical sites", Count(41, "#")),
            ("Lasts", "12 to 14 min"),
        ),
        undo="One action sets every before-image back; it lasts as long as the change.",
    )


def confirm(count: int) -> Confirm:
    """A confirmation, typed above 1,000."""
    return Confirm(
        id=f"confirm-{count}",
        title="Undo this change",
        text="The values from before the change are sent to both operators again.",
        action="#",
        button="Undo the change",
        csrf_token="example",  # noqa: S106 - no secret
        count=count,
        facts=(
            ("Touches", Count(count, "#", "subscriptions")),
            ("Lasts", "12 to 14 min"),
            ("Conflicts", "3, left alone"),
        ),
        undo="Run the change again from its plan.",
        danger=True,
        reason_label="Why is it undone?",
    )


def evidence() -> tuple[Evidence, ...]:
    """Sentences with what is behind them."""
    raw = '{"event": "Access-Reject", "reason": "unknown APN", "nas": "10.0.4.1"}'
    return (
        Evidence(
            "The operator refused the session: it does not know the APN “meter.old”.",
            (("Event", "RADIUS Access-Reject"), ("IMSI", Ident("234100000000012", IdentKind.IMSI)), ("Times", 14)),
            raw, at=NOW - timedelta(minutes=6), source="Operator A, RADIUS", tone="bad",
        ),
        Evidence("The modem is powered: it answers pings over the other link.", (("Round trip", "48 ms"),), tone="ok"),
    )  # fmt: skip


def import_problem() -> Problem:
    """Bad rows of an import."""
    return Problem(
        "3 of 50 000 rows were not taken",
        "The other 49 997 are in. Nothing was half-done.",
        "Correct these rows and import the file again: rows that are in already are not taken twice.",
        "7b1e-44c0-9a2f",
        "warn",
        (Action("Download the bad rows", "#", "download"),),
        (
            ("row 17", "ICCID", "8944110000001234561", "the check digit should be 7 (Luhn)"),
            ("row 204", "IMSI", "26201…", "262 01 is not operator A (234 10)"),
            ("row 9 999", "Name", '=HYPERLINK("http://…")', "begins like a spreadsheet formula; kept as text"),
        ),
    )  # fmt: skip


def outage_problem() -> Problem:
    """Something of ours is broken."""
    return Problem(
        "The list could not be read",
        "The database did not answer within 5 seconds. Running changes go on; they do not need this page.",
        "Try again in a minute. If it stays, give the reference to whoever runs the platform.",
        "c2f4-11aa-8e07",
        actions=(Action("Try again", "#", "rotate-ccw"),),
    )


def user_form(*, wrong: bool = False) -> Form:
    """A form with every kind of field; ``wrong`` shows what a refusal looks like."""
    roles = (
        Option("viewer", "Viewer", hint="Sees everything within the regions below"),
        Option("technician", "Technician", hint="Plans and runs changes"),
    )
    regions = (Option("NE", "North East", chosen=True), Option("Y", "Yorkshire"), Option("L", "Lincolnshire"))
    too_fast = "Above the contract's 50." if wrong else ""
    error = "Two people cannot share an address; this one belongs to M. Okafor."
    return Form(
        "#",
        (
            Field("name", "Name", value="Wilhelmina Featherstonehaugh", autocomplete="name"),
            Field("email", "E-mail", "email", "w.f@example.org", "Notices go there.", error if wrong else ""),
            Field("role", "Role", "radio", "technician", options=roles),
            Field("regions", "Regions", "checks", options=regions, required=False),
            Field("language", "Language", "select", "en", options=(Option("en", "English"), Option("de", "Deutsch"))),
            Field(
                "rate",
                "Permitted rate",
                "number",
                "50",
                "As the contract says.",
                too_fast,
                unit="calls a second",
            ),
            Field("note", "Benutzerverwaltungshinweis", "textarea", required=False),
            Field("id", "Number", "readonly", "U-00412"),
            Field("active", "May sign in", "check", "1", "Takes effect at once, also for open sessions."),
        ),
        "example",
        "Save the person",
        "#",
    )


def sign_in(*, wrong: bool = False) -> Form:
    """The way in."""
    refusal = "Wrong e-mail or password. After 5 tries you wait a minute."
    return Form(
        "#",
        (
            Field("email", "E-mail", "email", autocomplete="username", autofocus=True),
            Field("password", "Password", "password", error=refusal if wrong else "",
                  autocomplete="current-password"),
        ),
        "example",
        "Sign in",
    )  # fmt: skip


def drops() -> tuple[FileDrop, ...]:
    """An import's file, and a refused one."""
    kinds = (".csv", ".xlsx", ".jsonl", ".gz")
    return (
        FileDrop(
            "file",
            "File with sites",
            kinds,
            200_000_000,
            "Columns may have any names; you match them on the next page.",
        ),
        FileDrop(
            "other",
            "File with cards",
            kinds,
            200_000_000,
            error="This is a Word document. Save the table as CSV or XLSX.",
        ),
    )


def nothing() -> tuple[Empty, ...]:
    """Pages with nothing on them."""
    return (
        Empty("No change was made yet", "A change alters many subscriptions as one, with a plan and a way back.",
              (Action("Plan the first change", "#", "git-pull-request-arrow", "primary"),), "git-pull-request-arrow"),
        Empty("No site matches", "Take a filter away.", (Action("Clear filters", "#"),), "search"),
    )  # fmt: skip
