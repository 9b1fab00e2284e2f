"""Routes of policies of standard changes, and of templates."""

from collections.abc import Mapping

from fastapi import Response
from starlette.datastructures import FormData, UploadFile

from tieline.console.components.forms import FileDrop
from tieline.console.components.frame import Crumb, PageHead
from tieline.platform.errors import Invalid, NotFound, Problem
from tieline.platform.scope import Permission
from tieline.utility import changes
from tieline.utility.changes import templating
from tieline.utility.console.http import CurrentPage, Page, pages
from tieline.utility.console.pages.changes.views import ruling as views
from tieline.utility.console.pages.changes.views.holds import Asked
from tieline.utility.console.pages.changes.views.places import HOME

router = pages()
_FORM = "pages/changes/templates/form.html"
_LARGEST = 1_000_000


def _kinds() -> dict[str, str]:
    return {one.name: one.title for one in changes.KINDS.all()}


@router.get("/changes/policies")
async def policies(page: CurrentPage) -> Response:
    """Every policy."""
    async with page.db.snapshot() as tx:
        found = await changes.policies(tx, page.scope)
    head = views.policies_head(page.scope)
    table = views.policies(found, _kinds())
    return await page.show("pages/parts/list.html", current="changes", head=head, bar=None, table=table)


@router.get("/changes/policies/new")
async def policy_page(page: CurrentPage) -> Response:
    """The form of a policy."""
    page.scope.require(Permission.CHANGE_PLAN)
    return await _policy(page, FormData(), {})


@router.post("/changes/policies/new")
async def propose(page: CurrentPage) -> Response:
    """Propose a policy."""
    typed = await page.form()
    most, name = str(typed.get("max_items", "")).strip(), str(typed.get("name", "")).strip()[:200]
    template = str(typed.get("template", ""))
    wrong = {}
    if not name:
        wrong["name"] = "What people will call it."
    kind = str(typed.get("kind", ""))
    if kind not in _kinds():
        wrong["kind"] = "Choose the kind of change that it is about."
    if not (most.isascii() and most.isdigit() and len(most) < 7 and 1 <= int(most) <= 200_000):  # noqa: PLR2004 - its bounds
        wrong["max_items"] = "A whole number from 1 to 200,000."
    lines = [line.strip() for line in str(typed.get("windows", "")).splitlines() if line.strip()]
    try:
        rules = changes.read_windows(lines, page.renderer.zone_name())
    except Invalid as error:
        wrong["windows"] = " ".join(one.message for one in error.problems)
    if wrong:
        return await _policy(page, typed, wrong)
    async with page.db.transaction() as tx:
        made = await changes.make_policy(
            tx,
            page.scope,
            name=name,
            kind=kind,
            max_items=int(most),
            critical_sites=bool(typed.get("critical_sites")),
            rules=rules,
            template_version_id=int(template) if template.isascii() and template.isdigit() else None,
        )
    return page.redirect(f"/changes/policies/{made['id']}")


async def _policy(page: Page, typed: FormData, wrong: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        versions = {}
        for one in await templating.every(tx, page.scope):
            if one["approved_version"] is not None:
                found = await templating.one(tx, page.scope, one["id"])
                version = next(each for each in found["versions"] if each["version"] == one["approved_version"])
                versions[str(version["id"])] = f"{one['name']}, version {version['version']}"
    kinds = {name: title for name, title in _kinds().items() if name != "subscription.restore"}
    form = views.policy_form(Asked(typed, wrong), kinds, versions, page.csrf_token)
    state = "Once somebody else has approved it, changes within it run at once."
    head = PageHead("Propose a policy", state, (HOME, views.POLICIES))
    return await page.show(_FORM, current="changes", head=head, form=form, status=422 if wrong else 200)


@router.get("/changes/policies/{policy_id}")
async def policy(page: CurrentPage, policy_id: int) -> Response:
    """One policy."""
    async with page.db.snapshot() as tx:
        found = next((one for one in await changes.policies(tx, page.scope) if one["id"] == policy_id), None)
    if found is None:
        raise NotFound(f"There is no policy {policy_id}.")
    return await page.show(
        "pages/changes/templates/hold.html",
        current="changes",
        head=views.policy_head(found, page.scope),
        facts=views.policy_facts(found, _kinds()),
        dialogs=views.dialogs(f"/changes/policies/{policy_id}", page.csrf_token, "policy"),
    )


@router.post("/changes/policies/{policy_id}/approve")
async def approve_policy(page: CurrentPage, policy_id: int) -> Response:
    """Put a policy of somebody else in force."""
    async with page.db.transaction() as tx:
        await changes.approve_policy(tx, page.scope, page.runtime.clock, policy_id)
    return page.redirect(f"/changes/policies/{policy_id}")


@router.post("/changes/policies/{policy_id}/retire")
async def retire_policy(page: CurrentPage, policy_id: int) -> Response:
    """Take a policy out of force."""
    async with page.db.transaction() as tx:
        await changes.retire_policy(tx, page.scope, page.runtime.clock, policy_id)
    return page.redirect(f"/changes/policies/{policy_id}")


@router.get("/changes/templates")
async def templates(page: CurrentPage) -> Response:
    """Every template."""
    async with page.db.snapshot() as tx:
        found = await templating.every(tx, page.scope)
    head = views.templates_head(page.scope)
    table = views.templates(found, _kinds())
    return await page.show("pages/parts/list.html", current="changes", head=head, bar=None, table=table)


@router.get("/changes/templates/import")
async def import_page(page: CurrentPage) -> Response:
    """The form that takes a template from a file."""
    page.scope.require(Permission.CHANGE_PLAN)
    return await _import(page, "")


@router.post("/changes/templates/import")
async def bring(page: CurrentPage) -> Response:
    """Take a template from a file."""
    file = (await page.form()).get("file")
    data = await file.read(_LARGEST + 1) if isinstance(file, UploadFile) else b""
    if not data or len(data) > _LARGEST:
        return await _import(page, "The file is empty, or larger than a million octets.")
    try:
        async with page.db.transaction() as tx:
            made = await templating.bring(tx, page.scope, page.runtime.clock, data)
    except Invalid as error:
        return await _import(page, " ".join([error.detail, *(one.message for one in error.problems)]))
    return page.redirect(f"/changes/templates/{made['id']}")


async def _import(page: Page, wrong: str) -> Response:
    drop = FileDrop("file", "A template that was exported", (".json",), _LARGEST, error=wrong)
    head = PageHead("Bring in a template", "It has to be approved here.", (HOME, views.TEMPLATES))
    return await page.show(
        "pages/changes/templates/bring.html", current="changes", head=head, drop=drop, status=422 if wrong else 200
    )


@router.get("/changes/templates/{template_id}")
async def template(page: CurrentPage, template_id: int) -> Response:
    """One template with its versions."""
    async with page.db.snapshot() as tx:
        found = await templating.one(tx, page.scope, template_id)
    kind = changes.KINDS.get(found["versions"][0]["body"]["kind"])
    return await page.show(
        "pages/changes/templates/template.html",
        current="changes",
        head=views.template_head(found, page.scope),
        sentences=views.template_facts(found, kind.sentence),
        versions=views.versions(found),
        dialogs=views.template_dialogs(found, page.csrf_token),
    )


@router.post("/changes/templates/{template_id}/approve")
async def approve_template(page: CurrentPage, template_id: int) -> Response:
    """Approve the version of somebody else's template that was shown; another one may have been saved since."""
    version = str((await page.form()).get("version", ""))
    if not (version.isascii() and version.isdigit() and len(version) < 7):  # noqa: PLR2004 - no more versions than that
        raise Invalid("Say which version.", [Problem("version", "required", "Open the template's page again.")])
    async with page.db.transaction() as tx:
        await templating.approve(tx, page.scope, page.runtime.clock, template_id, int(version))
    return page.redirect(f"/changes/templates/{template_id}")


@router.post("/changes/templates/{template_id}/retire")
async def retire_template(page: CurrentPage, template_id: int) -> Response:
    """Offer a template no more."""
    async with page.db.transaction() as tx:
        await templating.retire(tx, page.scope, page.runtime.clock, template_id)
    return page.redirect("/changes/templates")


@router.post("/changes/templates/{template_id}/use")
async def use(page: CurrentPage, template_id: int) -> Response:
    """Make a change from a template for the subscriptions it was saved with, and have it planned."""
    async with page.db.transaction() as tx:
        draft = await templating.draft(tx, page.scope, template_id)
        change = await changes.create(tx, page.scope, draft)
        version = await changes.request_plan(tx, page.scope, page.runtime.clock, change.id)
        await changes.defer_plan(tx, change.id, version)
    return page.redirect(f"/changes/{change.id}")


@router.get("/changes/{change_id}/template")
async def template_page(page: CurrentPage, change_id: int) -> Response:
    """The form that keeps a change as a template."""
    page.scope.require(Permission.CHANGE_PLAN)
    return await _template(page, change_id, FormData(), {})


@router.post("/changes/{change_id}/template")
async def save(page: CurrentPage, change_id: int) -> Response:
    """Keep what a change says as a template."""
    typed = await page.form()
    name, note = str(typed.get("name", "")).strip()[:200], str(typed.get("note", "")).strip()[:500]
    try:
        async with page.db.transaction() as tx:
            made = await templating.save_from(
                tx,
                page.scope,
                page.runtime.clock,
                change_id,
                name,
                with_selection=bool(typed.get("with_selection")),
                note=note,
            )
    except Invalid as error:
        wrong = {one.field: one.message for one in error.problems} or {"name": error.detail}
        return await _template(page, change_id, typed, wrong)
    return page.redirect(f"/changes/templates/{made['id']}")


async def _template(page: Page, change_id: int, typed: FormData, wrong: Mapping[str, str]) -> Response:
    async with page.db.snapshot() as tx:
        found = await changes.detail(tx, page.scope, change_id)
    form = views.template_form(Asked(typed, wrong), change_id, page.csrf_token)
    state = "Kind, parameters, steps, thresholds and recurring windows are kept."
    head = PageHead("Save as a template", state, (HOME, Crumb(found.change.title, f"/changes/{change_id}")))
    return await page.show(_FORM, current="changes", head=head, form=form, status=422 if wrong else 200)
