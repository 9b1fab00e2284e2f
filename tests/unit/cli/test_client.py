"""The commands' REST client: a POST whose connection breaks is sent again under its key, and no other request is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tieline.cli import client as module
from tieline.cli.client import UNREPEATABLE, Client, Credentials
from tieline.cli.errors import CommandError, Exit
from tieline.platform.settings import Settings
from tieline.platform.web import create_app
from tieline.utility.application import registry

BROKEN = httpx.RemoteProtocolError("Server disconnected without sending a response.")
UNDER_WAY = httpx.Response(409, json={"code": "under-way", "detail": "It is still being done."})
DONE = httpx.Response(201, json={"id": 7})
Asked = list[httpx.Request]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Client, Asked]]:
    """A client whose tries end one after another as said, and what it asked."""
    monkeypatch.setattr(module, "PAUSES", (0.0,) * 4)

    def made(*ends: httpx.Response | Exception) -> tuple[Client, Asked]:
        left, asked = list(ends), []

        def answer(request: httpx.Request) -> httpx.Response:
            request.read()
            asked.append(request)
            end = left.pop(0)
            if isinstance(end, Exception):
                raise end
            return httpx.Response(end.status_code, content=end.content)

        client = Client(Credentials("http://tieline.test", "tl_x"))
        client._http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://tieline.test/api/v1")
        return client, asked

    return made


def keys(asked: Asked) -> list[str | None]:
    return [one.headers.get("Idempotency-Key") for one in asked]


def test_a_post_has_a_new_key_each_time(connected: Any) -> None:
    client, asked = connected(DONE, DONE)
    assert [client.post("/changes", {"title": "x"}) for _ in range(2)] == [{"id": 7}] * 2
    assert len(set(keys(asked))) == 2
    assert all(key.startswith('"') and key.endswith('"') and len(key) == 38 for key in keys(asked) if key)


def test_it_is_sent_again_under_its_key_until_there_is_an_answer(connected: Any) -> None:
    gone = httpx.ConnectError("Connection refused")
    client, asked = connected(BROKEN, gone, UNDER_WAY, DONE)
    assert client.post("/changes", {"title": "x"}) == {"id": 7}
    assert len(asked) == 4
    assert len(set(keys(asked))) == 1
    assert {one.content for one in asked} == {b'{"title":"x"}'}


def test_the_tries_are_bounded(connected: Any) -> None:
    client, asked = connected(*[BROKEN] * 6)
    with pytest.raises(CommandError) as raised:
        client.post("/changes", {})
    assert (raised.value.exit_code, len(asked)) == (Exit.UNREACHABLE, 5)


def test_a_file_is_sent_whole_each_time(connected: Any, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_text("a,b\n1,2\n")
    client, asked = connected(httpx.WriteError("Broken pipe"), DONE)
    assert client.upload("/imports", file, {"mode": "keep-good"}) == {"id": 7}
    assert len(set(keys(asked))) == 1
    assert all(b"a,b\n1,2\n" in one.content for one in asked)


@pytest.mark.parametrize("first", [httpx.ConnectError("Connection refused"), httpx.ReadTimeout("Too long")])
def test_where_nobody_is_there_or_nobody_answers_it_is_said_at_once(connected: Any, first: Exception) -> None:
    client, asked = connected(first, DONE)
    with pytest.raises(CommandError):
        client.post("/changes", {})
    assert len(asked) == 1


def test_a_conflict_of_another_kind_is_an_answer(connected: Any) -> None:
    client, asked = connected(BROKEN, httpx.Response(409, json={"code": "conflict", "detail": "It runs."}), DONE)
    with pytest.raises(CommandError, match="It runs"):
        client.post("/changes/1/start")
    assert len(asked) == 2


def test_what_cannot_be_repeated_has_no_key_and_is_sent_once(connected: Any) -> None:
    for path in sorted(UNREPEATABLE):
        client, asked = connected(BROKEN, DONE)
        with pytest.raises(CommandError):
            client.post(path, {})
        assert keys(asked) == [None]


def test_every_post_of_the_interface_takes_a_key_or_says_why_not() -> None:
    paths = create_app(Settings(), registry()).openapi()["paths"]
    posts = {path: calls["post"] for path, calls in paths.items() if "post" in calls}
    named = {path: {one["name"] for one in call.get("parameters", ())} for path, call in posts.items()}
    takes = {path for path, names in named.items() if "Idempotency-Key" in names}
    refuses = {path for path, call in posts.items() if call.get("x-unrepeatable")}
    assert takes | refuses == posts.keys()
    assert not takes & refuses
    assert refuses == {f"/api/v1{path}" for path in UNREPEATABLE}
    assert all({"409", "422"} <= posts[path]["responses"].keys() for path in takes)
