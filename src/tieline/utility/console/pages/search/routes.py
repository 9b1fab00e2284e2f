"""The global search: suggestions while one types, a page of results on Enter."""

from typing import Annotated

from fastapi import Header, Query, Response

from tieline.console.components.formats import plural
from tieline.console.components.frame import PageHead
from tieline.console.components.tables import Empty
from tieline.utility import inventory
from tieline.utility.console.http import CurrentPage, pages
from tieline.utility.console.pages.search import views

router = pages()
_SUGGESTED, _LISTED = 12, 50


@router.get("/search")
async def search(
    page: CurrentPage,
    q: Annotated[str, Query(max_length=200)] = "",
    suggest: Annotated[str, Header(alias="X-Suggest")] = "",
) -> Response:
    """What is called so, or has such a number."""
    async with page.db.snapshot() as tx:
        found = await inventory.find(tx, page.scope, q, limit=_SUGGESTED if suggest else _LISTED)
    groups = (*views.places(page.scope, q), *views.groups(found, q))
    if suggest and page.is_fragment:
        return page.fragment("pages/search/templates/suggestions.html", groups=groups, query=q)
    state = (
        f"{plural(sum(len(group.hits) for group in groups), 'thing')} for \u201c{q.strip()}\u201d, the best first."
        if q.strip()
        else ""
    )
    if len(found) == _LISTED:
        state = f"The best {_LISTED} for \u201c{q.strip()}\u201d; type more of it to narrow them."
    empty = Empty(
        f"Nothing is called \u201c{q.strip()}\u201d" if q.strip() else "Search for anything",
        "Type the beginning or the last four digits of an ICCID, IMSI, MSISDN or IMEI, words of a site's name, a "
        "postcode; the number or the title of a change or a programme; the number of an incident or a visit.",
        icon="search",
    )
    head = PageHead("Search", state)
    return await page.show(
        "pages/search/templates/page.html", current="", head=head, groups=groups, empty=empty, query=q
    )
