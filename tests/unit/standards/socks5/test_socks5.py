"""SOCKS5 against octets written by hand from RFC 1928 and RFC 1929, and both sides against one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.standards.socks5 import Client, Credentials, Reply, Server, SocksError, Target

RTU = Target("10.20.30.40", 2404)
LOGIN = Credentials("grid", "secret")


def test_octets_of_the_client_without_a_login() -> None:
    client = Client(RTU)
    assert client.begin() == bytes.fromhex("05 01 00")
    assert client.feed(bytes.fromhex("05 00")) == bytes.fromhex("05 01 00 01 0A 14 1E 28 09 64")
    assert client.feed(bytes.fromhex("05 00 00 01 00 00 00 00 00 00") + b"hello") == b""
    assert client.connected
    assert client.rest == b"hello"


def test_octets_of_the_client_with_a_login() -> None:
    client = Client(RTU, LOGIN)
    assert client.begin() == bytes.fromhex("05 02 00 02")
    assert client.feed(bytes.fromhex("05 02")) == b"\x01\x04grid\x06secret"
    assert client.feed(bytes.fromhex("01 00")).startswith(bytes.fromhex("05 01 00 01"))


def test_addresses_of_the_other_types() -> None:
    name = Client(Target("rtu.example", 80))
    assert name.feed(b"\x05\x00") == b"\x05\x01\x00\x03\x0brtu.example\x00\x50"
    v6 = Client(Target("2001:db8::1", 80))
    assert v6.feed(b"\x05\x00") == b"\x05\x01\x00\x04" + bytes.fromhex("20010db8000000000000000000000001") + b"\x00\x50"


@pytest.mark.parametrize(
    ("said", "words", "reply"),
    [
        ("04 00", "no SOCKS5", None),
        ("05 FF", "none of our ways", None),
        ("05 02", "another way", None),
        ("05 00 05 05 00 01 00 00 00 00 00 00", "refused", Reply.REFUSED),
        ("05 00 05 04 00 01 00 00 00 00 00 00", "host unreachable", Reply.HOST_UNREACHABLE),
        ("05 00 05 63 00 01 00 00 00 00 00 00", "failure", Reply.FAILURE),
        ("05 00 05 00 00 09", "address type", Reply.ADDRESS_TYPE_NOT_SUPPORTED),
        ("05 00 48 54 54 50", "address type", Reply.ADDRESS_TYPE_NOT_SUPPORTED),
    ],
)
def test_why_the_proxy_does_not_go_on(said: str, words: str, reply: Reply | None) -> None:
    with pytest.raises(SocksError, match=words) as caught:
        Client(RTU).feed(bytes.fromhex(said))
    assert caught.value.reply is reply


def test_a_wrong_password_is_told() -> None:
    client, server = Client(RTU, Credentials("grid", "wrong")), Server(LOGIN)
    login = client.feed(server.feed(client.begin()))
    with pytest.raises(SocksError, match="wrong user name or password"):
        server.feed(login)
    with pytest.raises(SocksError, match="refuses the user name"):
        client.feed(server.last)


def test_a_server_that_wants_a_login_takes_nobody_without() -> None:
    server = Server(LOGIN)
    with pytest.raises(SocksError):
        server.feed(Client(RTU).begin())
    assert server.last == bytes.fromhex("05 FF")


def test_only_connect_is_taken() -> None:
    server = Server()
    server.feed(bytes.fromhex("05 01 00"))
    with pytest.raises(SocksError):
        server.feed(bytes.fromhex("05 03 00 01 0A 14 1E 28 09 64"))
    assert server.last[1] == Reply.COMMAND_NOT_SUPPORTED


@pytest.mark.parametrize("credentials", [Credentials("", "x"), Credentials("x", "y" * 256)])
def test_credentials_that_cannot_be_written_are_refused(credentials: Credentials) -> None:
    with pytest.raises(ValueError, match="octets"):
        Client(RTU, credentials)


HOSTS = st.one_of(
    st.ip_addresses().map(str),
    st.text("abcdefghijklmnopqrstuvwxyz-.", min_size=1, max_size=255),
)


@given(
    target=st.builds(Target, HOSTS, st.integers(0, 65535)),
    credentials=st.none() | st.builds(Credentials, st.text("ab ü", min_size=1, max_size=9), st.text("x", min_size=1)),
    rest=st.binary(max_size=20),
)
def test_both_sides_understand_one_another_octet_by_octet(
    target: Target, credentials: Credentials | None, rest: bytes
) -> None:
    client, server = Client(target, credentials), Server(credentials)
    to_server = client.begin()
    while server.wanted is None:
        to_client = b"".join(server.feed(to_server[n : n + 1]) for n in range(len(to_server)))
        to_server = b"".join(client.feed(to_client[n : n + 1]) for n in range(len(to_client)))
    assert server.wanted == target
    assert client.feed(server.reply(Reply.SUCCEEDED) + rest) == b""
    assert client.connected
    assert client.rest == rest


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_anything_at_all_is_refused_in_words(pieces: list[bytes]) -> None:
    for side in (Client(RTU, LOGIN), Server(LOGIN), Server()):
        for piece in pieces:
            try:
                side.feed(piece)
            except SocksError:
                break
