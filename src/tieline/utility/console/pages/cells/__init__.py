"""Cells and the masts that carry them."""
