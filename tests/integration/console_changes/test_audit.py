"""The pages of the audit trail."""

import re
from typing import Protocol

import httpx
import pytest

from tieline.platform import audit
from tieline.platform.scope import Scope
from tieline.platform.wiring import Runtime

pytestmark = pytest.mark.anyio
MARA = Scope("user:mara", frozenset(), request_id="r-1")


class Person(Protocol):
    async def get(self, path: str, **headers: str) -> httpx.Response: ...
    async def post(self, path: str, *pairs: tuple[str, str]) -> httpx.Response: ...


class House(Protocol):
    runtime: Runtime

    async def sign_in(self, name: str = ..., password: str = ...) -> Person: ...
    async def person(self, name: str, *roles: str) -> Person: ...


async def record(house: House, *entries: audit.Entry) -> int:
    async with house.runtime.db.transaction() as tx:
        return await audit.append(tx, MARA, *entries)


def numbers(page: str) -> list[int]:
    """Entries that the page lists, in order."""
    return [int(one) for one in re.findall(r'href="/audit/(\d+)" data-row-link', page)]


async def test_entries_stand_newest_first_with_links_to_what_they_are_about(house: House) -> None:
    last = await record(house, audit.Entry("change.approved", "change:12", {"hash": "9f2c"}))
    page = (await (await house.sign_in()).get("/audit")).text
    listed = numbers(page)
    assert listed == sorted(listed, reverse=True)
    assert last in listed
    assert "Change approved" in page
    assert 'href="/changes/12"' in page
    assert "hash: 9f2c" in page


async def test_the_filter_is_in_the_url_and_the_pages_keep_it(house: House) -> None:
    await record(house, *(audit.Entry("stock.taken", f"card:{number}", {}) for number in range(150)))
    admin = await house.sign_in()
    first = (await admin.get("/audit?actor=user:mara&action=stock.*")).text
    assert len(numbers(first)) == 100
    older = re.search(r'href="(/audit\?[^"]+)" rel="next"', first)
    assert older
    second = (await admin.get(older.group(1).replace("&amp;", "&"))).text
    assert len(numbers(second)) == 50
    assert max(numbers(second)) < min(numbers(first))
    assert "No such entry" in (await admin.get("/audit?actor=nobody")).text


async def test_days_are_filtered_as_a_whole(house: House) -> None:
    await record(house, audit.Entry("a.b", "x", {}))
    admin = await house.sign_in()
    today = house.runtime.clock.now().astimezone().date().isoformat()
    assert numbers((await admin.get("/audit?at_from=2020-01-01&at_to=2100-01-01")).text)
    assert not numbers((await admin.get("/audit?at_to=2020-01-01")).text)
    assert numbers((await admin.get("/audit?at_from=not-a-day")).text)
    assert today


async def test_an_entry_opens_beside_the_list_and_as_a_page(house: House) -> None:
    seq = await record(house, audit.Entry("site.renamed", "site:4", {"name": "<b>Byker</b>"}))
    admin = await house.sign_in()
    whole = (await admin.get(f"/audit/{seq}")).text
    beside = (await admin.get(f"/audit/{seq}", **{"HX-Request": "true", "HX-Target": "sheet"})).text
    for page in (whole, beside):
        assert "&lt;b&gt;Byker&lt;/b&gt;" in page
        assert "<b>Byker" not in page
    assert "<html" in whole
    assert "<html" not in beside
    assert (await admin.get("/audit/999999")).status_code == 404


async def test_verification_says_in_words_that_the_trail_is_whole(house: House) -> None:
    await record(house, audit.Entry("a.b", "x", {}))
    witness = audit.open_witness(house.runtime.settings)
    await audit.seal(house.runtime, witness)
    page = (await (await house.sign_in()).post("/audit/verify")).text
    assert "The trail is whole" in page
    assert "signed in a second place, and agree" in page


async def test_verification_names_the_entry_that_was_altered(house: House) -> None:
    seq = await record(house, audit.Entry("a.b", "x", {"amount": 1}), audit.Entry("a.c", "y", {}))
    async with house.runtime.db.transaction() as tx:
        await tx.execute("ALTER TABLE audit DISABLE TRIGGER USER")
        await tx.execute("UPDATE audit SET actor = 'user:nobody' WHERE seq = %s", (seq - 1,))
    page = (await (await house.sign_in()).post("/audit/verify")).text
    assert f"The trail is not what was written: entry {seq - 1}" in page
    assert "Somebody altered an entry" in page


async def test_the_trail_is_for_those_who_may_read_it(house: House) -> None:
    mara = await house.person("mara", "technician")
    assert (await mara.get("/audit")).status_code == 403
    assert (await mara.get("/audit/1")).status_code == 403
    assert (await mara.post("/audit/verify")).status_code == 403
