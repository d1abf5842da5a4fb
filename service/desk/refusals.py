"""How a page says no: problems of pages as pages, and redirects; everything else stays a problem document."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from classifier.document import NOTICE
from service.desk.people import RedirectError
from service.problems import ProblemError, answer_problem, as_problem
from service.store.errors import StoreError
from service.templating import build_templates
from service.web.wording import full_sentence

_TEMPLATES = build_templates("service.web", full_sentence=full_sentence)


def refusal_page(request: Request, problem: ProblemError) -> Response:
    """A page that says what is wrong; the code is left on the request for the log line and the counters."""
    request.state.problem = problem.code
    content = _TEMPLATES.get_template("refused.html").render(problem=problem, notice=NOTICE)
    return HTMLResponse(content, problem.status, headers=problem.headers)


async def _answer(request: Request, error: Exception) -> Response:
    if getattr(request.state, "page", False):
        return refusal_page(request, as_problem(error))
    return await answer_problem(request, error)


async def _go(_: Request, error: Exception) -> Response:
    # 303: whatever was sent, the browser asks for the other page with GET.
    return RedirectResponse(error.location if isinstance(error, RedirectError) else "/", 303)


def install_refusals(app: FastAPI) -> None:
    """Answer errors of pages as pages, after `install_problems`."""
    app.add_exception_handler(RedirectError, _go)
    for kind in (ProblemError, StoreError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
