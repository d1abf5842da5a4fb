"""The analyze page: `routes.py` answers it, `reading.py` decides what it says, `segments.py` cuts the text."""

from service.web import desk, elsewhere, model_page, start
from service.web.routes import router, static_files

ROUTERS = (start.router, elsewhere.router, router, model_page.router, *desk.ROUTERS)

__all__ = ["ROUTERS", "router", "static_files"]
