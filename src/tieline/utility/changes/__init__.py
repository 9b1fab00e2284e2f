"""Changes: whatever alters configuration, planned, approved, carried out in waves, verified, and undoable."""
