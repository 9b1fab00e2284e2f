"""The benchmark's own arithmetic."""

import json
from pathlib import Path

import pytest
from benchmarks.harness import Bar, Report, percentile, save, table


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_percentiles_are_nearest_rank(share: float, expected: int) -> None:
    assert percentile(list(range(1, 101)), share) == expected


def test_a_bar_says_whether_it_is_met_and_the_table_shows_it() -> None:
    report = Report("row")
    report.add("time", "s", [3, 1, 2], bar=Bar("at_most", 2))
    report.add("rate", "1/s", [5], bar=Bar("at_least", 6), note="slow")
    assert [figure.verdict for figure in report.figures] == ["met", "missed"]
    assert "| row | time | 2 s | ≤ 2 | met |" in table([report])
    assert "rate (slow)" in table([report])


def test_saving_keeps_the_rows_that_were_not_run(tmp_path: Path) -> None:
    for name in ("first", "second"):
        report = Report(name)
        report.add("time", "s", [1.5, 2.5])
        save([report], tmp_path / "bench.json")
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert set(kept["rows"]) == {"first", "second"}
    assert kept["rows"]["first"]["figures"][0]["samples"] == [1.5, 2.5]
    assert kept["machine"]["cores"] >= 1
