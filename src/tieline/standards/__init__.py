"""Wire formats of the published standards: bytes or dicts in, typed values out.

Nothing here opens a socket, a file or a database, and nothing here imports the rest of Tieline: both sides
of an interface, and the tests of either, stand on the same code. ``docs/reference/standards.md`` says which
clause is implemented where and which readings are ours.
"""
