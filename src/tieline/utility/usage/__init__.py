"""Usage: what subscriptions used and what it costs, against the contract: records, pooled plans, overage, bills."""
