"""The way in and out."""

import re

import pytest
from playwright.sync_api import Page, expect
from tools import served

pytestmark = pytest.mark.e2e


def test_a_wrong_password_is_said_calmly_and_the_name_stays(nobody: Page) -> None:
    nobody.goto("/sign-in")
    nobody.get_by_label("Name").fill("ada")
    nobody.get_by_label("Password").fill("wrong")
    nobody.get_by_role("button", name="Sign in").click()
    expect(nobody.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(nobody.get_by_label("Name")).to_have_value("ada")
    expect(nobody.get_by_label("Password")).to_be_focused()


def test_one_comes_to_the_page_that_was_asked_for_and_out_again(nobody: Page) -> None:
    nobody.goto("/sites?technology=4G")
    expect(nobody).to_have_url(re.compile("/sign-in"))
    nobody.get_by_label("Name").fill(served.ADMINISTRATOR)
    nobody.get_by_label("Password").fill(served.PASSWORD)
    nobody.keyboard.press("Enter")
    expect(nobody).to_have_url(re.compile(r"/sites\?technology=4G$"))
    nobody.locator("summary", has_text="Administrator").click()
    nobody.get_by_role("button", name="Sign out").click()
    expect(nobody.get_by_text("You are signed out.")).to_be_visible()
    nobody.goto("/sites")
    expect(nobody).to_have_url(re.compile("/sign-in"))
