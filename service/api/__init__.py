"""The JSON endpoints, one noun a file; `ROUTERS` is all of them."""

from service.api import analyze, health, model, taxonomy

ROUTERS = (analyze.router, taxonomy.router, model.router, health.router)
