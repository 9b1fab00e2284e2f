"""What is asked of an operator to bring a 5G LAN group into line."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tieline.platform.errors import Problem
from tieline.utility.connectors.errors import Rejected
from tieline.utility.connectors.model import Batch, Field, Group, Operation, Slice
from tieline.utility.connectors.providers.mns3gpp import Mns3gppConnector, exposure
from tieline.utility.connectors.providers.mns3gpp.exposure import Exposure
from tieline.utility.connectors.registry import Connection

pytestmark = pytest.mark.anyio

NORTH = Group(name="north@grid.example", dnn="grid.north", slice=Slice(1), session_type="IPV4")
NAMED = 20
"""Members at fault that one answer names."""


class Operator:
    """An operator that has no group yet and knows some subscriptions."""

    def __init__(self, *known: str) -> None:
        self.known = known
        self.made: list[Any] = []
        self.calls = 0

    async def request(
        self, method: str, _url: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[bytes, Mapping[str, str]]:
        self.calls += 1
        if method == "GET":
            return b"[]", {}
        assert headers is not None
        assert headers["Idempotency-Key"]
        body = msgspec.json.decode(content)
        strangers = [ref for ref in body["5gLanParams"]["gpsis"] if ref not in self.known]
        if strangers:
            named = [Problem(f"/5gLanParams/gpsis/{ref}", "USER_NOT_FOUND", "") for ref in strangers[:NAMED]]
            raise Rejected("Some name no subscription.", (Problem("request", "400", ""), *named))
        self.made.append(body)
        return b"", {}


def joining(*refs: str) -> Batch:
    operations = tuple(Operation(f"op-{ref}", ref, {Field.LAN_GROUPS: (NORTH.name,)}) for ref in refs)
    return Batch("groups", operations, groups=(NORTH,))


async def regroup(operator: Operator, batch: Batch) -> str:
    return await Exposure(operator, "https://operator.test/3gpp-mns", "grid").regroup(batch, "key")  # type: ignore[arg-type]


async def test_strangers_are_left_out_and_named() -> None:
    operator = Operator("s1", "s2")
    batch = joining("s1", *(f"x{n}" for n in range(45)), "s2")
    reference = await regroup(operator, batch)
    assert reference.split(".") == ["lan", *(f"op-x{n}" for n in range(45))]
    assert [sorted(one["5gLanParams"]["gpsis"]) for one in operator.made] == [["s1", "s2"]]


@pytest.mark.parametrize(
    "batch",
    [
        Batch("unknown", (Operation("1", "s1", {Field.LAN_GROUPS: ()}),)),
        Batch("mixed", (Operation("1", "s1", {Field.LAN_GROUPS: (), Field.APN: "a"}),), groups=(NORTH,)),
        Batch(
            "mixed",
            (Operation("1", "s1", {Field.LAN_GROUPS: (NORTH.name,)}), Operation("2", "s2", {Field.APN: "a"})),
            groups=(NORTH,),
        ),
    ],
)
async def test_what_cannot_be_told_to_the_operator_is_refused(batch: Batch) -> None:
    """Nothing of it is left out silently, and nobody is taken out of a group by a batch that does not say so."""
    connector = Mns3gppConnector(Connection("A", "mns3gpp", "https://operator.test/3gpp-mns", "SubNetwork=grid"))
    with pytest.raises(Rejected):
        await connector.submit(batch, "key")
    await connector.close()


async def test_a_batch_that_is_mostly_strangers_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its items fail, so none of them may have come into the group."""
    monkeypatch.setattr(exposure, "REFUSED_MOST", 30)
    operator = Operator("s1")
    with pytest.raises(Rejected, match="does not know 40 of the subscriptions, or more"):
        await regroup(operator, joining("s1", *(f"x{n}" for n in range(500))))
    assert operator.made == []
    assert operator.calls == 4
