"""Text as people search and sort it: without accents, case or punctuation, the same on every machine."""

import re
import unicodedata

_MOST_BYTES = 2000
"""So much of a folded text PostgreSQL takes as one word of a tsvector (2046 bytes) and into an index (2704)."""
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """The words of ``text`` in the form they are searched and sorted by, separated by single blanks.

    ``Überlandwerk St. Mary's`` becomes ``uberlandwerk st mary s``. Done here and not in SQL, so that the answer does
    not depend on the collation of the database. At most 2000 bytes of it: one character may decompose to eighteen.
    """
    # Twice, since decomposing may bring forth capitals, and folding them letters to decompose (Unicode 3.13, D146).
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text.casefold())
    folded = " ".join(_WORD.findall("".join(c for c in text if not unicodedata.combining(c))))
    return folded.encode(errors="replace")[:_MOST_BYTES].decode(errors="ignore").rstrip()


def prefix_query(text: str) -> str:
    """``text`` as a tsquery of word beginnings (``'albion':* & 'st':*``); empty when it has no word."""
    return " & ".join(f"'{word}':*" for word in fold(text).split())
