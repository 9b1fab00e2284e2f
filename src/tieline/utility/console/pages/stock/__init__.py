"""Stock and logistics: where goods are, orders, issuing, losses, stocktakes, the balance, the forecast."""
