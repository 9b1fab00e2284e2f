"""REST of logistics, under ``/api/v1/stock``."""

from tieline.utility.logistics.routes import counts, goods, orders

ROUTERS = (goods.router, orders.router, counts.router)

__all__ = ["ROUTERS"]
