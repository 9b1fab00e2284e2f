"""SOCKS5: a way through a proxy (RFC 1928), with user name and password where it asks for them (RFC 1929).

Both sides of CONNECT, the one command in use here. No I/O: octets in, octets out.
"""

from tieline.standards.socks5.client import Client, Credentials
from tieline.standards.socks5.server import Server
from tieline.standards.socks5.words import Reply, SocksError, Target

__all__ = ["Client", "Credentials", "Reply", "Server", "SocksError", "Target"]
