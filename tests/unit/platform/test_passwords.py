"""How passwords are kept."""

import re

import pytest

from tieline.platform.identity import passwords

pytestmark = pytest.mark.anyio


async def test_passwords_are_kept_as_argon2id_at_a_price() -> None:
    first, second = [await passwords.hashed("correct horse battery") for _ in range(2)]
    assert first != second
    assert "horse" not in first
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$", first)
    assert found
    # The least that OWASP's password storage cheat sheet asks of argon2id: 19 MiB, two passes.
    assert int(found[1]) >= 19_456
    assert int(found[2]) >= 2
    assert await passwords.matches(first, "correct horse battery")
    assert not await passwords.matches(first, "correct horse")
