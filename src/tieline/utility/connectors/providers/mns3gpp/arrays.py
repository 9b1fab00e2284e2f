"""Taking the items of a long JSON array one by one, as the octets come in."""

import json
from collections.abc import AsyncIterator
from typing import Any

_decoder = json.JSONDecoder()
_BETWEEN = " \t\r\n,"


class NotAnArray(ValueError):
    """The octets are no JSON array."""


async def items(pieces: AsyncIterator[str], *, most: int = 1024 * 1024) -> AsyncIterator[Any]:
    """Every item of an array; never more than one piece and one item (of at most ``most`` characters) are held.

    Raises ``NotAnArray`` for anything else, also for an array that ends too early.
    """
    text, begun = "", False
    async for piece in pieces:
        text += piece
        if not begun:
            text = text.lstrip(" \t\r\n\ufeff")
            if not text:
                continue
            if text[0] != "[":
                raise NotAnArray("the answer is no array")
            text, begun = text[1:], True
        found, text = _complete(text)
        for item in found:
            yield item
        if text.startswith("]"):
            return
        if len(text) > most:
            raise NotAnArray("an item of the answer is too large or malformed")
    raise NotAnArray("the answer ends too early")


def _complete(text: str) -> tuple[list[Any], str]:
    """The items that are complete, and the rest of the text. Items are objects: a number could go on."""
    found = []
    place = 0
    while True:
        while place < len(text) and text[place] in _BETWEEN:
            place += 1
        if place >= len(text) or text[place] != "{":
            break
        try:
            item, place = _decoder.raw_decode(text, place)
        except ValueError:
            break
        found.append(item)
    return found, text[place:]
