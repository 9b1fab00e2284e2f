"""Subscriptions (people say SIMs): the list, and the page of one."""
