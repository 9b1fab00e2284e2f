"""How programmes speak."""


def number_of(sites: int) -> str:
    """So many sites, in words: "1 site", "12,000 sites"."""
    return f"{sites:,} site{'' if sites == 1 else 's'}"
