"""Usage and cost: what plans come to, what stands out, operators' bills, and the terms of contracts."""
