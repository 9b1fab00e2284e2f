"""The supervisor with real children: order, restarts, stops, and no process left behind."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tieline.platform.embedded import Child, EmbeddedError, EmbeddedPostgres, Event, State, Supervisor, processes

# Children that wait to be ended; the alarm ends them if nobody does.
IDLE = "import signal; signal.alarm(600); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {IDLE}"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {IDLE!r}])"

WHOLE_TREE = """
import pathlib, sys, threading
from tieline.platform.embedded import Child, EmbeddedPostgres, Supervisor
home = pathlib.Path(sys.argv[1])
supervisor = Supervisor(home / "logs", tell=lambda event: print(event.part, event.state, flush=True))
supervisor.add_server("postgres", EmbeddedPostgres(home))
supervisor.add(Child("idle", [sys.executable, "-c", sys.argv[3]], after=("postgres",)))
supervisor.add(Child("stubborn", [sys.executable, "-c", sys.argv[2]], stop_seconds=300))
def up():
    print("pids", *(supervisor.pid(name) for name in ("postgres", "idle", "stubborn")), flush=True)
sys.exit(supervisor.run(up))
"""


class Journal:
    """The events of a supervisor, to wait for and to look at afterwards."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def index(self, part: str, state: State) -> int:
        return [(event.part, event.state) for event in self.events].index((part, state))

    def count(self, part: str, state: State) -> int:
        return [(event.part, event.state) for event in self.events].count((part, state))

    def text(self, part: str, state: State) -> str:
        return self.events[self.index(part, state)].text


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def supervisor(tmp_path: Path, journal: Journal) -> Supervisor:
    return Supervisor(tmp_path / "logs", tell=journal)


def python(name: str, code: str, **options: object) -> Child:
    return Child(name, [sys.executable, "-c", code], **options)  # type: ignore[arg-type]


def wait(condition: Callable[[], bool]) -> None:
    assert processes.wait_until(condition, 30)


def pid_of(supervisor: Supervisor, name: str) -> int:
    pid = supervisor.pid(name)
    assert pid is not None
    return pid


def test_parts_start_after_what_they_depend_on_and_stop_before_it(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.add(python("base", IDLE))
    supervisor.add(python("load", "print('loaded')", once=True, after=("base",)))
    supervisor.add(python("top", IDLE, after=("base", "load")))
    with supervisor:
        assert journal.index("base", State.READY) < journal.index("load", State.STARTING)
        assert journal.index("load", State.DONE) < journal.index("top", State.STARTING)
    assert journal.index("top", State.STOPPED) < journal.index("base", State.STOPPING)


def test_http_readiness_waits_until_the_child_answers_200(supervisor: Supervisor) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "import http.server as h, os, sys\n"
        "class H(h.BaseHTTPRequestHandler):\n"
        "    asked = 0\n"
        "    def do_GET(self):\n"
        "        H.asked += 1\n"
        "        self.send_response(200 if H.asked > 2 and self.path == '/health/ready' else 503)\n"
        "        self.end_headers()\n"
        "h.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    url = f"http://127.0.0.1:{port}/health/ready"
    supervisor.add(python("web", code, env=lambda: {"PORT": str(port)}, ready=url))
    with supervisor:
        assert supervisor.state("web") is State.READY


def test_a_child_that_crashes_is_started_again(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.add(python("worker", IDLE))
    with supervisor:
        for round_number in (1, 2):
            first = pid_of(supervisor, "worker")
            os.kill(first, signal.SIGKILL)
            wait(lambda: journal.count("worker", State.READY) == round_number + 1)  # noqa: B023 - called at once
            assert supervisor.pid("worker") != first
    pauses = [event.text for event in journal.events if event.state is State.PAUSED]
    assert pauses == [
        "was ended by SIGKILL; starting it again in 0.2 s",
        "was ended by SIGKILL; starting it again in 0.4 s",
    ]


def test_a_child_that_fails_at_its_start_stops_all_and_shows_its_last_words(supervisor: Supervisor) -> None:
    supervisor.add(python("good", IDLE))
    supervisor.add(python("bad", "print('port 8400 is taken'); raise SystemExit(3)", ready=lambda: False))
    with pytest.raises(EmbeddedError, match=r"bad ended with code 3\nport 8400 is taken"):
        supervisor.start()
    assert supervisor.pid("good") is None


def test_a_task_that_fails_fails_the_start(supervisor: Supervisor) -> None:
    supervisor.add(python("load", "raise SystemExit('no such file')", once=True))
    with pytest.raises(EmbeddedError, match=r"load ended with code 1\nno such file"):
        supervisor.start()


def test_a_program_that_does_not_exist_fails_the_start(supervisor: Supervisor) -> None:
    supervisor.add(Child("ghost", ["/no/such/program"], ready=lambda: False))
    with pytest.raises(EmbeddedError, match=r"ghost ended with code 1\n(.*\n)*.*No such file or directory"):
        supervisor.start()


def test_a_child_that_is_never_ready_is_ended(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.add(python("slow", STUBBORN, ready=lambda: False, ready_seconds=0.5))
    with pytest.raises(EmbeddedError, match=r"slow was not ready within 0.5 s\nup"):
        supervisor.start()
    assert supervisor.pid("slow") is None
    assert journal.count("slow", State.READY) == 0


def test_a_child_that_does_not_heed_the_stop_is_killed(
    supervisor: Supervisor, journal: Journal, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "stubborn.log"
    supervisor.add(python("stubborn", STUBBORN, stop_seconds=0.3, ready=lambda: log.read_text() == "up\n"))
    with supervisor:
        pid = pid_of(supervisor, "stubborn")
    assert not processes.alive(pid)
    assert journal.text("stubborn", State.STOPPED) == "was ended by SIGKILL"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_a_child_left_in_its_group_ends_with_it(supervisor: Supervisor) -> None:
    supervisor.add(python("parent", PARENT))
    with supervisor:
        group = pid_of(supervisor, "parent")
        wait(lambda: len(members(group)) == 2)
    wait(lambda: not members(group))


def members(group: int) -> list[int]:
    """Return the living processes of a group: the fifth field of /proc/<pid>/stat."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, _parent, of = entry.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found.append(int(entry.parent.name))
    return found


def test_output_goes_to_a_log_file(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(python("talker", "import sys; print('one'); print('two', file=sys.stderr)", once=True))
    with supervisor:
        assert (tmp_path / "logs" / "talker.log").read_text() == "one\ntwo\n"


def test_declarations_that_make_no_sense_are_refused(supervisor: Supervisor) -> None:
    supervisor.add(python("one", IDLE))
    with pytest.raises(ValueError, match="declared twice"):
        supervisor.add(python("one", IDLE))
    with pytest.raises(ValueError, match="'ghost'"):
        supervisor.add(python("two", IDLE, after=("ghost",)))


def test_a_listener_that_fails_ends_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda what: seen.append(str(what.exc_value)))

    def listen(event: Event) -> None:
        if event.state is State.READY:
            raise RuntimeError("broken terminal")

    supervisor = Supervisor(tmp_path / "logs", tell=listen)
    supervisor.add(python("one", IDLE))
    with pytest.raises(EmbeddedError, match="supervisor itself failed"):
        supervisor.start()
    assert seen == ["broken terminal"]
    assert supervisor.pid("one") is None


def test_a_part_that_fell_waits_for_what_it_depends_on(supervisor: Supervisor, journal: Journal) -> None:
    supervisor.add(python("base", IDLE))
    supervisor.add(python("top", IDLE, after=("base",)))
    with supervisor:
        for count in range(1, 4):  # so that its pause grows to 0.8 s, while that of top is 0.2 s
            os.kill(pid_of(supervisor, "base"), signal.SIGKILL)
            if count == 3:
                os.kill(pid_of(supervisor, "top"), signal.SIGKILL)
            wait(lambda: journal.count("base", State.READY) == count + 1)  # noqa: B023 - called at once
        wait(lambda: journal.count("top", State.READY) == 2)
    told = [(event.part, event.state) for event in journal.events]
    again = len(told) - told[::-1].index(("top", State.STARTING))
    assert told[:again].count(("base", State.READY)) == 4


def test_postgres_that_is_killed_comes_back_at_the_same_address(
    supervisor: Supervisor, journal: Journal, tmp_path: Path
) -> None:
    server = EmbeddedPostgres(tmp_path, durable=False)
    supervisor.add_server("postgres", server)
    with supervisor:
        url = server.ensure_database("utility")
        os.kill(pid_of(supervisor, "postgres"), signal.SIGKILL)
        wait(lambda: journal.count("postgres", State.READY) == 2)
        psycopg.connect(url).close()
    assert server.pid is None


def start_tree(home: Path) -> tuple[subprocess.Popen[str], list[int]]:
    tree = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", WHOLE_TREE, str(home), STUBBORN, IDLE], stdout=subprocess.PIPE, text=True
    )
    assert tree.stdout is not None
    for line in tree.stdout:
        if line.startswith("pids"):
            break
    else:
        pytest.fail("the tree did not come up")
    wait(lambda: (home / "logs" / "stubborn.log").read_text() == "up\n")
    return tree, [int(number) for number in re.findall(r"\d+", line)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_hastens_the_stop_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    tree, pids = start_tree(tmp_path)
    tree.send_signal(number)
    assert tree.stdout is not None
    for line in tree.stdout:
        if line == "stubborn stopping\n":
            break
    tree.send_signal(number)  # it would otherwise be given 300 s
    rest = tree.communicate(timeout=60)[0]
    assert tree.returncode == 0
    assert "postgres stopped" in rest
    assert not [pid for pid in pids if processes.alive(pid)]
    assert not processes.all_in(tmp_path / "postgres" / "data")


def test_a_supervisor_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    tree, pids = start_tree(tmp_path)
    tree.kill()
    tree.communicate()
    wait(lambda: not [pid for pid in pids if processes.alive(pid)])
    wait(lambda: not processes.all_in(tmp_path / "postgres" / "data"))
