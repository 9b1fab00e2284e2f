"""The lines of a process: one to each operator, opened when first needed, opened anew when its settings change."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from tieline.platform.clock import Clock, SystemClock
from tieline.platform.db import Database, Tx
from tieline.platform.errors import NotFound
from tieline.platform.scope import Scope, system
from tieline.platform.secrets import KeyFileError, SecretError, Vault, vault_of
from tieline.platform.wiring import Runtime
from tieline.utility import inventory
from tieline.utility.connectors import store
from tieline.utility.connectors.capabilities import Capabilities, Extra
from tieline.utility.connectors.channel import Channel
from tieline.utility.connectors.errors import Denied
from tieline.utility.connectors.limiter import Pacer, Rate
from tieline.utility.connectors.line import Line, Manners
from tieline.utility.connectors.pace import SharedPacer
from tieline.utility.connectors.port import Connector
from tieline.utility.connectors.providers.installed import PROVIDERS
from tieline.utility.connectors.registry import Connection, Providers, TokenTerms

RESOURCE = "connectors.lines"
SYSTEM = system("connectors")


@dataclass(frozen=True, slots=True)
class _Open:
    line: Line
    version: datetime
    granted: "Granted"
    connection: Connection
    channel: Channel | None = None


class Limited:
    """A connector whose capabilities are narrowed to what the contract and the connection's settings permit."""

    def __init__(self, connector: Connector, capabilities: Capabilities) -> None:
        self._connector = connector
        self.capabilities = capabilities

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)


class Lines:
    """Lines by operator code."""

    def __init__(
        self,
        db: Database,
        providers: Providers,
        pki: Path,
        *,
        clock: Clock | None = None,
        manners: Manners | None = None,
        vault: Vault | None = None,
    ) -> None:
        self._db = db
        self.providers = providers
        self._pki = pki
        self._clock = clock or SystemClock()
        self._manners = manners
        self._vault = vault
        self._open: dict[str, _Open] = {}
        self._lock = asyncio.Lock()

    async def get(self, code: str) -> Line:
        """The line to an operator; raises ``NotFound`` where none is set up or it is switched off."""
        async with self._lock:
            async with self._db.transaction() as tx:
                row = await store.connection(tx, SYSTEM, code)
                granted = await contract_limits(tx, SYSTEM, code)
                sealed = await store.sealed_secret(tx, row["operator_id"]) if row else None
            if row is None or not row["enabled"]:
                raise NotFound(f"There is no connection to operator {code}.", advice="Set one up, or switch it on.")
            had = self._open.get(code)
            if had is not None and (had.version, had.granted) == (row["updated_at"], granted):
                return had.line
            connection, connector = await self._connected(row, sealed)
            narrowed = narrow(connector.capabilities, granted, row)
            line = Line(
                Limited(connector, narrowed),
                self._manners,
                pacer=self._pacer(row["operator_id"], narrowed),
                clock=self._clock,
            )
            self._open[code] = _Open(line, row["updated_at"], granted, connection)
        if had is not None:
            await _close(had)
        return line

    async def _connected(self, row: Any, sealed: str | None) -> tuple[Connection, Connector]:
        """Open a connector; raises ``Denied`` where the secret or the certificate files cannot be read."""
        failed = f"Operator {row['operator']} cannot be called"
        try:
            connection = connection_of(row, self._pki, self._secret(row["operator_id"], sealed))
            return connection, await self.providers.open(connection)
        except (SecretError, KeyFileError) as error:
            raise Denied(f"{failed}: {error.detail}", advice="Look with: tieline secrets check") from error
        except OSError as error:
            file = Path(str(error.filename)).name if error.filename else "certificate or key"
            told = f"{failed}: {file} in the folder of keys cannot be read ({error.strerror or type(error).__name__})."
            raise Denied(told, advice="Look with: tieline certificate list") from error

    def _secret(self, operator_id: int, sealed: str | None) -> str | None:
        if sealed is None or self._vault is None:
            return None
        return self._vault.open(sealed, store.secret_place(operator_id))

    async def channel(self, code: str) -> Channel:
        """A channel to other interfaces of an operator; raises ``NotFound`` where no line is set up, or not by HTTP."""
        line = await self.get(code)
        had = self._open[code]
        channel = had.channel
        if channel is None:
            if not had.connection.base_url.startswith("https://"):
                raise NotFound(f"Operator {code} is not reached by HTTPS.")
            channel = Channel(line, had.connection)
            self._open[code] = replace(had, channel=channel)
        return channel

    def _pacer(self, operator_id: int, capabilities: Capabilities) -> Pacer | None:
        """Keeps the rate of an operator together with all other processes; None where no rate is known."""
        rate = capabilities.calls_per_second
        return SharedPacer(self._db, operator_id, Rate.per_second(rate)) if rate else None

    def opened(self, code: str) -> Line | None:
        """The line to an operator if it has been needed already."""
        had = self._open.get(code)
        return None if had is None else had.line

    async def keep_health(self, code: str, operator_id: int) -> None:
        """Write down what a line has seen lately."""
        had = self._open.get(code)
        if had is None:
            return
        health = had.line.health
        values = {
            "circuit": health.circuit.value,
            "last_ok_at": health.last_ok_at,
            "last_error_at": health.last_error_at,
            "last_error": health.last_error[:1000],
            "calls": health.calls,
            "failures": health.failures,
            "throttled": health.throttled,
        }
        async with self._db.transaction() as tx:
            await store.put_health(tx, operator_id, values)

    async def close(self) -> None:
        """Close every line."""
        for had in self._open.values():
            await _close(had)
        self._open.clear()


async def _close(had: _Open) -> None:
    await had.line.close()
    if had.channel is not None:
        await had.channel.close()


@dataclass(frozen=True, slots=True)
class Granted:
    """What the contracts with an operator permit; None: nothing is said."""

    calls_per_second: float | None = None
    max_batch: int | None = None


async def contract_limits(tx: Tx, scope: Scope, code: str) -> Granted:
    """The least that any contract with an operator permits."""
    every = await inventory.contracts(tx, scope, code)
    rates = [float(one.calls_per_second) for one in every if one.calls_per_second is not None]
    sizes = [one.max_batch for one in every if one.max_batch is not None]
    return Granted(min(rates, default=None), min(sizes, default=None))


def narrow(capabilities: Capabilities, granted: Granted, row: Any) -> Capabilities:
    """The least of what the platform can, the contract grants, and the connection's settings allow."""
    rate = _least(capabilities.calls_per_second, granted.calls_per_second, row["calls_per_second"])
    return replace(
        capabilities.without(frozenset(map(Extra, row["lacks"]))),
        calls_per_second=rate,
        max_batch=_least(capabilities.max_batch, granted.max_batch, row["max_batch"]) or capabilities.max_batch,
        in_flight=row["in_flight"] or capabilities.in_flight,
    )


def _least(*values: Any) -> Any:
    return min((value for value in values if value is not None), default=None)


def connection_of(row: Any, pki: Path, secret: str | None = None) -> Connection:
    """A connection's settings with the names of its certificate files resolved within the folder of keys."""
    return Connection(
        operator=row["operator"],
        provider=row["provider"],
        base_url=row["base_url"],
        dn=row["dn"],
        certificate=_file(pki, row["certificate"]),
        key=_file(pki, row["private_key"]),
        authority=_file(pki, row["authority"]),
        timeout=row["timeout_seconds"],
        tokens=TokenTerms(row["client_id"], row["token_url"], row["token_scope"]) if row["uses_tokens"] else None,
        secret=secret,
    )


def _file(folder: Path, name: str) -> Path | None:
    return folder / name if name else None


_lines: WeakKeyDictionary[Database, Lines] = WeakKeyDictionary()


def lines_of(runtime: Runtime) -> Lines:
    """The lines of a running process; made at the first call. Tests put their own into the runtime's resources."""
    given = runtime.resources.get(RESOURCE)
    if isinstance(given, Lines):
        return given
    if runtime.db not in _lines:
        settings = runtime.settings
        _lines[runtime.db] = Lines(
            runtime.db, PROVIDERS, settings.pki_folder, clock=runtime.clock, vault=vault_of(settings)
        )
    return _lines[runtime.db]
