"""What is said over TMF655 is what the published interface describes; and its traps, each shown."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from jsonschema import Draft4Validator, Draft202012Validator, FormatChecker

from tieline.gateway.desk.model import Answer, Kind, Notice, State
from tieline.gateway.desk.resources import event, resource
from tieline.standards.tmf.announcements import CLASSES, read_change, schema_of
from tieline.standards.tmf.change import (
    BASE_PATH,
    EventType,
    Note,
    RelatedEntity,
    Status,
    Subscription,
    SubscriptionRequest,
    Update,
    read_event,
)
from tieline.standards.tmf.errors import TmfError, error_body

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
AT = datetime(2026, 11, 27, 9, 30, 0, 123456, UTC)
ROOT = f"https://gateway.example{BASE_PATH}"
AREAS: tuple[dict[str, Any], ...] = (
    {"@type": "WholeNetwork"},
    {"@type": "Regions", "region": ["North", "South West"]},
    {"@type": "PostcodeAreas", "postcodeArea": ["CF", "CF10", "10"]},
    {"@type": "Cells", "cell": ["3G-1-2"]},
    {"@type": "GeoJsonPolygon", "geoJson": {"type": "Polygon", "coordinates": [[[0, 50], [1, 50], [1, 51], [0, 50]]]}},
)


class Published:
    """The definitions of the published interface (Swagger 2.0)."""

    def __init__(self, folder: Path) -> None:
        text = (folder / "tmforum" / "TMF655_Change_Management_API_v4.0.0_swagger.json").read_text("utf-8")
        self.document = json.loads(text)
        self._formats = FormatChecker(formats=[])
        self._formats.checks("date-time")(lambda value: bool(_RFC_3339.fullmatch(str(value))))
        self._formats.checks("uri")(lambda value: bool(urlsplit(str(value)).scheme))

    def errors(self, name: str, message: bytes | dict[str, Any]) -> list[str]:
        schema = {"$ref": f"#/definitions/{name}", "definitions": self.document["definitions"]}
        found = json.loads(message) if isinstance(message, bytes) else message
        validator = Draft4Validator(schema, format_checker=self._formats)
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(found)]


@pytest.fixture(scope="module")
def published(standards_folder: Path) -> Published:
    if not (standards_folder / "tmforum").is_dir():
        pytest.skip("TIELINE_STANDARDS has no folder tmforum")
    return Published(standards_folder)


def notice(kind: Kind = Kind.PHASE_OUT, *, state: State = State.PUBLISHED, approval: bool = False) -> Notice:
    phases = [
        {
            "id": f"p{number}",
            "name": f"Phase {number}",
            "period": {"startDateTime": "2027-05-01T00:00:00Z", "endDateTime": "2027-06-01T00:00:00Z"},
            "area": area,
        }
        for number, area in enumerate(AREAS)
    ]
    content = {"title": "The end of 3G", "description": "All of it.", "priority": "high", "phases": phases}
    return Notice(
        id=1,
        ref="3G-2027",
        kind=kind,
        state=state,
        approval=approval,
        audience=None,
        draft=None,
        content={**content, "technology": "3G" if kind is Kind.PHASE_OUT else None},
        revision=2,
        reason="As agreed.",
        published_at=AT,
        updated_at=AT,
        updated_by="staff:jane",
    )


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("state", [State.PUBLISHED, State.WITHDRAWN])
def test_notices_are_change_requests(published: Published, kind: Kind, state: State) -> None:
    said = {"text": "Fine.", "author": "U1", "date": "2026-11-27T09:30:00Z"}
    answer = Answer("approved", 2, "Fine.", (said,), AT)
    for shown in (resource(notice(kind, state=state), None, ROOT), resource(notice(kind, approval=True), answer, ROOT)):
        assert published.errors("ChangeRequest", shown) == []
        again = read_change(msgspec.json.encode(shown))
        assert msgspec.to_builtins(again) == shown


@pytest.mark.parametrize("kind", list(EventType))
def test_events(published: Published, kind: EventType) -> None:
    body = msgspec.json.encode(event(kind, resource(notice(), None, ROOT), AT, "Announced: The end of 3G"))
    assert published.errors(kind.value, body) == []
    found = read_event(body)
    assert (found.event_type, found.event_time) == (kind, AT)
    assert f"/listener/{kind[0].lower()}{kind[1:]}" in published.document["paths"]


def test_our_answer_is_an_update_and_repeats_what_the_schema_requires(published: Published) -> None:
    target = RelatedEntity(id="UTRA", name="3G", role="affected", referred_type="RadioAccessTechnology")
    update = Update(
        status=Status.REJECTED,
        target_entity=[target],
        status_change_reason="Too early.",
        note=[Note(text="Too early.", author="mara")],
        revision=2,
    )
    assert published.errors("ChangeRequest_Update", msgspec.json.encode(update)) == []
    bare = msgspec.json.encode(Update(status=Status.REJECTED))
    assert published.errors("ChangeRequest_Update", bare) == ["$: 'targetEntity' is a required property"]


def test_the_hub_and_errors(published: Published) -> None:
    asked = SubscriptionRequest(callback="https://utility.example/in", query="eventType=ChangeRequestCreateEvent")
    assert published.errors("EventSubscriptionInput", msgspec.json.encode(asked)) == []
    made = Subscription(id="7", callback=asked.callback, query=asked.query)
    assert published.errors("EventSubscription", msgspec.json.encode(made)) == []
    refused = error_body(TmfError("No.", code="notAsked", status=409, field="status"))
    assert published.errors("Error", msgspec.json.encode(refused)) == []
    assert json.loads(msgspec.json.encode(refused))["status"] == "409"


def test_statuses_and_paths_are_those_published(published: Published) -> None:
    statuses = published.document["definitions"]["ChangeRequestStatusType"]["enum"]
    assert {status.value for status in Status} == set(statuses)
    assert published.document["basePath"].rstrip("/") == BASE_PATH
    for path in ("/changeRequest", "/changeRequest/{id}", "/hub", "/hub/{id}"):
        assert path in published.document["paths"]


@pytest.mark.parametrize("name", CLASSES)
def test_what_schema_location_leads_to_describes_what_is_sent(name: str) -> None:
    schema = schema_of(name)
    assert schema is not None
    kind = Kind.PHASE_OUT if name == "TechnologyPhaseOut" else Kind.PLANNED_WORK
    shown = resource(notice(kind), None, ROOT)
    assert shown["@schemaLocation"] == f"{ROOT}/schema/{name}.schema.json"
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(shown)] == []
    assert not validator.is_valid({**shown, "phase": []})
    assert not validator.is_valid({**shown, "revision": 0})
