"""The pages of the desk: `context.py` frames them, modules named after a page answer it, the rest builds views."""

from service.web.desk import (
    admin_audit,
    admin_checks,
    admin_keys,
    admin_people,
    admin_retention,
    admin_webhooks,
    care_page,
    dashboard_page,
    queue_page,
    review_page,
    search_page,
    sign_in_page,
)

ROUTERS = (
    sign_in_page.router,
    queue_page.router,
    review_page.router,
    care_page.router,
    search_page.router,
    dashboard_page.router,
    admin_people.router,
    admin_keys.router,
    admin_webhooks.router,
    admin_retention.router,
    admin_checks.router,
    admin_audit.router,
)
