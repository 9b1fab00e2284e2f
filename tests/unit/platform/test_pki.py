"""The development authority: what it issues, to whom, for how long, and how privately."""

import multiprocessing
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tieline.platform.clock import SetClock
from tieline.platform.pki import Authority, client_context, server_context


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_server_gets_the_local_names_and_a_private_key(tmp_path: Path) -> None:
    credential = Authority(tmp_path / "pki").server("gateway-a")
    names = load(credential.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    for key in (credential.key, tmp_path / "pki" / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "pki").stat().st_mode) == 0o700


def test_usages_differ_and_openssl_agrees_with_the_chain(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    for credential, usage, purpose in (
        (authority.server("s"), ExtendedKeyUsageOID.SERVER_AUTH, "sslserver"),
        (authority.client("c"), ExtendedKeyUsageOID.CLIENT_AUTH, "sslclient"),
    ):
        extension = load(credential.certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert list(extension.value) == [usage]
        command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", str(authority.ca)]
        try:
            done = subprocess.run([*command, str(credential.certificate)], capture_output=True, text=True, check=False)  # noqa: S603
        except FileNotFoundError:
            pytest.skip("the openssl program is not installed")
        assert done.returncode == 0, done.stderr


def test_a_credential_is_kept_until_thirty_days_are_left_or_a_name_is_missing(tmp_path: Path) -> None:
    clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    authority = Authority(tmp_path, clock)
    first = authority.server("s", ["localhost"]).fingerprint
    clock.forward(timedelta(days=360))
    assert authority.server("s", ["localhost"]).fingerprint == first
    wider = authority.server("s", ["localhost", "gateway.example"]).fingerprint
    assert wider != first
    clock.forward(timedelta(days=366))
    assert authority.server("s", ["localhost", "gateway.example"]).fingerprint == wider
    clock.forward(timedelta(days=3))
    assert authority.server("s", ["localhost", "gateway.example"]).fingerprint != wider


def test_what_was_issued_counts_though_the_clock_goes_back_since(tmp_path: Path) -> None:
    now = datetime(2026, 10, 25, 1, tzinfo=UTC)
    authority = Authority(tmp_path, SetClock(now))
    for path in (authority.server("s", ["localhost"]).certificate, authority.ca):
        assert load(path).not_valid_before_utc <= now - timedelta(hours=2)


def test_a_new_authority_issues_anew(tmp_path: Path) -> None:
    before = Authority(tmp_path).client("c").fingerprint
    (tmp_path / "ca.pem").unlink()
    assert Authority(tmp_path).client("c").fingerprint != before


@pytest.mark.parametrize("name", ["ca", "../x", "", "a b", "x" * 65])
def test_a_name_may_not_leave_the_folder_or_take_the_authoritys_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        Authority(tmp_path).client(name)


def _issue(folder: str) -> str:
    return Authority(Path(folder)).client("same").fingerprint


def test_processes_that_start_at_once_share_one_authority(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(_issue, [str(tmp_path / "pki")] * 3))) == 1


def test_contexts_speak_tls_1_2_or_newer_and_ask_for_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = server_context(authority.server("s"))
    client = client_context(authority.client("c"))
    assert server.verify_mode is client.verify_mode is ssl.CERT_REQUIRED
    assert client.check_hostname
    assert server.minimum_version is client.minimum_version is ssl.TLSVersion.TLSv1_2
    assert server_context(authority.server("s"), mutual=False).verify_mode is ssl.CERT_NONE
