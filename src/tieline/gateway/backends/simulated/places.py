"""Cells and fittings as the back office is told of them. Pure; the members are in docs/reference/world.md."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from tieline.platform.errors import Invalid, Problem
from tieline.standards.mns import profile
from tieline.standards.mns.profile import Generation, RatType
from tieline.standards.numbering import check_iccid, check_imei

REACH_KM = 15.0
"""A cell serves nothing that is further away."""
KM_PER_DEGREE = 111.195
POLE = 85.0
"""The Mercator projection ends here."""
MOST_NAMED = 100
LONGEST_REGION = 200
BEST_FIRST = (RatType.NR, RatType.EUTRA, RatType.UTRA, RatType.GERAN)
RAT_OF = {
    Generation.G2: RatType.GERAN,
    Generation.G3: RatType.UTRA,
    Generation.G4: RatType.EUTRA,
    Generation.G5: RatType.NR,
}

_T = TypeVar("_T")


class SeenCell(msgspec.Struct, frozen=True, rename="camel"):
    """A cell as a subscription's report names it."""

    cell_id: str
    rat_type: RatType
    band: str = ""
    plmn: str = ""

    @property
    def network(self) -> str:
        """The network's code without the hyphen that files write it with."""
        return self.plmn.replace("-", "")


class Cell(SeenCell, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A cell of the radio network; without a place it serves only fittings that name it."""

    region: str = ""
    lat: float | None = None
    lon: float | None = None


class Fitting(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A card is in a device, and the device has power.

    ``cells`` are those in reach, the preferred first; without it they are found by the place. ``generations`` and
    ``bands`` are what the device can use (no bands: all).
    """

    iccid: str
    imei: str
    generations: str | list[Generation]
    bands: str | list[str] = ""
    lat: float | None = None
    lon: float | None = None
    cells: list[SeenCell] | None = None

    @property
    def rats(self) -> list[RatType]:
        """The technologies that the device can use, the best first."""
        return rats_of(self.generations)

    @property
    def band_names(self) -> list[str] | None:
        """The bands that the device can use; None for all."""
        return _words(self.bands) or None


class PhaseOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Cells to be switched off, or on again: of a technology, in a region, within an outline, or by name.

    ``technology`` is a generation or a ``RatType``. ``outline`` is a ring of [longitude, latitude]. What is given
    holds together; nothing but a technology means all of its cells.
    """

    technology: str
    region: str | None = None
    cells: list[str] | None = None
    outline: list[tuple[float, float]] | None = None
    off: bool = True

    @property
    def rat(self) -> RatType:
        """The technology. Raises ``Invalid`` for a word that is none."""
        word = self.technology.strip().upper()
        try:
            return RAT_OF[Generation(word)] if word in set(Generation) else RatType(word)
        except ValueError as error:
            named = ", ".join([*Generation, *RatType])
            problem = Problem("technology", "choice", f"A technology is one of {named}.", self.technology[:40])
            raise Invalid("This technology is unknown.", [problem]) from error


def rats_of(generations: str | Sequence[str]) -> list[RatType]:
    """Give the technologies of some generations (``2G 3G``), the best first."""
    known = {RAT_OF[Generation(word)] for word in _words(generations)}
    return [rat for rat in BEST_FIRST if rat in known]


def rats_up_to(generation: str | None) -> list[RatType]:
    """Give the technologies that a subscription meant for a generation may use; None: all."""
    newest = BEST_FIRST.index(RAT_OF[Generation(generation)]) if generation else 0
    return list(BEST_FIRST[newest:])


def point(lat: float | None, lon: float | None) -> str | None:
    """Give a place on the Mercator map in degrees, as PostgreSQL reads a point."""
    if lat is None or lon is None:
        return None
    return f"({lon!r},{mercator(lat)!r})"


def placed(lat: Any, lon: Any) -> tuple[float | None, float | None]:
    """Check a place. Raises ``ValueError`` for half a place, or none on earth."""
    if (lat is None) != (lon is None):
        raise ValueError("a place has lat and lon")
    if lat is None:
        return None, None
    if not (isinstance(lat, int | float) and isinstance(lon, int | float) and _on_earth(lat, lon)):
        raise ValueError("lat or lon is out of range")
    return float(lat), float(lon)


def mercator(lat: float) -> float:
    """Give the northing of a latitude, in degrees at the equator."""
    bounded = max(-POLE, min(POLE, lat))
    return math.degrees(math.asinh(math.tan(math.radians(bounded))))


def reach(lat: float | None) -> float:
    """Give how far a cell reaches on the map at this latitude, in its degrees."""
    return 0.0 if lat is None else REACH_KM / KM_PER_DEGREE / math.cos(math.radians(max(-POLE, min(POLE, lat))))


def read_cell(line: bytes) -> Cell:
    """Read a cell. Raises ``ValueError`` with what is wrong."""
    cell = _decode_cell(line)
    placed(cell.lat, cell.lon)
    _check_cell(cell)
    if not (cell.region.isprintable() and len(cell.region) <= LONGEST_REGION):
        raise ValueError(f"region: has at most {LONGEST_REGION} printable characters")
    return cell


def read_fitting(line: bytes) -> Fitting:
    """Read a fitting. Raises ``ValueError`` with what is wrong."""
    fitting = _decode_fitting(line)
    for name, checked in (("iccid", check_iccid(fitting.iccid)), ("imei", check_imei(fitting.imei))):
        if not checked.ok or checked.value != getattr(fitting, name):
            raise ValueError(f"{name}: {checked.message or 'is written without separators'}")
    if not fitting.rats:
        raise ValueError("generations: name at least one")
    placed(fitting.lat, fitting.lon)
    if fitting.cells is None and fitting.lat is None:
        raise ValueError("a fitting needs a place, or the cells in reach")
    for cell in fitting.cells or ():
        _check_cell(cell)
    return fitting


def read_phase_out(body: bytes) -> PhaseOut:
    """Read which cells are to be switched. Raises ``Invalid``."""
    (found,) = read_all([(1, body)], _decode_phase_out, "The request cannot be read.")
    for lon, lat in found.outline or ():
        if not _on_earth(lat, lon):
            raise Invalid("The outline leaves the world.", [Problem("outline", "range", f"[{lon}, {lat}]")])
    return found


def read_all(lines: Iterable[tuple[int, bytes]], read: Callable[[bytes], _T], failed: str) -> list[_T]:
    """Read every line. Raises ``Invalid`` naming what is wrong with which, up to a bound."""
    good: list[_T] = []
    problems: list[Problem] = []
    for number, line in lines:
        try:
            good.append(read(line))
        except (ValueError, RecursionError) as error:
            problems.append(Problem("line", "format", str(error), line=number))
            if len(problems) >= MOST_NAMED:
                break
    if problems:
        raise Invalid(failed, problems)
    return good


def _on_earth(lat: float, lon: float) -> bool:
    return abs(lat) <= 90 and abs(lon) <= 180  # noqa: PLR2004 - degrees


def _words(text: str | Sequence[str]) -> list[str]:
    return text.split() if isinstance(text, str) else list(text)


def _check_cell(cell: SeenCell) -> None:
    shown = {"cellId": cell.cell_id, "ratType": cell.rat_type, "band": cell.band, "plmn": cell.network}
    wrong = profile.SUBSCRIPTION["servingCell"].check({name: value for name, value in shown.items() if value})
    if wrong:
        raise ValueError(wrong[1])


_decode_cell = msgspec.json.Decoder(Cell).decode
_decode_fitting = msgspec.json.Decoder(Fitting).decode
_decode_phase_out = msgspec.json.Decoder(PhaseOut).decode
