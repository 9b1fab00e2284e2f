"""Pictures from a visit: checked by content, without what tells of the phone, kept as files beside the database."""

import asyncio
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tieline.platform import audit, files
from tieline.platform.clock import Clock
from tieline.platform.db import Database, Tx
from tieline.platform.errors import Conflict, NotFound
from tieline.platform.scope import Permission, Scope
from tieline.platform.settings import Settings
from tieline.utility.fieldwork.policy.pictures import MOST_OCTETS, Picture, cleaned
from tieline.utility.fieldwork.service.visits import may_read
from tieline.utility.fieldwork.store import reports, visits

MOST_A_VISIT = 50
STRAY_DAYS = 2
"""A file that no picture knows after so long never will be one: its process was killed before it could say so."""
MOST_SENT = MOST_OCTETS + 1024
"""A little more than a picture may have, so that one that is too large is told so in our words."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that was written down, not yet known to the database."""

    path: Path
    picture: Picture
    sha256: str


def folder_of(settings: Settings) -> Path:
    """Where pictures lie."""
    return settings.home / "photos"


async def write(settings: Settings, content: bytes) -> Kept:
    """Check a picture, clean it, and write it to a file of ours. Raises what ``cleaned`` raises; nothing stays then."""
    return await asyncio.to_thread(_write, folder_of(settings), content)


def _write(folder: Path, content: bytes) -> Kept:
    picture = cleaned(content)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / secrets.token_hex(16)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(picture.content)
        file.flush()
        os.fsync(file.fileno())
    return Kept(path, picture, hashlib.sha256(picture.content).hexdigest())


async def keep(tx: Tx, scope: Scope, clock: Clock, kept: Kept, *, visit_id: int, photo_id: str) -> bool:
    """Make a written picture one of a visit's. Needs ``FIELD_REPORT``; False when it was sent before.

    Raises ``NotFound`` for a visit of another crew, ``Conflict`` beyond fifty pictures of a visit.
    """
    scope.require(Permission.FIELD_REPORT)
    if visit_id not in await visits.by_ids(tx, scope, [visit_id], lock=True):
        raise NotFound(f"There is no visit {visit_id}, or none that you may see.")
    present = await reports.photos(tx, scope, visit_id)
    if photo_id in {row["id"] for row in present}:
        return False
    if len(present) >= MOST_A_VISIT:
        raise Conflict(f"This visit has {MOST_A_VISIT} pictures already.")
    values = {
        "id": photo_id,
        "visit_id": visit_id,
        "account_id": scope.user_id,
        "actor": scope.actor,
        "media_type": kept.picture.media_type,
        "width": kept.picture.width,
        "height": kept.picture.height,
        "size_bytes": len(kept.picture.content),
        "sha256": kept.sha256,
        "file": kept.path.name,
        "received_at": clock.now(),
    }
    if not await reports.add_photo(tx, values):
        raise Conflict("Another picture has this number.", advice="Take the picture again.")
    detail = {"photo": photo_id, "sha256": kept.sha256}
    await audit.append(tx, scope, audit.Entry("visit.pictured", f"visit:{visit_id}", detail))
    return True


async def forget_strays(db: Database, settings: Settings) -> int:
    """Delete the files that no picture knows and that are two days old; gives how many."""
    async with db.snapshot() as tx:
        kept = await reports.photo_files(tx)
    found = await asyncio.to_thread(files.stray, folder_of(settings), kept, days=STRAY_DAYS)
    for file in found:
        await asyncio.to_thread(file.unlink, missing_ok=True)
    return len(found)


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture that can be sent to a browser."""

    path: Path
    media_type: str
    sha256: str
    visit_id: int


async def photo(tx: Tx, scope: Scope, settings: Settings, photo_id: str) -> Stored:
    """A picture; raises ``NotFound`` also for one of another crew's visit."""
    may_read(scope)
    row = await reports.photo(tx, scope, photo_id)
    if row is None:
        raise NotFound(f"There is no picture {photo_id}, or none that you may see.")
    return Stored(folder_of(settings) / row["file"], row["media_type"], row["sha256"], row["visit_id"])
