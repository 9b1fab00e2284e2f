"""What every part stands on: settings, database, jobs, audit, identity, clock.

It knows nothing of grids or phones.
"""
