"""The parts under their former name: they live in ``tieline.console.components``."""
