"""5G LAN groups: the list, and one group with its members, addresses and changes."""

from fastapi import Response

from tieline.platform.scope import Permission
from tieline.utility import inventory
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.changes import source
from tieline.utility.console.pages.groups import views

router = pages()
_CHANGES = 200
"""Changes of groups that are looked through for those of one."""


@router.get("/groups")
async def groups(page: CurrentPage) -> Response:
    """All groups."""
    async with page.db.snapshot() as tx:
        found = await inventory.lan_groups(tx, page.scope)
    return await page.show(
        "pages/groups/templates/list.html",
        current="groups",
        head=views.list_head(found, page.scope),
        table=views.table(found),
    )


@router.get("/groups/{group_id}")
async def group(page: CurrentPage, group_id: int) -> Response:
    """One group at one operator."""
    async with page.db.snapshot() as tx:
        found = await inventory.lan_group(tx, page.scope, group_id)
        pools = await inventory.lan_group_pools(tx, page.scope, found)
        changes = []
        if page.scope.may(Permission.CHANGE_READ):
            every = await source.page(tx, page.scope, kinds=list(views.KINDS), limit=_CHANGES)
            changes = [one for one in every.items if one.parameters.get("group") == found.name]
    return await page.show(
        "pages/groups/templates/page.html",
        current="groups",
        head=views.head(found, page.scope),
        what=views.what(found),
        members=views.members(found),
        pools=views.pools(found, pools),
        changes=views.changes(changes),
    )
