"""Encrypted values: only the same key and purpose read them, and nothing altered is read."""

import stat
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tieline.platform.secrets import SecretError, Secrets

KEY = Secrets(bytes(range(32)))


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_value_comes_back_for_its_purpose(value: str, purpose: str) -> None:
    sealed = KEY.encrypt(value, purpose)
    assert KEY.decrypt(sealed, purpose) == value
    assert sealed != KEY.encrypt(value, purpose)
    with pytest.raises(SecretError):
        KEY.decrypt(sealed, purpose + "x")


@given(st.integers(min_value=3), st.characters(codec="ascii"))
def test_an_altered_value_is_refused(place: int, character: str) -> None:
    sealed = KEY.encrypt("the operator's token", "p")
    at = 3 + place % (len(sealed) - 3)
    altered = sealed[:at] + character + sealed[at + 1 :]
    assume(altered != sealed)
    with pytest.raises(SecretError):
        KEY.decrypt(altered, "p")


@pytest.mark.parametrize("sealed", ["", "v1.", "v1.####", "v2.abcd", "plain"])
def test_what_we_did_not_encrypt_is_refused(sealed: str) -> None:
    with pytest.raises(SecretError):
        KEY.decrypt(sealed, "p")


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    sealed = Secrets.load(tmp_path).encrypt("x", "p")
    assert Secrets.load(tmp_path).decrypt(sealed, "p") == "x"
    assert stat.S_IMODE((tmp_path / "keys" / "values.key").stat().st_mode) == 0o600
    with pytest.raises(SecretError):
        Secrets(b"short")
