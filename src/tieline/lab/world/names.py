"""Names for places that do not exist, composed from syllables; each draw is repeatable."""

from tieline.lab.world.chance import Chance

_ONSETS = ("Ar", "Bel", "Cal", "Dor", "El", "Fen", "Gar", "Hal", "Il", "Kel", "Lor", "Mar", "Nor", "Or", "Pel")
_ONSETS_MORE = ("Quar", "Ros", "Sel", "Tor", "Ul", "Var", "Wen", "Yar", "Zel", "Bry", "Cor", "Dun", "Esk", "Hol")
_MIDDLES = ("", "a", "an", "e", "en", "i", "in", "o", "on", "u", "ar", "er")
_ENDINGS = (
    "by",
    "dale",
    "den",
    "fell",
    "ford",
    "ham",
    "holm",
    "mere",
    "mouth",
    "ness",
    "stead",
    "thorpe",
    "ton",
    "wick",
)
_STREETS = ("Mill", "Station", "Church", "Quarry", "Harbour", "Bridge", "Common", "Depot", "Orchard", "Foundry")
_WAYS = ("Road", "Lane", "Street", "Way", "Row", "Hill", "Green")


def town(chance: Chance, *key: object) -> str:
    """A town's name, such as Kelinstead."""
    onset = chance.choice(_ONSETS + _ONSETS_MORE, *key, "onset")
    middle = chance.choice(_MIDDLES, *key, "middle")
    return onset + middle + chance.choice(_ENDINGS, *key, "ending")


def towns(chance: Chance, count: int) -> list[str]:
    """So many different towns' names."""
    found: dict[str, None] = {}
    attempt = 0
    while len(found) < count:
        found[town(chance, "town", attempt)] = None
        attempt += 1
    return list(found)


def street(chance: Chance, *key: object) -> str:
    """A street's name, such as Quarry Lane; substations are called after the town and the street."""
    return f"{chance.choice(_STREETS, *key, 'street')} {chance.choice(_WAYS, *key, 'way')}"


def postcode(chance: Chance, town_name: str, *key: object) -> str:
    """A postcode in a scheme that no country uses: three letters of the town, a hyphen, three digits."""
    return f"{town_name[:3].upper()}-{chance.between(100, 999, *key, 'postcode')}"
