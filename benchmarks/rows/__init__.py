"""The rows of the benchmark, one module a subject."""
