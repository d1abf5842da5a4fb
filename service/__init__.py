"""Tellsign over HTTP; the main flow is `app.py`: `create_app(settings)` puts the parts together, `serve` runs them."""
