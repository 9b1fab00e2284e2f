"""Policies of standard changes, and templates: lists, one by one, and their forms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec

from tieline.console.components.forms import Form
from tieline.console.components.frame import Action, Crumb, PageHead
from tieline.console.components.tables import Column, Empty, Row, Table
from tieline.console.components.values import Age, Badge, Tone
from tieline.console.components.work import Confirm
from tieline.platform.scope import Permission, Scope, named
from tieline.utility.changes import Recurring, TemplateBody, window_words
from tieline.utility.console.pages.changes.views import words
from tieline.utility.console.pages.changes.views.draft import CONFIGURE, NEW, PREPROVISION, SET
from tieline.utility.console.pages.changes.views.holds import Asked
from tieline.utility.console.pages.changes.views.places import HOME, tabs

Found = Mapping[str, Any]
POLICIES = Crumb("Policies", "/changes/policies")
TEMPLATES = Crumb("Templates", "/changes/templates")
_NOT_YOURS = "Your role may not do this."
_OWN = "You made it yourself. Somebody else has to approve it."


def _unless(scope: Scope, permission: Permission) -> str:
    return "" if scope.may(permission) else _NOT_YOURS


# ── policies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def policies_head(scope: Scope) -> PageHead:
    """Head of the list."""
    action = Action(
        "Propose a policy", "/changes/policies/new", "plus", "primary", unless=_unless(scope, Permission.CHANGE_PLAN)
    )
    state = "Standard changes run at once within a policy that was approved beforehand."
    return PageHead("Policies", state, (HOME,), (action,), tabs("policies"))


def policy_state(one: Found) -> Badge:
    """Whether it is in force."""
    if one["retired_at"] is not None:
        return Badge("Retired", Tone.OFF, "circle-slash")
    if one["approved_at"] is None:
        return Badge("Waits for approval", Tone.WARN, "hourglass")
    return Badge("In force", Tone.OK, "shield-check")


def policies(rows: Sequence[Found], kinds: Mapping[str, str]) -> Table:
    """The list, by name."""
    columns = (
        Column("name", "Policy", fixed=True, narrow=True, wrap=True),
        Column("state", "State", narrow=True),
        Column("kind", "Kind"),
        Column("most", "Subscriptions at most", numeric=True),
        Column("critical", "Critical sites"),
        Column("by", "By"),
        Column("approved", "Approved by"),
    )
    empty = Empty(
        "No policy yet",
        "A policy says of a kind of change what may run without asking each time: how much, and where. Somebody else "
        "than who proposes it approves it.",
        icon="shield-check",
    )
    found = [
        Row(
            str(one["id"]),
            {
                "name": one["name"],
                "state": policy_state(one),
                "kind": kinds.get(one["kind"], one["kind"]),
                "most": one["max_items"],
                "critical": "allowed" if one["critical_sites"] else "none",
                "by": named(one["created_by"]),
                "approved": named(one["approved_by"]) if one["approved_by"] else None,
            },
            f"/changes/policies/{one['id']}",
            muted=one["retired_at"] is not None,
        )
        for one in rows
    ]
    return Table("policies", "Policies", columns, found, empty=empty)


def policy_head(one: Found, scope: Scope) -> PageHead:
    """Head of one policy."""
    actions = []
    mine = one["created_by"] == scope.actor or (one["created_by_user"] or -1) == scope.user_id
    may = _unless(scope, Permission.CHANGE_APPROVE)
    if one["retired_at"] is None:
        actions.append(Action("Retire", icon="trash-2", kind="danger", dialog="retire", unless=may))
    if one["retired_at"] is None and one["approved_at"] is None:
        unless = may or (_OWN if mine else "")
        actions.append(Action("Approve", icon="shield-check", kind="primary", dialog="approve", unless=unless))
    state = "Standard changes within it run at once."
    return PageHead(one["name"], state, (HOME, POLICIES), tuple(actions))


def policy_facts(one: Found, kinds: Mapping[str, str]) -> tuple[tuple[str, object], ...]:
    """Everything about one policy."""
    rules = msgspec.convert(one["windows"] or (), tuple[Recurring, ...])
    pairs: tuple[tuple[str, object], ...] = (
        ("State", policy_state(one)),
        ("Kind of change", kinds.get(one["kind"], one["kind"])),
        ("Subscriptions at most", one["max_items"]),
        ("Critical sites", "allowed" if one["critical_sites"] else "none"),
        ("Only in these windows", "; or ".join(window_words(rules)) or None),
        ("Does what an approved template says", "yes" if one["template_version_id"] else None),
        ("Proposed by", named(one["created_by"])),
        ("Proposed", Age(one["created_at"])),
        ("Approved by", named(one["approved_by"]) if one["approved_by"] else None),
        ("Approved", Age(one["approved_at"]) if one["approved_at"] else None),
        ("Retired", Age(one["retired_at"]) if one["retired_at"] else None),
    )
    return tuple((name, value) for name, value in pairs if value is not None)


def dialogs(path: str, csrf: str, what: str) -> tuple[Confirm, ...]:
    """Approve and retire."""
    return (
        Confirm(
            "approve",
            f"Approve this {what}",
            "From now on standard changes may run on it without asking each time.",
            f"{path}/approve",
            "Approve",
            csrf,
            undo="Retire it at any moment; changes that run are not stopped by that.",
        ),
        Confirm(
            "retire",
            f"Retire this {what}",
            "No change begins on it any more. What has begun goes on.",
            f"{path}/retire",
            "Retire",
            csrf,
            undo="Make a new one.",
            danger=True,
        ),
    )


def template_dialogs(one: Found, csrf: str) -> tuple[Confirm, ...]:
    """The same of a template: what is approved is the version that is shown."""
    number = one["versions"][0]["version"]
    approve, retire = dialogs(f"/changes/templates/{one['id']}", csrf, "template")
    approve = replace(approve, title=f"Approve version {number} of this template", fields={"version": str(number)})
    return approve, retire


def policy_form(asked: Asked, kinds: Mapping[str, str], versions: Mapping[str, str], csrf: str) -> Form:
    """The form of a policy."""
    hint = "One window a line, in words: Mon-Thu 22:00-05:00 Europe/London. Empty: at any time."
    fields = (
        asked.field("name", "Name", "What people will call it."),
        asked.choice("kind", "Kind of change", {"": "Choose one", **kinds}, required=True),
        asked.field("max_items", "Subscriptions at most", "A change under it has no more.", "number"),
        asked.check("critical_sites", "Critical sites are allowed"),
        asked.field("windows", "Only in these windows", hint, "textarea", required=False, maxlength=2000),
        asked.choice(
            "template",
            "Template",
            {"": "None: any parameters", **versions},
            "With an approved template, changes under it do what that says, and nothing else.",
        ),
    )
    return Form("/changes/policies/new", fields, csrf, "Propose it", "/changes/policies")


# ── templates ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def templates_head(scope: Scope) -> PageHead:
    """Head of the list."""
    action = Action(
        "Bring in from a file", "/changes/templates/import", "file-up", unless=_unless(scope, Permission.CHANGE_PLAN)
    )
    state = "What changes say, kept under a name: make a new change from one, or stand a policy on it."
    return PageHead("Templates", state, (HOME,), (action,), tabs("templates"))


def templates(rows: Sequence[Found], kinds: Mapping[str, str]) -> Table:
    """The list, by name."""
    columns = (
        Column("name", "Template", fixed=True, narrow=True, wrap=True),
        Column("kind", "Kind", narrow=True),
        Column("version", "Version", numeric=True),
        Column("approved", "Approved"),
        Column("by", "By"),
        Column("saved", "Saved"),
        Column("note", "Note", wrap=True),
    )
    empty = Empty(
        "No template yet",
        "Open a change whose description is worth keeping, and save it as a template.",
        (Action("Changes", "/changes", "git-pull-request-arrow"),),
        "save",
    )
    found = [
        Row(
            str(one["id"]),
            {
                "name": one["name"],
                "kind": kinds.get(one["body"]["kind"], one["body"]["kind"]),
                "version": one["version"],
                "approved": _approved(one),
                "by": named(one["created_by"]),
                "saved": Age(one["created_at"]),
                "note": one["note"] or None,
            },
            f"/changes/templates/{one['id']}",
        )
        for one in rows
    ]
    return Table("templates", "Templates", columns, found, empty=empty)


def _approved(one: Found) -> Badge:
    if one["approved_version"] is None:
        return Badge("Not approved", Tone.OFF, "circle-dashed")
    if one["approved_version"] == one["version"]:
        return Badge("Approved", Tone.OK, "shield-check")
    return Badge(f"Version {one['approved_version']} is", Tone.WARN, "hourglass")


def template_head(one: Found, scope: Scope) -> PageHead:
    """Head of one template."""
    path, newest = f"/changes/templates/{one['id']}", one["versions"][0]
    plan = _unless(scope, Permission.CHANGE_PLAN)
    mine = newest["created_by"] == scope.actor or (newest["created_by_user"] or -1) == scope.user_id
    approve = _unless(scope, Permission.CHANGE_APPROVE) or (_OWN if mine else "")
    actions = [Action("Export", f"/api/v1/change-templates/{one['id']}/export", "download")]
    if one["retired_at"] is None:
        actions.append(Action("Retire", icon="trash-2", kind="danger", dialog="retire", unless=plan))
        if newest["approved_at"] is None:
            actions.append(Action("Approve", icon="shield-check", dialog="approve", unless=approve))
        body = msgspec.convert(newest["body"], TemplateBody)
        if body.selection is not None:
            actions.append(Action("Make a change", f"{path}/use", "plus", "primary", "post", unless=plan))
        elif body.kind in {PREPROVISION, CONFIGURE}:
            where = f"/changes/new?{urlencode(list(prefilled(body)))}"
            actions.append(Action("Make a change", where, "plus", "primary", unless=plan))
    return PageHead(one["name"], f"Version {newest['version']}.", (HOME, TEMPLATES), tuple(actions))


def template_facts(one: Found, sentence: str) -> tuple[str, ...]:
    """What a change made from it would do, in sentences."""
    body = msgspec.convert(one["versions"][0]["body"], TemplateBody)
    found = list(words.what_happens(body.kind, sentence, body.parameters))
    if body.window.rules:
        found.append(f"Anything is sent only in its windows: {'; or '.join(window_words(body.window.rules))}.")
    asked = "The subscriptions are those it was saved with." if body.selection else "The subscriptions are asked for."
    return (*found, asked)


def versions(one: Found) -> Table:
    """The versions, the newest first."""
    columns = (
        Column("version", "Version", numeric=True, fixed=True, narrow=True),
        Column("saved", "Saved", narrow=True),
        Column("by", "By"),
        Column("note", "Note", wrap=True, narrow=True),
        Column("approved", "Approved by"),
    )
    rows = [
        Row(
            str(found["version"]),
            {
                "version": found["version"],
                "saved": Age(found["created_at"]),
                "by": named(found["created_by"]),
                "note": found["note"] or None,
                "approved": named(found["approved_by"]) if found["approved_by"] else None,
            },
        )
        for found in one["versions"]
    ]
    return Table("template-versions", "Versions", columns, rows, chooser=False)


def prefilled(body: TemplateBody) -> Iterator[tuple[str, str]]:
    """The form of a new change as the template would have it filled in, as fields of its URL."""
    yield "change_kind", body.kind
    yield "title", body.title
    if body.reason:
        yield "reason", body.reason
    yield "waves_by", body.waves.by
    if body.waves.steps:
        yield "steps", ", ".join(map(str, body.waves.steps))
    if body.waves.regions:
        yield "wave_regions", ", ".join(body.waves.regions)
    yield "canary", str(body.waves.canary)
    yield "success", f"{body.thresholds.success * 100:g}"
    yield "error", f"{body.thresholds.error * 100:g}"
    if body.window.rules:
        yield "recurring", "\n".join(window_words(body.window.rules))
    yield from _parameters(body)


def _parameters(body: TemplateBody) -> Iterator[tuple[str, str]]:
    prefix = NEW if body.kind == PREPROVISION else SET
    for name, value in body.parameters.items():
        if name == "rat_restriction":
            yield f"{SET}barring", "set"
            yield from ((f"{SET}rat", str(one)) for one in value or ())
        elif name == "imei_lock":
            yield f"{SET}imei_lock", str(value) if value else "lift"
        elif value is None and body.kind == CONFIGURE:
            yield f"{SET}unset", name
        elif isinstance(value, bool):
            yield prefix + name, "1" if value else ""
        elif value not in (None, "", "keep"):
            yield prefix + name, str(value)


def template_form(asked: Asked, change_id: int, csrf: str) -> Form:
    """The form that keeps a change as a template."""
    fields = (
        asked.field("name", "Name", "Under a name that is there already, it becomes that one's next version."),
        asked.check("with_selection", "Keep which subscriptions, too", "Else they are asked for at each use."),
        asked.field("note", "Note", "What is new in this version.", required=False, maxlength=500),
    )
    return Form(f"/changes/{change_id}/template", fields, csrf, "Save the template", f"/changes/{change_id}")
