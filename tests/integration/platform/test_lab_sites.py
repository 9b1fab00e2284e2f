"""The simulated field as a process of its own, on the event loop that it really runs on."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tieline.standards.socks5 import Client, Credentials, Reply, SocksError, Target

pytestmark = pytest.mark.anyio


async def test_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    token, password = tmp_path / "token", tmp_path / "password"
    token.write_text("token\n", encoding="ascii")
    password.write_text("secret\n", encoding="ascii")
    command = (
        *(sys.executable, "-m", "tieline", "lab", "sites", "--port", "0"),
        *("--operator", f"http://127.0.0.1:1={token}", "--password-file", str(password)),
    )
    process = await asyncio.create_subprocess_exec(
        *command, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env={**os.environ, "COLUMNS": "80"}
    )
    assert process.stderr is not None
    try:
        said = (await process.stderr.readline()).decode()
        port = int(said.split(" port ")[1].split(".")[0])
        with pytest.raises(SocksError) as caught:
            await greet(port)
        assert caught.value.reply is Reply.FAILURE  # no back office answers at port 1
    finally:
        process.send_signal(signal.SIGTERM)
        _, rest = await process.communicate()
    assert process.returncode == 0, rest.decode()
    assert b"Traceback" not in rest


async def greet(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        client = Client(Target("10.0.0.1", 2404), Credentials("utility", "secret"))
        writer.write(client.begin())
        while not client.connected:
            data = await reader.read(100)
            assert data, "it closed without a word"
            writer.write(client.feed(data))
    finally:
        writer.transport.abort()
