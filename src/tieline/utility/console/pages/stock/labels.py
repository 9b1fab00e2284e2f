"""Labels to print: of a card the bar code of its ICCID, of a router the QR code of its serial; an SVG of A4 sheets."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from tieline.console.components.formats import groups
from tieline.console.components.values import IdentKind
from tieline.standards import code128, qr
from tieline.utility.console.pages.stock import words
from tieline.utility.logistics import Goods, Item

MOST = 240
"""So many labels a sheet of paper after the other: ten pages."""
_COLUMNS, _ROWS = 3, 8
_WIDTH, _HEIGHT = 70.0, 37.0
"""Millimetres of a label; 24 of them cover an A4 sheet, the format that label paper is sold in."""
_PAGE_HEIGHT, _TOP = 297.0, 0.5
_BAR_WIDTH, _BAR_HEIGHT, _QR_SIDE = 60.0, 14.0, 24.0


def sheet(items: Sequence[Item]) -> str:
    """The labels of some items, page under page; an empty sheet when there are none."""
    pages = max(1, -(-len(items) // (_COLUMNS * _ROWS)))
    body = "".join(_label(place, item) for place, item in enumerate(items[:MOST]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="{pages * _PAGE_HEIGHT:g}mm" '
        f'viewBox="0 0 210 {pages * _PAGE_HEIGHT:g}" font-family="sans-serif">'
        f'<title>Labels of {len(items[:MOST])} items</title><rect width="100%" height="100%" fill="#fff"/>{body}</svg>'
    )


def _label(place: int, item: Item) -> str:
    page, place = divmod(place, _COLUMNS * _ROWS)
    row, column = divmod(place, _COLUMNS)
    left, top = column * _WIDTH, page * _PAGE_HEIGHT + _TOP + row * _HEIGHT
    drawn = _card(item) if item.goods is Goods.CARD else _router(item)
    return f'<g transform="translate({left:g} {top:g})">{drawn}</g>'


def _card(item: Item) -> str:
    text = escape(" ".join(groups(item.serial, IdentKind.ICCID)))
    sort = escape(words.sort_of(item.goods, item.operator, item.variety, item.generation))
    return (
        f'<text x="5" y="7" font-size="3.2">{sort}</text>'
        f'<g transform="translate(5 9)">{bars(item.serial)}</g>'
        f'<text x="35" y="28" font-size="3.6" text-anchor="middle" font-family="monospace">{text}</text>'
    )


def _router(item: Item) -> str:
    sort = escape(words.sort_of(item.goods, item.operator, item.variety, item.generation))
    return (
        f'<g transform="translate(4 5)">{modules(item.serial)}</g>'
        f'<text x="31" y="14" font-size="3.6" font-family="monospace">{escape(item.serial)}</text>'
        f'<text x="31" y="20" font-size="3.2">{sort}</text>'
    )


def bars(text: str) -> str:
    """The bars of a Code 128 symbol, its quiet zones left empty, as wide as a label has room for."""
    widths = code128.widths(text)
    unit = _BAR_WIDTH / (sum(widths) + 2 * code128.QUIET_ZONE)
    at, drawn = float(code128.QUIET_ZONE), []
    for place, width in enumerate(widths):
        if place % 2 == 0:
            drawn.append(f'<rect x="{at * unit:.3f}" width="{width * unit:.3f}" height="{_BAR_HEIGHT:g}"/>')
        at += width
    return "".join(drawn)


def modules(text: str) -> str:
    """The dark modules of a QR code, a run of them at a time, its quiet zone left empty."""
    found = qr.matrix(text)
    unit = _QR_SIDE / (len(found) + 2 * qr.QUIET_ZONE)
    path = "".join(
        f"M{(qr.QUIET_ZONE + left) * unit:.3f} {(qr.QUIET_ZONE + row) * unit:.3f}h{length * unit:.3f}v{unit:.3f}"
        f"h-{length * unit:.3f}z"
        for row, line in enumerate(found)
        for left, length in _runs(line)
    )
    return f'<path d="{path}"/>'


def _runs(line: Sequence[bool]) -> Iterator[tuple[int, int]]:
    at = 0
    for dark, run in groupby(line):
        length = len(list(run))
        if dark:
            yield at, length
        at += length
