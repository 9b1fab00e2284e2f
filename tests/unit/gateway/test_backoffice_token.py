"""The back office's token: made once, its owner's alone; and where the back office listens unless told otherwise."""

import ipaddress
import stat
from pathlib import Path

import pytest

from tieline.gateway.application import token_of
from tieline.gateway.settings import GatewaySettings


def settings(token: Path) -> GatewaySettings:
    return GatewaySettings(database_url="postgresql://nowhere/x", backoffice_token_file=token)


def test_the_token_is_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "gateway" / "token"
    first = token_of(settings(file))
    assert len(first) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token_of(settings(file)) == first
    assert token_of(settings(tmp_path / "other")) != first


def test_the_back_office_stays_on_the_machine_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIELINE_GATEWAY_BACKOFFICE_HOST", raising=False)
    assert ipaddress.ip_address(settings(tmp_path / "token").backoffice_host).is_loopback
