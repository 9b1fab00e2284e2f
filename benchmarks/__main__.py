"""``python -m benchmarks [ROW …]``: run rows, print the table, write ``bench.json``."""

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks import harness, rows


def main() -> int:
    """Run the rows named on the command line, or all; the exit code says whether each bar was met."""
    for module in pkgutil.iter_modules(rows.__path__):
        importlib.import_module(f"{rows.__name__}.{module.name}")
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("row", nargs="*", help=f"one of: {', '.join(sorted(harness.ROWS))}")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    unknown = sorted(set(options.row) - set(harness.ROWS))
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}")
    reports = []
    for name in options.row or sorted(harness.ROWS):
        what, run = harness.ROWS[name]
        print(f"… {name}: {what}", file=sys.stderr, flush=True)
        report = harness.Report(name)
        run(report)
        reports.append(report)
        harness.save([report], options.out)
    print(harness.table(reports))
    return int(any(figure.verdict == "missed" for report in reports for figure in report.figures))


if __name__ == "__main__":
    sys.exit(main())
