"""Reading files: what is in them, what it means here, and what is wrong with it. No database.

``readers`` opens a file as a table of texts, ``mapping`` says which column means which field, ``rows`` converts line by
line. What only the database can know (references, duplicates of what is there) is checked in ``store/staging``.
"""
