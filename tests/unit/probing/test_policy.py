"""Which addresses may be asked, how a proxy is written, and when a probe is asked again."""

import pytest

from tieline.platform.errors import Invalid
from tieline.standards.socks5 import Credentials, Target
from tieline.utility.probing.model import Answer, Why
from tieline.utility.probing.policy import (
    Limits,
    Proxy,
    again_after,
    may_be_asked,
    port_of,
    read_ports,
    read_proxy,
)


@pytest.mark.parametrize(
    "address", ["10.20.30.40", "172.16.0.1", "192.168.7.9", "100.64.1.1", "fd5c:7e11:ae00:1::5", "64:ff9b::a01:203"]
)
def test_addresses_of_sites(address: str) -> None:
    assert may_be_asked(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "0.0.0.0",  # noqa: S104 - it is refused
        "0.1.2.3",
        "::",
        "::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "localhost",
        "10.0.0.1 ",
        "",
    ],
)
def test_addresses_that_no_site_has(address: str) -> None:
    assert not may_be_asked(address)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("", None),
        ("socks5://10.1.2.3", Proxy(Target("10.1.2.3", 1080))),
        ("socks5://proxy.example:1081", Proxy(Target("proxy.example", 1081))),
        ("socks5://grid:p%40ss@[fd00::1]:9", Proxy(Target("fd00::1", 9), Credentials("grid", "p@ss"))),
    ],
)
def test_a_proxy_is_read(url: str, proxy: Proxy | None) -> None:
    assert read_proxy(url) == proxy


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "socks5://",
        "socks5://x:99999",
        "socks5://x/path",
        "x:1",
        "socks5://user@x",
        f"socks5://user:{'p' * 256}@x",
        "socks5://a..b",
        f"socks5://{'a' * 64}.example",
    ],
)
def test_what_is_no_proxy_is_named(url: str) -> None:
    with pytest.raises(Invalid):
        read_proxy(url)


def test_ports_by_kind_go_before_those_by_operator() -> None:
    ports = read_ports("meter=4059,B=2405")
    assert [port_of(ports, "B", "meter"), port_of(ports, "B", "primary"), port_of(ports, "A", None)] == [
        4059,
        2405,
        2404,
    ]
    assert read_ports("") == {}
    with pytest.raises(Invalid):
        read_ports("meter=70000")


def test_pauses_double_and_end() -> None:
    limits = Limits(attempts=4, pause_s=3)
    silent = Answer(Why.SILENT)
    pauses = [again_after(silent, n, limits) for n in (1, 2, 3, 4)]
    assert [p and p.total_seconds() for p in pauses] == [3, 6, 12, None]
    for why in (Why.ANSWERED, Why.NO_ADDRESS, Why.NOT_ALLOWED):
        assert again_after(Answer(why), 1, limits) is None


def test_every_outcome_has_its_sentence() -> None:
    assert all(why.sentence.endswith(".") for why in Why)
