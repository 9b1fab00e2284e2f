"""The command: see the package."""

import argparse
import sys
from collections.abc import Sequence

from tools.reference.pages import FOLDER, PAGES


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.reference", description="Pages made from the code.")
    parser.add_argument("--check", action="store_true", help="compare only; code 1 if a page is out of step")
    check = parser.parse_args(arguments).check
    behind = []
    for name, page in PAGES.items():
        file, text = FOLDER / name, page()
        if check and (not file.is_file() or file.read_text("utf-8") != text):
            behind.append(name)
        elif not check:
            file.write_text(text, encoding="utf-8")
    if behind:
        print(f"Not what the code says: {', '.join(behind)}; run: python -m tools.reference")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
