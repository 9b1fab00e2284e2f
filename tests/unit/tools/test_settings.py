"""The reference page of the settings says what the fields say."""

from typing import Literal

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings
from tools import settings

from tieline.gateway.settings import GatewaySettings
from tieline.platform.settings import Settings


def test_the_page_is_what_the_fields_say() -> None:
    assert settings.PAGE.read_text("utf-8") == settings.page(), "run: python -m tools.settings"


def test_every_setting_has_a_row_with_a_sentence() -> None:
    rows = [line.split(" | ") for line in settings.page().splitlines() if line.startswith("| `TIELINE_")]
    named = {row[0].strip("| `"): row[-1].strip(" |") for row in rows}
    for prefix, kind in (("TIELINE_", Settings), ("TIELINE_GATEWAY_", GatewaySettings)):
        for name in kind.model_fields:
            assert named[prefix + name.upper()], name


def test_defaults_and_bounds_are_told_in_words() -> None:
    class Some(BaseSettings):
        share: float = Field(0.5, gt=0, le=1)
        word: Literal["a", "b"] = Field("a")
        secret: SecretStr | None = Field(None)
        needed: str = Field(max_length=9)

    told = {name: (settings.default_of(one), settings.bounds_of(one)) for name, one in Some.model_fields.items()}
    assert told == {
        "share": ("`0.5`", "number, > 0, ≤ 1"),
        "word": ("`a`", "`a`, `b`"),
        "secret": ("–", "secret text"),
        "needed": ("none: must be set", "text, at most 9 characters"),
    }


def test_a_bound_that_the_page_could_not_tell_is_an_error() -> None:
    class Odd(BaseSettings):
        even: int = Field(2, multiple_of=2)

    with pytest.raises(ValueError, match="cannot say"):
        settings.bounds_of(Odd.model_fields["even"])
