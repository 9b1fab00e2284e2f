"""What is said over TMF635 is what the published interface describes."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from jsonschema import Draft4Validator, FormatChecker

from tieline.standards.tmf.usage import (
    BASE_PATH,
    RelatedParty,
    Specification,
    Stretch,
    Usage,
    UsageCharacteristic,
    UsageSpecificationRef,
    UsageStatus,
    Volume,
    read_stretches,
    usage_of,
)

FILE = "TMF635-UsageManagement-v4.0.0.swagger.json"
ROOT = f"https://gateway.example{BASE_PATH}"
MONTH = Stretch(
    "A-1", date(2026, 10, 1), (Volume(1_200, 3_400, 2), None, Volume(0, 0)), datetime(2026, 11, 1, 2, 0, 0, 5, UTC)
)
DAY = Stretch("A-1", date(2026, 10, 31), (Volume(1_200, 3_400, 2),), datetime(2026, 11, 1, 2, tzinfo=UTC))
CASES = ((Specification.MONTH, MONTH), (Specification.DAY, DAY))
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_COMMON = {"@type", "@baseType", "@schemaLocation"}
PUBLISHED: dict[type[msgspec.Struct], set[str]] = {
    Usage: _COMMON
    | {"id", "href", "description", "usageDate", "usageType", "status"}
    | {"ratedProductUsage", "relatedParty", "usageCharacteristic", "usageSpecification"},
    UsageCharacteristic: _COMMON | {"id", "name", "value", "valueType", "characteristicRelationship"},
    RelatedParty: _COMMON | {"id", "href", "name", "role", "@referredType"},
    UsageSpecificationRef: _COMMON | {"id", "href", "name", "@referredType"},
}
"""The members that the published interface has; ``lastUpdate`` of a record is ours."""


def message(specification: Specification, stretch: Stretch) -> dict[str, Any]:
    record = usage_of(stretch, specification, party="DSO", root=ROOT, description="simulated")
    return dict(json.loads(msgspec.json.encode(record)))


@pytest.fixture(scope="module")
def published(standards_folder: Path) -> dict[str, Any]:
    path = standards_folder / "tmforum" / FILE
    if not path.is_file():
        pytest.skip(f"TIELINE_STANDARDS has no tmforum/{FILE}")
    return dict(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize(("specification", "stretch"), CASES)
def test_a_record_is_a_usage_of_the_published_interface(
    published: dict[str, Any], specification: Specification, stretch: Stretch
) -> None:
    formats = FormatChecker(formats=[])
    formats.checks("date-time")(lambda value: bool(_RFC_3339.fullmatch(str(value))))
    formats.checks("uri")(lambda value: bool(urlsplit(str(value)).scheme))
    schema = {"$ref": "#/definitions/Usage", "definitions": published["definitions"]}
    found = message(specification, stretch)
    assert not [error.message for error in Draft4Validator(schema, format_checker=formats).iter_errors(found)]
    assert f"{published['basePath'].rstrip('/')}" == BASE_PATH.rstrip("/")


def test_the_published_members_are_those_that_we_know(published: dict[str, Any]) -> None:
    definitions = published["definitions"]
    for struct, members in PUBLISHED.items():
        assert set(definitions[struct.__name__]["properties"]) == members
    assert {one.value for one in UsageStatus} == set(definitions["UsageStatusType"]["enum"])


def test_nothing_is_said_that_the_published_interface_does_not_have() -> None:
    for struct, members in PUBLISHED.items():
        ours = {one.encode_name for one in msgspec.structs.fields(struct)}
        assert ours - members == ({"lastUpdate"} if struct is Usage else set())


@pytest.mark.parametrize(("specification", "stretch"), CASES)
def test_a_record_is_read_as_it_was_written(specification: Specification, stretch: Stretch) -> None:
    found, wrong = read_stretches(json.dumps([message(specification, stretch)]).encode())
    assert (found, wrong) == ([stretch], [])
