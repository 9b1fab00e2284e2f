"""Logistics: where each card and router is, from the order to the site and back, as a ledger that balances."""
