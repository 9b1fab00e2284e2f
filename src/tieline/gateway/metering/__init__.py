"""Metering: what utilities' subscriptions use, day by day (TMF635 v4), and what the operator bills for it.

A background worker takes every day down once it is over, from whatever the network counted. Utilities read their own;
staff set tariffs, correct days, and make the bill of a month at the back office.
"""
