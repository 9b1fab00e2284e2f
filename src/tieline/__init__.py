"""Tieline joins an electricity distribution operator and its mobile operators."""

__version__ = "0.1.0"
