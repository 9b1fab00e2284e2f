"""Secrets at rest: only the right key at the right place reads them, and nothing altered is read."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given
from hypothesis import strategies as st

from tieline.platform.errors import Conflict
from tieline.platform.secrets import Key, KeyFileError, Place, SecretError, Vault, new_key
from tieline.platform.secrets.envelope import open_sealed, read, seal, wrap_anew
from tieline.platform.secrets.keyring import Keyring, read_keys, write_keys

OLD, NEW = Key(bytes(range(32))), Key(bytes(range(32, 64)))
HERE = Place("operator_connection", "3", "secret")
texts = st.text(st.characters(codec="utf-8"))
places = st.builds(Place, st.sampled_from(["a", "b"]), st.text("0123456789", min_size=1), st.sampled_from(["x", "y"]))


@given(texts, places, places)
def test_a_value_opens_at_its_place_and_nowhere_else(value: str, place: Place, other: Place) -> None:
    sealed = seal(OLD, value, place)
    assert open_sealed(Keyring((OLD,)), sealed, place) == value
    assert sealed != seal(OLD, value, place)
    if other != place:
        with pytest.raises(SecretError):
            open_sealed(Keyring((OLD,)), sealed, other)


@given(st.integers(min_value=0), st.characters(min_codepoint=33, max_codepoint=126))
def test_an_altered_value_is_refused(place: int, character: str) -> None:
    sealed = seal(OLD, "the operator's token", HERE)
    at = place % len(sealed)
    altered = sealed[:at] + character + sealed[at + 1 :]
    assume(altered != sealed)
    with pytest.raises(SecretError):
        open_sealed(Keyring((OLD, NEW)), altered, HERE)


@pytest.mark.parametrize("sealed", ["", "tl1", "tl1:a:b:c", "tl1:a:####:####", "tl2:a:AAAA:AAAA", "plain", "tl1:a::"])
def test_what_we_did_not_seal_is_refused(sealed: str) -> None:
    with pytest.raises(SecretError):
        open_sealed(Keyring((OLD,)), sealed, HERE)


def test_what_is_written_is_aes_gcm_under_a_data_key_that_the_named_key_wraps() -> None:
    """Taken apart by hand, as the documentation of the form says."""
    key_id, wrapped, body = (text for text in seal(OLD, "pa55", HERE).split(":")[1:])
    raw = [base64.urlsafe_b64decode(text + "==") for text in (wrapped, body)]
    bound = f"tl1 data key {key_id} operator_connection/3/secret".encode()
    data_key = AESGCM(bytes(range(32))).decrypt(raw[0][:12], raw[0][12:], bound)
    assert len(data_key) == 32
    assert AESGCM(data_key).decrypt(raw[1][:12], raw[1][12:], b"tl1 value operator_connection/3/secret") == b"pa55"


@given(texts)
def test_wrapped_anew_it_needs_the_new_key_alone_and_the_value_is_not_touched(value: str) -> None:
    sealed = seal(OLD, value, HERE)
    anew = wrap_anew(Keyring((NEW, OLD)), sealed, HERE)
    assert open_sealed(Keyring((NEW,)), anew, HERE) == value
    assert read(anew).body == read(sealed).body
    assert wrap_anew(Keyring((NEW, OLD)), anew, HERE) == anew
    with pytest.raises(SecretError, match="no key"):
        open_sealed(Keyring((NEW,)), sealed, HERE)
    with pytest.raises(SecretError):
        wrap_anew(Keyring((NEW, OLD)), sealed, Place("elsewhere", "3", "secret"))


def test_a_key_shows_neither_itself_nor_what_it_is_made_of() -> None:
    assert repr(OLD) == f"Key(id='{OLD.id}')"
    assert base64.b64encode(OLD.secret).decode() in write_keys([OLD]).decode()
    assert read_keys(write_keys([NEW, OLD]).decode()) == Keyring((NEW, OLD))


@pytest.mark.parametrize("content", ["", "# only a remark\n", "c2hvcnQ=\n", "not base64!\n"])
def test_a_file_without_keys_is_refused_with_the_line(content: str) -> None:
    with pytest.raises(KeyFileError, match=r"Line 1|no key"):
        read_keys(content)


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(KeyFileError, match="twice"):
        read_keys((write_keys([OLD]) + write_keys([OLD])).decode())


def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secrets.keys"
    sealed = Vault(path).seal("x", HERE)
    assert Vault(path).open(sealed, HERE) == "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Vault(path).private()
    path.chmod(0o640)
    assert not Vault(path).private()


def test_a_change_of_the_file_is_seen_by_who_has_read_it_before(tmp_path: Path) -> None:
    path = tmp_path / "secrets.keys"
    one, other = Vault(path), Vault(path)
    sealed = one.seal("x", HERE)
    key_id = other.rotate()
    assert one.keys().current.id == key_id
    assert one.open(sealed, HERE) == "x"
    anew = one.wrap_anew(sealed, HERE)
    other.forget(frozenset(key.id for key in one.keys().keys))
    assert [key.id for key in one.keys().keys] == [key_id]
    assert one.open(anew, HERE) == "x"
    with pytest.raises(SecretError):
        one.open(sealed, HERE)


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a process would go on sealing with a key that may be thrown away."""
    one, other = Vault(tmp_path / "secrets.keys"), Vault(tmp_path / "secrets.keys")
    one.keys()
    other.rotate()
    read_file = Vault._content
    made: list[object] = []

    def slowly(vault: Vault) -> str:
        content = read_file(vault)
        if vault is one and not made:
            made.append(other.rotate())
        return content

    monkeypatch.setattr(Vault, "_content", slowly)
    one.keys()
    assert one.keys().current.id == made[0]


def test_a_file_from_outside_is_read_and_never_made_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "given"
    vault = Vault(path, ours=False)
    with pytest.raises(KeyFileError):
        vault.keys()
    assert not path.exists()
    path.write_bytes(write_keys([new_key()]))
    vault.keys()
    with pytest.raises(Conflict):
        vault.rotate()
