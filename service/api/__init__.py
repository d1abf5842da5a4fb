"""The JSON endpoints, one noun a file; `ROUTERS` is all of them."""

from service.api import analyze, health, model, shadow, taxonomy

ROUTERS = (analyze.router, taxonomy.router, model.router, shadow.router, health.router)
