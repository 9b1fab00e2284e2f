"""When cells share a mast."""


def derived_mast_key(lat: float, lon: float) -> str:
    """The mast of a cell whose file names none: cells at one position, to four decimals (about 11 m), share it."""
    return f"@{lat:.4f},{lon:.4f}".replace("-0.0000", "0.0000")
