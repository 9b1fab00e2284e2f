"""Operators and what their contracts grant."""
