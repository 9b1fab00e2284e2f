"""The console's pages, one folder a part: ``routes`` (handlers), ``views`` (values to be shown), ``templates``."""
