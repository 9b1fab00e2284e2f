"""All SQL of the back office: ``loading`` in bulk, ``reading`` for staff."""
