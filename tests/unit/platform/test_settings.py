"""Settings that would quietly do something else than they say are refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tieline.platform.settings import load


@pytest.mark.parametrize("given", ["CERTIFICATE", "KEY"])
def test_a_certificate_without_its_key_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TIELINE_TLS_{given}", "console.pem")
    with pytest.raises(ValidationError, match="TIELINE_TLS_CERTIFICATE and TIELINE_TLS_KEY"):
        load()


def test_a_certificate_with_its_key_makes_addresses_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_TLS_CERTIFICATE", "console.pem")
    monkeypatch.setenv("TIELINE_TLS_KEY", "console.key")
    assert (load().base_url, load().tls_key) == ("https://127.0.0.1:8400", Path("console.key"))
