"""The analyze page: `routes.py` answers it, `reading.py` decides what it says, `segments.py` cuts the text."""

from service.web import model_page
from service.web.routes import router, static_files

ROUTERS = (router, model_page.router)

__all__ = ["ROUTERS", "router", "static_files"]
