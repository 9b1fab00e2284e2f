"""Pages of changes: list, draft, contract, mission control, receipt, items, undo."""
