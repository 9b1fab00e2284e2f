"""The utility's web console: its pages, made of the parts in ``tieline.console``."""
