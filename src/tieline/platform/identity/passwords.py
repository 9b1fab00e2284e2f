"""Hashing of passwords with argon2id, in threads of its own: it takes long on purpose."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tieline.platform.identity.policy import LONGEST_PASSWORD, normal_password

R = TypeVar("R")

# OWASP's second choice of parameters: 19 MiB, two passes. Two threads bound what sign-ins may take of the machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="argon2")


async def hashed(password: str) -> str:
    """The hash to keep of a password."""
    return await _in_thread(_HASHER.hash, normal_password(password))


async def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the one of the hash; takes as long when there is no hash, and says no."""
    return await _in_thread(_verify, stored, normal_password(password))


def outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _verify(stored: str | None, password: str) -> bool:
    try:
        _HASHER.verify(stored or _nobodys(), password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _nobodys() -> str:
    """A hash that no password matches, to spend the same time on."""
    return _HASHER.hash("\0 nobody's")


async def _in_thread(function: Callable[..., R], *args: object) -> R:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: function(*args))


def made_up() -> str:
    """A password of twenty characters that can be read out, of 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
