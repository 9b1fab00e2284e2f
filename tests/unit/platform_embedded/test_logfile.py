"""Output of children is kept whole, in order, and within bounds."""

import os
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tieline.platform.embedded.logfile import LogFile, Pump


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=40), st.integers(10, 60))
def test_files_read_from_the_oldest_are_the_end_of_what_was_written(chunks: list[bytes], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "child.log")
        log = LogFile(path, limit=limit, keep=3)
        for chunk in chunks:
            log.write(chunk)
        log.close()
        files = [path.with_name(f"child.log.{number}") for number in (3, 2, 1)] + [path]
        kept = [file.read_bytes() for file in files if file.exists()]
        assert len(list(Path(folder).iterdir())) <= 4
        assert all(len(text) <= max(limit, 40) for text in kept)
        assert b"".join(chunks).endswith(b"".join(kept))
        if sum(map(len, chunks)) <= limit:
            assert b"".join(kept) == b"".join(chunks)


def test_an_existing_file_is_continued(tmp_path: Path) -> None:
    (tmp_path / "child.log").write_bytes(b"before\n")
    log = LogFile(tmp_path / "child.log", limit=10)
    log.write(b"after\n")
    assert log.last_lines(5) == "before\nafter"
    assert (tmp_path / "child.log.1").read_bytes() == b"before\n"
    log.close()


def test_a_pump_ends_when_the_last_writer_closes(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    pump = Pump(reader, LogFile(tmp_path / "child.log"))
    pump.start()
    os.write(writer, b"\xff not text, kept all the same\n")
    os.close(writer)
    pump.join(5)
    assert not pump.is_alive()
    assert (tmp_path / "child.log").read_bytes() == b"\xff not text, kept all the same\n"
