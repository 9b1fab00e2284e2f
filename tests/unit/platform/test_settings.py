"""Settings that would quietly do something else than they say are refused."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from tieline.gateway.settings import GatewaySettings
from tieline.platform.settings import Settings, load


@pytest.mark.parametrize("given", ["CERTIFICATE", "KEY"])
def test_a_certificate_without_its_key_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TIELINE_TLS_{given}", "console.pem")
    with pytest.raises(ValidationError, match="TIELINE_TLS_CERTIFICATE and TIELINE_TLS_KEY"):
        load()


def test_a_certificate_with_its_key_makes_addresses_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIELINE_TLS_CERTIFICATE", "console.pem")
    monkeypatch.setenv("TIELINE_TLS_KEY", "console.key")
    assert (load().base_url, load().tls_key) == ("https://127.0.0.1:8400", Path("console.key"))


WRONG = [
    "siem.example",
    "https://siem.example",
    "tls://",
    "tls://siem:70000",
    "tls://siem:6514/x",
    "tcp://siem?x=1",
    "tls://[",
]


@pytest.mark.parametrize("url", WRONG)
def test_a_receiver_of_the_audit_trail_that_is_none_is_found_out_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="siem_url"):
        Settings(siem_url=url)
    with pytest.raises(ValidationError, match="siem_url"):
        GatewaySettings(siem_url=url, database_url=SecretStr("postgresql:///gateway"))


@pytest.mark.parametrize("url", ["", "tls://siem.example", "udp://[fd00::1]:514", "tcp://10.0.0.1:601/"])
def test_receivers_of_the_audit_trail(url: str) -> None:
    assert Settings(siem_url=url).siem_url == url
