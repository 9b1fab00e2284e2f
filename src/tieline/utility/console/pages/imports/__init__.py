"""Imports: a file, its mapping, its dry run, its report, and the history of all."""
