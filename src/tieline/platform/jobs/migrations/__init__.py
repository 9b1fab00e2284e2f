"""Schema of jobs."""
