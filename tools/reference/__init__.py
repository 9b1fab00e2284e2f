"""Writes the pages of the reference that say what the code says: roles, kinds of change, states, REST, and more.

    python -m tools.reference            write them
    python -m tools.reference --check    code 1 if a page is not what the code says

`tests/unit/tools/test_reference.py` holds the pages in step.
"""
