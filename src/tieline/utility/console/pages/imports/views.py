"""Imports as rows, and the page of one: how far it is, what came of it, which rows broke which rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from tieline.console.components.figures import Figure
from tieline.console.components.formats import data_size, number, plural
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Paging, Row, Table
from tieline.console.components.values import Age, Badge, Ident, IdentKind, Tone
from tieline.console.components.work import Confirm
from tieline.console.render import with_query
from tieline.platform.paging import Page as Rows
from tieline.platform.scope import Permission, named
from tieline.utility.console.http import Page
from tieline.utility.console.pages.parts import lists
from tieline.utility.console.words import listed
from tieline.utility.inventory import ImportRun

KINDS: Mapping[str, str] = {
    "site": "Sites",
    "device": "Devices",
    "cell": "Cells",
    "subscription": "Subscriptions and cards",
    "link": "Links",
    "address_pool": "Address pools",
}
LISTS: Mapping[str, str] = {
    "site": "/sites",
    "device": "/devices",
    "cell": "/cells",
    "subscription": "/subscriptions",
    "link": "/sites",
    "address_pool": "/operators",
}
NOUNS: Mapping[str, str] = {
    "site": "site",
    "device": "device",
    "cell": "cell",
    "subscription": "subscription",
    "link": "link",
    "address_pool": "address pool",
}
_STATES: Mapping[str, Badge] = {
    "queued": Badge("Waiting", Tone.OFF, "hourglass"),
    "running": Badge("Running", Tone.BUSY, "loader"),
    "done": Badge("Done", Tone.OK),
    "refused": Badge("Nothing taken", Tone.WARN),
    "failed": Badge("Failed", Tone.BAD),
}
_COLUMNS = (
    Column("file", "File", narrow=True, fixed=True),
    Column("kind", "What"),
    Column("state", "State", narrow=True),
    Column("read", "Rows", numeric=True, narrow=True),
    Column("created", "New", numeric=True),
    Column("updated", "Changed", numeric=True),
    Column("unchanged", "Unchanged", numeric=True, hidden=True),
    Column("bad", "Bad", numeric=True, narrow=True),
    Column("at", "When"),
    Column("who", "By"),
    Column("size", "Size", hidden=True),
    Column("hash", "SHA-256", hidden=True),
)


def is_open(run: ImportRun) -> bool:
    """Whether it still waits or works."""
    return run.state in {"queued", "running"}


def state(run: ImportRun) -> Badge:
    """Where an import is; a finished dry run says that it was one, and bad rows keep it from looking all well."""
    if run.state == "done" and run.dry_run:
        return Badge("Checked", Tone.WARN if run.rows_bad else Tone.OK, "list-checks")
    if run.state == "done" and run.rows_bad:
        return Badge("Done, with bad rows", Tone.WARN)
    return _STATES.get(run.state, Badge(run.state))


def table(page: Page, runs: Rows[ImportRun]) -> Table:
    """The history of imports; it renews itself while one of them works."""
    how = "Bring in a file of sites first, then devices, subscriptions and links; cells put sites on the right mast."
    empty = Empty("No import yet", how, (Action("Import a file", "/imports/new", "file-up", "primary"),))
    working = any(is_open(run) for run in runs.items)
    return Table(
        "imports",
        "Imports, the newest first",
        _COLUMNS,
        [_row(run) for run in runs.items],
        lists.paging(page.url, runs, "import"),
        empty=empty,
        fresh_href=page.url if working else "",
        fresh_trigger="every 2s" if working else "",
    )


def _row(run: ImportRun) -> Row:
    return Row(
        str(run.id),
        {
            "file": run.file_name,
            "kind": KINDS.get(run.kind, run.kind),
            "state": state(run),
            "read": run.rows_read,
            "created": run.rows_created,
            "updated": run.rows_updated,
            "unchanged": run.rows_unchanged,
            "bad": run.rows_bad,
            "at": Age(run.created_at),
            "who": named(run.created_by),
            "size": data_size(run.size_bytes),
            "hash": Ident(run.sha256, IdentKind.HASH),
        },
        f"/imports/{run.id}",
        tone="bad" if run.state == "failed" else "",
    )


def head(page: Page, run: ImportRun) -> PageHead:
    """Title, one sentence, and what can follow."""
    crumbs = (Crumb("Imports", "/imports"),)
    actions: tuple[Action, ...] = ()
    if not is_open(run):
        if can_repeat(page, run):
            actions = (Action(_repeat_label(run), dialog="take", icon="check", kind="primary"),)
        again = Action("Another file", f"/imports/new?kind={run.kind}", "file-up", "plain" if actions else "primary")
        actions = (again, *actions)
    return PageHead(run.file_name, sentence(run), crumbs, actions)


def can_repeat(page: Page, run: ImportRun) -> bool:
    """Whether what was only checked can now be taken."""
    taken_nothing = run.dry_run or run.state == "refused"
    good = run.rows_created + run.rows_updated
    return bool(run.file_path) and taken_nothing and good > 0 and page.scope.may(Permission.INVENTORY_WRITE)


def _repeat_label(run: ImportRun) -> str:
    good = run.rows_created + run.rows_updated
    if not run.rows_bad:
        return f"Take all {plural(good, 'row')}"
    return f"Take the {plural(good, 'good row')}"


def sentence(run: ImportRun) -> str:
    """What came of an import, in one sentence."""
    noun = NOUNS.get(run.kind, "row")
    if run.state == "queued":
        return "Waits for its turn."
    if run.state == "running":
        return f"{number(run.rows_read)} rows read so far."
    if run.message:
        return run.message
    parts = [
        f"{number(count)} {word}"
        for count, word in (
            (run.rows_created, "new"),
            (run.rows_updated, "changed"),
            (run.rows_unchanged, "unchanged"),
            (run.rows_skipped, "passed over"),
        )
        if count
    ]
    would = "A dry run; nothing was taken. It would make " if run.dry_run else ""
    bad = f" {plural(run.rows_bad, 'row breaks', 'rows break')} a rule." if run.rows_bad else ""
    return f"{would}{listed(parts) or 'nothing'} of {plural(run.rows_read, noun + ' row')}.{bad}"


def figures(run: ImportRun) -> tuple[Figure, ...]:
    """The counts, each leading to what it counts where there is a list of that."""
    list_href = LISTS.get(run.kind, "") if run.state == "done" and not run.dry_run else ""
    verb = "would be " if run.dry_run else ""
    return (
        Figure(f"New{', if taken' if run.dry_run else ''}", run.rows_created, list_href, note=f"{verb}added"),
        Figure(f"Changed{', if taken' if run.dry_run else ''}", run.rows_updated, note=f"{verb}brought up to date"),
        Figure("Unchanged", run.rows_unchanged, note="already so"),
        Figure(
            "Bad rows",
            run.rows_bad,
            "#problems" if run.rows_bad else "",
            tone="bad" if run.rows_bad else "ok",
            note=plural(run.problem_count, "broken rule") if run.problem_count else "every row fits",
        ),
    )


def facts(run: ImportRun) -> tuple[tuple[str, object], ...]:
    """What was asked for."""
    mode = "keep the good rows" if run.mode == "keep_good" else "take nothing if any row is bad"
    return (
        ("What", KINDS.get(run.kind, run.kind)),
        ("Form", str(run.notes.get("form", "")).upper()),
        ("Rows", run.rows_read),
        ("Mapping", str(run.mapping.get("name", ""))),
        ("Bad rows", mode),
        ("By", named(run.created_by)),
        ("Asked for", run.created_at),
        ("Begun", run.started_at),
        ("Ended", run.finished_at),
        ("Size", data_size(run.size_bytes)),
        ("SHA-256", Ident(run.sha256, IdentKind.HASH)),
    )


def notes(run: ImportRun) -> list[str]:
    """What else a person should know about the file."""
    unknown = [str(name) for name in run.notes.get("unknown_columns", ())]
    missing = [str(name) for name in run.notes.get("missing_columns", ())]
    found = []
    if unknown:
        found.append(f"Columns of the file that nothing was taken from: {listed(unknown[:20])}.")
    if missing:
        found.append(f"Columns that the mapping names and the file has not: {listed(missing[:20])}.")
    return found


def rules(run: ImportRun) -> list[tuple[str, int]]:
    """How often each rule was broken, the most frequent first."""
    broken: Mapping[str, Any] = run.notes.get("rules", {})
    return sorted(((rule.replace("_", " "), int(count)) for rule, count in broken.items()), key=lambda one: -one[1])


def problems_table(page: Page, run: ImportRun, found: Sequence[Mapping[str, Any]], older: str) -> Table:
    """Bad rows: where, which field, which value, which rule."""
    columns = (
        Column("line", "Line", numeric=True, narrow=True, fixed=True),
        Column("field", "Field", narrow=True),
        Column("value", "Value"),
        Column("rule", "Rule"),
        Column("message", "What would be right", wrap=True, narrow=True),
    )
    rows = [
        Row(
            str(one["id"]),
            {
                "line": one["line"],
                "field": one["field"],
                "value": one["value"],
                "rule": str(one["rule"]).replace("_", " "),
                "message": one["message"],
            },
        )
        for one in found
    ]
    first = with_query(page.url, after=None) if lists.cursor_of(page.url) else ""
    shown = f"{number(len(rows))} of {plural(run.problem_count, 'broken rule')}"
    paging = Paging(first, older, shown, "First page", "Next")
    href = f"/imports/{run.id}/report.csv" if rows else ""
    return Table("problems", "Broken rules by line", columns, rows, paging, csv_href=href, chooser=False)


def confirm(page: Page, run: ImportRun) -> Confirm:
    """Asks before a checked file is taken: what, how many, and how to take it back."""
    good = run.rows_created + run.rows_updated
    noun = NOUNS.get(run.kind, "row")
    return Confirm(
        "take",
        f"Take {plural(good, noun)} from {run.file_name}",
        "Exactly this file is imported again, this time for real. Rows that break a rule are left out.",
        f"/imports/{run.id}/repeat",
        "Take them",
        page.csrf_token,
        good,
        noun,
        (("New", run.rows_created), ("Changed", run.rows_updated), ("Left out as bad", run.rows_bad)),
        "Import the former file again: what was there before is kept in each thing's history.",
    )
