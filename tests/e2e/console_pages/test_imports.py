"""An import from the file to the report, with rows that break rules."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.e2e

ROWS = """code,title,breite,lon,households,area
T-1,Testford <b>Mill</b>,45.8,-31.8,120,Testshire
T-2,Testford Quay,93.1,-31.8,80,Testshire
T-3,Testford Green,45.9,-31.9,many,Testshire
T-1,Testford again,45.9,-31.9,5,Testshire
T-4,"=HYPERLINK(""http://x"")",46.0,-32.0,12,Testshire
"""
"""In the middle of the invented country: further tests look at the map of the same console."""


def test_good_rows_are_kept_and_bad_ones_are_told_by_line_field_and_rule(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_text(ROWS, "utf-8")
    page.goto("/imports/new?kind=site")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_label(re.compile("^External id"))).to_have_value("code")
    expect(page.get_by_label(re.compile("^Name"))).to_have_value("title")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".state-line")).to_contain_text("A dry run; nothing was taken", timeout=20_000)
    report = page.locator("#problems tbody tr")
    lines = {row.locator("td[data-col=line]").inner_text().strip() for row in report.all()}
    assert {"3", "4"} <= lines
    expect(report.filter(has_text="93.1").locator("td[data-col=field]")).to_have_text("lat")
    page.goto("/sites?q=testford")
    expect(page.get_by_text("No site matches these filters")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name=re.compile("Take the .* good row")).click()
    page.get_by_role("button", name="Take them").click()
    expect(page.locator(".state-line")).to_contain_text("2 new", timeout=20_000)
    page.goto("/sites?region=Testshire")
    expect(page.get_by_text("Testford <b>Mill</b>")).to_be_visible()
    expect(page.get_by_text('=HYPERLINK("http://x")')).to_be_visible()


def test_a_file_that_is_none_is_refused_where_it_was_chosen(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "picture.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    page.goto("/imports/new")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".field .error")).to_be_visible()


def test_nothing_chosen_is_said_in_place(page: Page) -> None:
    page.goto("/imports/new")
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".field .error")).to_have_text("Choose a file first.")
