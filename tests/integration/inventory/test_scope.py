"""Nobody sees anything beyond their regions and operators: in no list, search, export, count, map or detail."""

import re
from dataclasses import replace
from typing import Any, Protocol

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieline.platform.scope import Scope, system

pytestmark = pytest.mark.anyio

KINDS = ("sites", "devices", "cards", "subscriptions", "links", "cells", "address-pools")


class Api(Protocol):
    app: Any

    def as_(self, scope: Scope) -> httpx.AsyncClient: ...


PATHS = st.sampled_from(
    [f"{kind}{part}" for kind in KINDS for part in ("", "/export", "/count")]
    + ["search", "fleet/summary", "sites/map", "cards/stock", "operators", "contracts"]
)
WORDS = st.sampled_from(
    [
        "",
        "S00",
        "D00",
        "albion",
        "street 9",
        "A000",
        "B0009",
        "23415",
        "23410",
        "8944",
        "10.0.0.",
        "0009",
        "TS9",
        "CELL",
    ]
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "q": WORDS,
        "operator": st.sampled_from(["A", "B"]),
        "technology": st.sampled_from(["3G", "none"]),
        "region": st.sampled_from(["North", "South"]),
        "hanging_on": st.just("3G"),
        "shared_mast": st.sampled_from(["true", "false"]),
        "stale": st.sampled_from(["true", "false"]),
        "linked": st.sampled_from(["true", "false"]),
        "drift": st.sampled_from(["true", "false"]),
        "attached": st.sampled_from(["true", "false"]),
        "form": st.sampled_from(["csv", "jsonl"]),
    },
)
SCOPES = st.tuples(st.sampled_from([None, "North", "South", "Nowhere"]), st.sampled_from([None, "A", "B"]))


def foreign(region: str | None, operator: str | None) -> set[str]:
    """Every word that tells of something beyond the scope."""
    numbers = {"North": range(1, 8), "South": range(8, 13), None: range(1, 13), "Nowhere": range(0)}[region]
    beyond = set(range(1, 13)) - set(numbers)
    words = {f"{letter}{n:04d}" for n in beyond for letter in "SDAB"} | {f"Albion Street {n}" for n in beyond}
    words |= {f"{plmn}{n:010d}" for plmn in ("23415", "23410") for n in beyond}
    for code, plmn in (("A", "23415"), ("B", "23410")):
        stock = range(13, 23) if region is not None else range(0)
        words |= {f"{code}{n:04d}" for n in stock} | {f"{plmn}{n:010d}" for n in stock}
        if operator not in {None, code}:
            words |= {f"{code}{n:04d}" for n in range(1, 23)} | {f"{plmn}{n:010d}" for n in range(1, 23)}
            words |= {f"CELL-{code}", f"Operator {code}", f"{code} scada"}
    return words


def told(answer: httpx.Response, scope: tuple[str | None, str | None]) -> set[str]:
    """What of it an answer tells."""
    return {word for word in foreign(*scope) if re.search(rf"{re.escape(word)}(?![0-9])", answer.text)}


async def ask(api: Api, scope: tuple[str | None, str | None], path: str, filters: dict[str, str]) -> httpx.Response:
    region, operator = scope
    asker = replace(
        system("scoped"),
        regions=None if region is None else frozenset({region}),
        operators=None if operator is None else frozenset({operator}),
    )
    params = {"q": "S000", **filters} if path == "search" else filters
    return await api.as_(asker).get(f"/api/v1/{path}", params=params)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=SCOPES, path=PATHS, filters=FILTERS)
async def test_nobody_sees_beyond_their_scope(
    api: Api, scope: tuple[str | None, str | None], path: str, filters: dict[str, str]
) -> None:
    answer = await ask(api, scope, path, filters)
    assert answer.status_code == 200, answer.text
    assert told(answer, scope) == set()


@pytest.mark.parametrize("scope", [("North", None), (None, "A"), ("South", "B")])
async def test_details_end_at_the_scope_as_well(api: Api, scope: tuple[str | None, str | None]) -> None:
    seen = 0
    for kind in KINDS:
        for identity in [*range(1, 13), 20, 23, 30, 31, 44]:
            answers = [await ask(api, scope, f"{kind}/{identity}{part}", {}) for part in ("", "/history", "/timeline")]
            assert len({answer.status_code for answer in answers} - {200, 404}) == 0
            assert len({answer.status_code for answer in answers}) == 1
            seen += answers[0].status_code == 200
            assert set[str]().union(*(told(answer, scope) for answer in answers)) == set(), (kind, identity)
    assert seen > 0
