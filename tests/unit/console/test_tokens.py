"""Contrast of the design tokens, computed as WCAG 2.2 defines it (relative luminance, contrast ratio)."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "src/tieline/console/assets/css/tokens.css"
PAIR = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)", re.IGNORECASE)
STATES = ("ok", "busy", "warn", "bad", "held", "off", "unknown")
GROUNDS = ("canvas", "surface", "raised", "hover")
THEMES = ("light", "dark")


def tokens(theme: str) -> dict[str, str]:
    found = PAIR.findall(TOKENS.read_text("utf-8"))
    return {name: light if theme == "light" else dark for name, light, dark in found}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_arithmetic_against_the_figures_of_the_recommendation() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", [*GROUNDS, "sunken", "accent-tint"])
@pytest.mark.parametrize("text", ["text", "text-2", "text-3", "accent", "accent-strong"])
def test_text_is_legible_on_every_surface(theme: str, ground: str, text: str) -> None:
    colours = tokens(theme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", STATES)
def test_state_text_is_legible_on_its_tint_and_on_surfaces(theme: str, state: str) -> None:
    colours = tokens(theme)
    for ground in (f"{state}-bg", *GROUNDS):
        assert contrast(colours[f"{state}-fg"], colours[ground]) >= 4.5, ground


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", STATES)
def test_state_marks_stand_out_from_what_they_lie_on(theme: str, state: str) -> None:
    colours = tokens(theme)
    for ground in ("surface", "canvas", "map-land", "map-water", "sunken"):
        assert contrast(colours[f"{state}-fill"], colours[ground]) >= 3, ground


@pytest.mark.parametrize("theme", THEMES)
def test_controls_and_buttons(theme: str) -> None:
    colours = tokens(theme)
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    assert contrast(colours["on-accent"], colours["accent-strong"]) >= 4.5
    for ground in ("surface", "canvas", "raised"):
        assert contrast(colours["control"], colours[ground]) >= 3, ground
        assert contrast(colours["accent"], colours[ground]) >= 3, ground


@pytest.mark.parametrize("theme", THEMES)
def test_older_and_newer_kinds_differ_in_lightness(theme: str) -> None:
    colours = tokens(theme)
    ramp = [luminance(colours[f"ramp-{step}"]) for step in range(1, 6)]
    assert ramp == sorted(ramp, reverse=theme == "light")
    assert all(contrast(colours[f"ramp-{n}"], colours[f"ramp-{n + 1}"]) >= 1.25 for n in range(1, 5))
