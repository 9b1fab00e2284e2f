"""All SQL of the managed objects: the objects themselves, the change log, filters."""
