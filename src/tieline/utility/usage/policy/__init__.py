"""Rules of usage: periods, rating, forecasts, what stands out, reconciliation. Pure."""
