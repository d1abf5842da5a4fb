"""How templates are read everywhere: every value escaped, no name unknown."""

from collections.abc import Callable

import jinja2


def build_templates(package: str, **filters: Callable[..., object]) -> jinja2.Environment:
    """Build the environment over the folder `templates` of a package, with filters of its own."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(filters)
    return templates
