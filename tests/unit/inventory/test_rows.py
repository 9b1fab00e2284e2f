"""Mappings, and the rows they make."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.errors import Invalid
from tieline.utility.inventory.importing.kinds import KINDS
from tieline.utility.inventory.importing.mapping import from_object, from_toml, to_object
from tieline.utility.inventory.importing.problems import FileRefused
from tieline.utility.inventory.importing.rows import Known, Rows
from tieline.utility.inventory.model import Kind

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "mappings").glob("*.toml"))
SITE: dict[str, Any] = {"kind": "site", "name": "m", "columns": {"external_id": "id", "name": "name"}}


def rows(header: list[str], known: Known | None = None, **columns: Any) -> Rows:
    described = {**SITE, "columns": {**SITE["columns"], **columns}}
    return Rows(from_object(described), header, known or Known())


def values(made: Rows, cells: list[str]) -> dict[str, Any] | None:
    row = made.convert(2, cells)
    return None if row is None else dict(zip([spec.name for spec in made.specs], row[1:], strict=True))


def broken(made: Rows) -> list[tuple[str, str]]:
    return [(problem.field, problem.rule) for problem in made.problems.kept]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_mappings(path: Path) -> None:
    mapping = from_toml(path.read_text(encoding="utf-8"))
    assert from_object(to_object(mapping)) == mapping


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"columns": {"external_id": "id"}}, "name", "required"),
        ({"columns": {**SITE["columns"], "colour": "c"}}, "colour", "field"),
        ({"columns": {**SITE["columns"], "lat": {"from": "a", "const": 1}}}, "lat", "source"),
        ({"columns": {**SITE["columns"], "lat": {}}}, "lat", "source"),
        ({"columns": {**SITE["columns"], "lat": {"from": "a", "transform": "eval"}}}, "lat", "transform"),
        ({"kind": "card"}, "kind", "choice"),
        ({"kind": "thing"}, "mapping", "shape"),
        ({"extra": 1}, "mapping", "shape"),
        ({"format": {"encoding": "rot13"}}, "format.encoding", "choice"),
    ],
)
def test_mappings_that_make_no_sense(change: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        from_object({**SITE, **change})
    assert (field, rule) in [(problem.field, problem.rule) for problem in caught.value.problems]


def test_toml_that_is_none() -> None:
    with pytest.raises(Invalid, match="not TOML"):
        from_toml("kind = ")


def test_all_that_a_column_can_be() -> None:
    made = rows(
        ["id", "name", "level", "kv"],
        name={"from": "name", "transform": "title"},
        kind={"from": "level", "map": {"bsp": "bulk_supply_point"}, "default": "other"},
        voltage_kv={"from": "kv", "transform": "leading_number"},
        stand_in={"const": False},
        district={"join": ["level", "kv"], "with": "-"},
        region={"const": "R"},
    )
    row = values(made, [" 1 ", "one two", "bsp", "33/11"])
    assert row is not None
    picked = {
        name: row[name] for name in ("external_id", "name", "kind", "voltage_kv", "stand_in", "district", "region")
    }
    assert picked == {
        "external_id": "1",
        "name": "One Two",
        "kind": "bulk_supply_point",
        "voltage_kv": 33.0,
        "stand_in": False,
        "district": "bsp-33/11",
        "region": "R",
    }
    other = values(made, ["2", "x", "depot", ""])
    assert other is not None
    assert (other["kind"], other["voltage_kv"], other["district"]) == ("other", None, None)


def test_a_map_without_default_refuses_the_unknown() -> None:
    made = rows(["id", "name", "level"], kind={"from": "level", "map": {"bsp": "bulk_supply_point"}})
    assert values(made, ["1", "x", "depot"]) is None
    assert broken(made) == [("kind", "choice")]


def test_rows_are_chosen() -> None:
    described = {**SITE, "where": {"name": ["a", "b"]}}
    made = Rows(from_object(described), ["id", "name"], Known())
    assert [values(made, ["1", name]) is not None for name in "abc"] == [True, True, False]
    assert (made.skipped, made.problems.count) == (1, 0)


def test_every_bad_value_of_a_row_is_named() -> None:
    made = rows(["id", "name", "lat", "lon"], lat="lat", lon="lon")
    assert values(made, ["", "x" * 201, "91", "east"]) is None
    assert broken(made) == [("external_id", "required"), ("name", "length"), ("lat", "range"), ("lon", "format")]
    assert made.problems.bad_lines == 1
    assert values(made, ["1", "x", "50", ""]) is None
    assert broken(made)[-1] == ("lat", "position")


def test_columns_that_are_missing() -> None:
    with pytest.raises(FileRefused, match="None of the columns"):
        rows(["a", "b"])
    with pytest.raises(FileRefused, match="no column id"):
        rows(["name", "b"])
    described = {**SITE, "where": {"mcc": "234"}}
    with pytest.raises(FileRefused, match="no column mcc"):
        Rows(from_object(described), ["id", "name"], Known())
    made = rows(["id", "name", "b"], lat="lat", lon="lon")
    assert (made.missing, made.unknown) == (["lat", "lon"], ["b"])
    assert values(made, ["1", "x", "y"]) is not None


def test_a_column_that_the_file_lacks_leaves_its_field_alone() -> None:
    made = rows(["id", "name", "lat"], lat="lat", region={"from": "area", "default": "R"}, kind={"const": "primary"})
    assert made.mapped == ["external_id", "name", "kind", "lat"]
    row = values(made, ["1", "x", "50"])
    assert row is None
    assert broken(made) == [("lat", "position")]
    made.only({"id", "name"})
    assert (made.mapped, made.missing) == (["external_id", "name", "kind"], ["lat", "area"])


def test_a_column_that_is_read_may_not_come_twice() -> None:
    with pytest.raises(FileRefused, match="column name more than once"):
        rows(["id", "name", "name"])
    assert rows(["id", "name", "b", "b", ""]).unknown == ["b", ""]


def test_what_a_refusal_quotes_is_short_and_tame() -> None:
    with pytest.raises(FileRefused) as caught:
        rows(["a\0" + "x" * 10_000, *(f"c{n}" for n in range(1999))])
    assert "\0" not in str(caught.value.advice)
    assert len(str(caught.value.advice)) < 1000


def test_networks_of_the_operator() -> None:
    described = {
        "kind": "subscription",
        "name": "s",
        "columns": {"operator": "op", "operator_ref": "ref", "iccid": "iccid", "imsi": "imsi"},
    }
    made = Rows(from_object(described), ["op", "ref", "iccid", "imsi"], Known({"A": ["23415", "00101"], "B": []}))
    iccid = "8944100000000000018"
    outcomes = [
        made.convert(n, [op, str(n), iccid, imsi]) is not None
        for n, (op, imsi) in enumerate(
            [("A", "234150000000001"), ("A", "001010000000001"), ("A", "262010000000001"), ("B", "262010000000001")]
        )
    ]
    assert outcomes == [True, True, False, True]
    assert made.convert(9, ["C", "9", iccid, ""]) is None
    assert broken(made) == [("imsi", "plmn"), ("operator", "unknown_reference")]


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_any_row_is_taken_or_named(kind: Kind, data: st.DataObject) -> None:
    names = [spec.name for spec in KINDS[kind]]
    described = {"kind": kind, "name": "m", "columns": {name: name for name in names}}
    made = Rows(from_object(described), names, Known({"A": ["23415"]}, frozenset({"North"})))
    cells = data.draw(st.lists(st.text(max_size=20), min_size=len(names), max_size=len(names)))
    row = made.convert(7, cells)
    assert (row is None) == bool(made.problems.count)
    assert all(problem.line == 7 and problem.field in names for problem in made.problems.kept)
