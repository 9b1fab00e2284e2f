"""Logs: JSON lines with the request's id, from our code and from libraries, and no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tieline.platform import logs

SECRETS = {
    "token in a text": "used tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAA to call",
    "header": "Authorization: Bearer abcdefghijklmnop",
    "database": "postgresql://tieline:hunter2AAAA@db/tieline",
    "connection": "connection failed: password=hunter2AAAA host=db",
    "key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    logs.configure("warning")


def last(stream: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_a_line_is_json_with_level_time_logger_and_request(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("tieline.x").info("thing.done", count=3)
    line = last(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "thing.done", "count": 3, "request_id": "r-1", "level": "info", "logger": "tieline.x"}


def test_libraries_log_the_same_way_and_below_the_level_nothing_is_logged(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("told %s", "you")
    assert (last(lines)["event"], last(lines)["level"]) == ("told you", "warning")
    before = lines.getvalue()
    structlog.get_logger().debug("no")
    logging.getLogger("procrastinate.worker").info("no")
    assert lines.getvalue() == before


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_texts_that_look_like_secrets_are_taken_out_wherever_they_stand(lines: io.StringIO, text: str) -> None:
    structlog.get_logger().info(text, nested={"list": [text]}, other=ValueError(text))
    logging.getLogger("library").warning("said %s", text)
    structlog.get_logger().error("failed", exc_info=ValueError(text))
    assert logs.REDACTED in lines.getvalue()
    for secret in ("AAAA", "abcdefghijklmnop"):
        assert secret not in lines.getvalue()


@pytest.mark.parametrize("name", ["password", "new_password", "Cookie", "csrf_token", "client_secret", "database_url"])
def test_values_named_like_secrets_are_taken_out(lines: io.StringIO, name: str) -> None:
    structlog.get_logger().info("x", **{name: "visible?"}, body={name: ["visible?"]})
    assert "visible?" not in lines.getvalue()
    assert last(lines)["body"] == {name: logs.REDACTED}


def test_figures_stay_figures_and_depth_is_bounded(lines: io.StringIO) -> None:
    deep: Any = "tl_AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    for _ in range(40):
        deep = [deep]
    structlog.get_logger().info("x", figures=[1, 2.5, True, None], deep=deep)
    assert last(lines)["figures"] == [1, 2.5, True, None]
    assert "AAAA" not in lines.getvalue()


def test_text_form_for_people(lines: io.StringIO) -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    structlog.get_logger().info("thing.done", password="visible?")
    assert "thing.done" in stream.getvalue()
    assert "visible?" not in stream.getvalue()
    assert lines.getvalue() == ""
