"""The analyze page: `routes.py` answers it, `reading.py` decides what it says, `segments.py` cuts the text."""

from service.web.routes import router, static_files

__all__ = ["router", "static_files"]
