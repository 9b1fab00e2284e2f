"""Certificates that are renewed: successors, half-written pairs, what is over soon."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from tieline.platform.clock import SetClock
from tieline.platform.pki import Authority, Listening, certificates
from tieline.platform.pki.expiry import SOON


def test_a_client_keeps_its_certificate_until_it_is_over_and_a_successor_waits_beside_it(tmp_path: Path) -> None:
    clock = SetClock(datetime(2026, 1, 1, tzinfo=UTC))
    authority = Authority(tmp_path, clock)
    first = authority.client("c").fingerprint
    clock.forward(timedelta(days=390))
    assert authority.client("c").fingerprint == first
    successor = authority.renew("c").fingerprint
    assert authority.client("c").fingerprint == first
    assert {one.name for one in certificates(tmp_path)} == {"c", "c.next", "ca"}
    assert authority.switch("c").fingerprint == successor
    assert authority.client("c").fingerprint == successor
    assert {one.name for one in certificates(tmp_path)} == {"c", "ca"}
    with pytest.raises(ValueError, match="no successor"):
        authority.switch("c")
    with pytest.raises(ValueError, match="no certificate"):
        authority.renew("nobody")


def test_a_renewed_server_answers_to_the_same_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server("s", ["gateway.example", "127.0.0.1"])
    authority.renew("s")
    renewed = authority.switch("s").fingerprint
    assert authority.server("s", ["gateway.example", "127.0.0.1"]).fingerprint == renewed


def test_a_pair_from_elsewhere_has_to_fit(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    ours.client("c")
    one, other = theirs.client("one"), theirs.client("other")
    with pytest.raises(ValueError, match="not that of the certificate"):
        ours.stage("c", one.certificate.read_bytes(), other.key.read_bytes())
    locked = load_pem_private_key(one.key.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s3cret")
    )
    with pytest.raises(ValueError, match="password"):
        ours.stage("c", one.certificate.read_bytes(), locked)
    ours.stage("c", one.certificate.read_bytes(), one.key.read_bytes())
    assert ours.switch("c").fingerprint == one.fingerprint


def test_where_another_authority_issues_nothing_is_made_up(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    kept = authority.server("s").fingerprint
    (tmp_path / "ca.key").unlink()
    ca = (tmp_path / "ca.pem").read_bytes()
    assert authority.server("s").fingerprint == kept
    with pytest.raises(ValueError, match="missing"):
        authority.client("c")
    with pytest.raises(ValueError, match="another authority"):
        authority.renew("s")
    assert authority.ca.read_bytes() == ca


def test_half_a_pair_is_not_taken_up(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    listening = Listening(authority.server("s"))
    assert not listening.look()
    staged = authority.renew("s")
    (tmp_path / "s.key").write_bytes(staged.key.read_bytes())
    assert not listening.look()
    (tmp_path / "s.pem").write_bytes(staged.certificate.read_bytes())
    assert listening.look()
    assert not listening.look()
    assert isinstance(listening.context, ssl.SSLContext)


def test_what_is_over_first_comes_first_and_says_how_long(tmp_path: Path) -> None:
    clock = SetClock(datetime.now(UTC))
    authority = Authority(tmp_path, clock)
    authority.client("c")
    (first, last) = certificates(tmp_path)
    assert (first.name, first.kind, last.kind) == ("c", "client", "authority")
    assert first.words(clock.now()) == "396 days left" or first.words(clock.now()) == "397 days left"
    late = first.not_after - timedelta(hours=3)
    assert first.words(late) == "less than a day left"
    assert first.left(late) < SOON
    assert first.words(first.not_after + timedelta(days=1)).startswith("over since")


def test_a_certificate_of_another_authority_without_extensions_is_listed_and_not_renewed_here(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server("s")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plain")])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, begun, begun + timedelta(days=90))
    (tmp_path / "plain.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "ca.key").unlink()
    assert {one.name: one.kind for one in certificates(tmp_path)}["plain"] == "other"
    with pytest.raises(ValueError, match="another authority"):
        authority.renew("plain")


def test_a_certificate_that_is_taken_away_while_they_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    authority.client("c")
    authority.renew("c")
    read = Path.read_bytes

    def switching(path: Path) -> bytes:
        content = read(path)
        if path.name == "c.next.pem":
            path.unlink()
        return content

    monkeypatch.setattr(Path, "read_bytes", switching)
    assert {"c", "ca"} <= {one.name for one in certificates(tmp_path)}
