"""The answer of a read, piece by piece: sixty thousand objects are never held at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import psycopg

from tieline.gateway.model import Consumer
from tieline.gateway.objects.classes import CLASSES
from tieline.gateway.objects.model import Node
from tieline.gateway.objects.policy import document
from tieline.gateway.objects.store import filters, reading
from tieline.platform.db import Database
from tieline.standards.mns import jex
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorReason, ErrorType, MnsError, QueryError
from tieline.standards.mns.resource import represent
from tieline.standards.mns.scope import BASE_ONLY, FLAT, GetQuery, Selection

PAGE = 500
"""Objects loaded and written at a time: short enough that others get their turn in between."""

BREATH = 20
"""Objects that a filter is evaluated for in memory before others get their turn: it may have a thousand parts."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Read:
    """A read that was understood: its base is there, and these are the objects meant.

    ``rest`` is the part of the filter that is still to be decided for each. A read of one object has it ready in
    ``single``.
    """

    base: Dn
    query: GetQuery
    rest: jex.Condition | None
    ids: Sequence[int] = ()
    single: Node | None = None


async def prepare(db: Database, consumer: Consumer, base: Dn, query: GetQuery) -> Read:
    """Find out which objects are meant.

    Raises:
        MnsError: 404 if the base is not there, or is another utility's.

    """
    if query.scope == BASE_ONLY:
        async with db.autocommit() as tx:
            node = await reading.find(tx, consumer.id, base)
        if node is None:
            raise absent(base)
        return Read(base, query, query.condition, single=node)
    compiled = filters.compile_condition(query.condition)
    async with db.snapshot() as tx:
        if await reading.find(tx, consumer.id, base) is None:
            raise absent(base)
        try:
            ids = await reading.within(tx, consumer.id, base, query.scope, compiled)
        except psycopg.errors.QueryCanceled as error:
            raise QueryError("This filter takes too long: make it simpler, or the scope smaller.", "filter") from error
    return Read(base, query, compiled.rest, ids)


async def pages(db: Database, read: Read) -> AsyncIterator[list[Node]]:
    """Give the objects meant, in order, a page at a time, each as it is when its page is read."""
    if read.single is not None:
        yield [read.single] if read.rest is None or _holds(read.rest, read.single) else []
    for start in range(0, len(read.ids), PAGE):
        async with db.snapshot() as tx:
            nodes = await reading.contents(tx, read.ids[start : start + PAGE])
        if read.rest is None:
            yield nodes
            await asyncio.sleep(0)
            continue
        for first in range(0, len(nodes), BREATH):
            yield [node for node in nodes[first : first + BREATH] if _holds(read.rest, node)]
            await asyncio.sleep(0)


async def stream(db: Database, read: Read, media_type: str) -> AsyncIterator[bytes]:
    """Write the answer in a media type of ``GET_MEDIA_TYPES``."""
    writer: FlatWriter | TreeWriter
    writer = FlatWriter(read.query.selection) if media_type == FLAT else TreeWriter(read.base, read.query.selection)
    async for nodes in pages(db, read):
        if piece := b"".join(writer.write(nodes)):
            yield piece
    yield b"".join(writer.end())


def absent(dn: Dn) -> MnsError:
    """Give the error for an object that is not there, or not for this caller: the two cannot be told apart."""
    return MnsError(
        f"{dn} does not exist",
        type=ErrorType.DATA_NODE_TREE_ERROR,
        reason=ErrorReason.TARGET_DATA_NODE_NOT_FOUND,
        status=404,
    )


def _holds(condition: jex.Condition, node: Node) -> bool:
    return jex.evaluate(condition, represent(node.dn, document(node)), node.dn)


class FlatWriter:
    """The flat form: an array of objects."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._empty = True

    def write(self, nodes: Sequence[Node]) -> Iterator[bytes]:
        """Write some objects."""
        for node in nodes:
            yield b"[" if self._empty else b","
            yield _encode(represent(node.dn, document(node), self._selection))
            self._empty = False

    def end(self) -> Iterator[bytes]:
        """Write what closes the array."""
        yield b"[]" if self._empty else b"]"


class TreeWriter:
    """The hierarchical form: objects inside their parents. Takes objects in the order of their paths.

    In that order everything below an object follows it at once, and children of one class stand together, so that
    what is open is a line from the base down. Ancestors that were not meant are written with their name alone.
    """

    def __init__(self, base: Dn, selection: Selection) -> None:
        self._base = base
        self._selection = selection
        self._open: list[tuple[Dn, str | None]] = []

    def write(self, nodes: Sequence[Node]) -> Iterator[bytes]:
        """Write some objects."""
        for node in nodes:
            yield from self._ancestors(node.dn)
            yield from self._begin(node.dn, _encode(represent(node.dn, document(node), self._selection)))

    def end(self) -> Iterator[bytes]:
        """Write what closes everything that is open; the base alone if nothing was written."""
        if not self._open:
            yield _bare(self._base)
            return
        while self._open:
            yield from self._close()

    def _ancestors(self, dn: Dn) -> Iterator[bytes]:
        while self._open and not dn.is_below(self._open[-1][0]):
            yield from self._close()
        depth = len(self._open[-1][0]) if self._open else len(self._base) - 1
        for length in range(depth + 1, len(dn)):
            above = Dn(dn[:length])
            yield from self._begin(above, _bare(above))

    def _begin(self, dn: Dn, body: bytes) -> Iterator[bytes]:
        if self._open:
            parent, array = self._open[-1]
            name = dn.class_name
            if array == name:
                yield b","
            else:
                kind = CLASSES.get(name)
                single = kind is not None and kind.most == 1
                yield (b"]" if array else b"") + b"," + _encode(name) + (b":" if single else b":[")
                self._open[-1] = parent, None if single else name
        yield body[:-1]
        self._open.append((dn, None))

    def _close(self) -> Iterator[bytes]:
        _, array = self._open.pop()
        yield b"]}" if array else b"}"


def _bare(dn: Dn) -> bytes:
    return _encode({"id": dn.id, "objectClass": dn.class_name, "objectInstance": str(dn)})
