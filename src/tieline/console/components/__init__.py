"""The console's parts: what a page is made of, as typed values; each has a macro in a template beside it."""
