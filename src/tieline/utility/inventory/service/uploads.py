"""Keeps uploaded files until they are imported."""

import asyncio
import hashlib
import os
import secrets
import unicodedata
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import FormData, UploadFile

from tieline.platform import files
from tieline.platform.errors import Invalid, Problem, TooLarge
from tieline.platform.settings import Settings
from tieline.utility.inventory.importing.kinds import FieldSpec
from tieline.utility.inventory.importing.sheets import Sheet, read_sheet

_CHUNK = 1 << 20
_MEGABYTE = 1_000_000
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: where it lies, what it was called, how long it is and its SHA-256."""

    path: Path
    name: str
    size: int
    sha256: str


async def keep(settings: Settings, name: str, chunks: AsyncIterator[bytes]) -> Upload:
    """Write what is sent to a file of ours, as it comes.

    Raises ``TooLarge`` beyond ``settings.upload_megabytes``, and ``Invalid`` when nothing was sent; nothing stays then.
    """
    folder = settings.home / "uploads"
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    path = folder / secrets.token_hex(16)
    try:
        return await _write(path, _plain(name), chunks, settings.upload_megabytes)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


async def keep_sent(settings: Settings, form: FormData, name: str = "") -> Upload:
    """Keep the ``file`` of a form, called ``name`` where it does not say; raises as :func:`keep` does.

    Raises ``Invalid`` for a form without one.
    """
    file = form.get("file")
    if not isinstance(file, UploadFile) or not (file.filename or name):
        raise Invalid("Choose a file first.", [Problem("file", "required", "The form has no file.")])
    return await keep(settings, file.filename or name, _chunks(file))


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk


async def read_table(settings: Settings, upload: Upload, fields: Sequence[FieldSpec], *, most_rows: int) -> Sheet:
    """Read a kept file as a small table, beside the loop. Raises ``FileRefused`` when nothing of it can be taken."""
    unpacked = settings.unpacked_megabytes
    return await asyncio.to_thread(
        read_sheet, upload.path, upload.name, fields, unpacked_megabytes=unpacked, most_rows=most_rows
    )


def stray(settings: Settings, kept: Collection[str], *, days: int) -> list[Path]:
    """Files that were being sent when a process was killed: no import of ``kept`` knows them, and they are old."""
    return files.stray(settings.home / "uploads", {Path(path).name for path in kept}, days=days)


async def _write(path: Path, name: str, chunks: AsyncIterator[bytes], megabytes: int) -> Upload:
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > megabytes * _MEGABYTE:
                raise TooLarge(f"The file is larger than {megabytes} MB.", advice="Pack it with gzip, or split it.")
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise Invalid("The file is empty.")
    return Upload(path, name, size, digest.hexdigest())


def _plain(name: str) -> str:
    """The name as it may be shown and offered for download: no folders, no controls."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return kept[-_MAX_NAME:] or "upload"
