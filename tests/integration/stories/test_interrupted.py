"""A story that is told to end in the middle leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_story_that_is_interrupted_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    # Whoever starts the tests in the background has its children ignore an interrupt; a handled one is theirs to take.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "tieline", "story", "--sites", "20"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as story:  # noqa: S603
        assert story.stderr is not None
        for line in story.stderr:
            if "postgres" in line:
                break
        assert list(tmp_path.iterdir())
        story.send_signal(number)
        story.communicate(timeout=60)
    assert story.returncode != 0
    assert list(tmp_path.iterdir()) == []
