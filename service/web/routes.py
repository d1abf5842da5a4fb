"""`/analyze`: the analyze page. A form and a result rendered here; the script of the page only saves the reload."""

import asyncio
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from classifier.document import NOTICE, Analysis, Document
from service.answering import answer, loaded
from service.desk.csrf import csrf_token
from service.desk.people import Person
from service.guard import address_of, form_needs
from service.parts import parts_of
from service.problems import FieldError, ProblemError, document_problem
from service.submissions import read_body
from service.templating import build_templates
from service.web.examples import load_examples
from service.web.reading import Reading, build_reading
from service.web.wording import ASSERTIONS, full_sentence

router = APIRouter(include_in_schema=False)

_FORM = "application/x-www-form-urlencoded"
_TEMPLATES = build_templates("service.web", full_sentence=full_sentence)


# None where the desk is off: the form then has a field for a key, where keys are on.
Asking = Annotated[Person | None, form_needs("analyze")]


def static_files() -> StaticFiles:
    """The style sheet, the script and the sign of the page."""
    return StaticFiles(packages=[("service.web", "static")])


@router.api_route("/analyze", methods=["GET", "HEAD"])
async def show_page(request: Request, person: Asking, example: str = "") -> Response:
    """The empty page, or with one of the example texts in its box."""
    texts = {entry.name: entry.text for entry in load_examples()}
    return _page(request, person, text=texts.get(example, ""))


@router.post("/analyze")
async def analyze_form(request: Request, person: Asking) -> Response:
    """The page with the result of the text that the form sent; a problem is said on the page, with its status."""
    text = ""
    try:
        text, key = await _read_form(request)
        access = parts_of(request).access
        if person is None:
            access.admit(token=key or None, scope="analyze", address=address_of(request))
        elif access.limiter is not None:
            access.limiter.hit(person.user.id)
        outcome = (await answer(request, [Document(text)]))[0]
        if not isinstance(outcome, Analysis):
            raise document_problem(outcome)
        # A long text has thousands of segments: cutting and rendering them must not hold up other requests.
        return await asyncio.to_thread(_result_page, request, person, text, outcome)
    except ProblemError as problem:
        request.state.problem = problem.code
        return _page(request, person, text=text, problem=problem)


def _result_page(request: Request, person: Person | None, text: str, analysis: Analysis) -> Response:
    keyed = person is not None or parts_of(request).access.keys is not None
    url = f"{request.base_url}v1/analyze"
    reading = build_reading(analysis, text, loaded(request).taxonomy, url=url, keyed=keyed)
    return _page(request, person, text=text, reading=reading)


async def _read_form(request: Request) -> tuple[str, str]:
    """Text and key of the form.

    Raises:
        ProblemError: `invalid_request` for another media type or bytes that are not UTF-8, or `body_too_large`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        error = FieldError("Content-Type", "is not that of a form", _FORM)
        raise ProblemError("invalid_request", "The page takes its own form only", errors=[error])
    body = await read_body(request, limit=parts_of(request).settings.max_body_bytes)
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        error = FieldError("text", "is not UTF-8", "text in UTF-8")
        raise ProblemError("invalid_request", "The form cannot be read", errors=[error]) from None
    # Browsers send line ends as CR LF whatever was typed; the box, the count and the offsets know only LF.
    return fields.get("text", [""])[0].replace("\r\n", "\n"), fields.get("key", [""])[0]


def _page(
    request: Request,
    person: Person | None,
    *,
    text: str,
    reading: Reading | None = None,
    problem: ProblemError | None = None,
) -> Response:
    parts = parts_of(request)
    content = _TEMPLATES.get_template("page.html").render(
        text=text,
        reading=reading,
        problem=problem,
        examples=load_examples(),
        notice=NOTICE,
        assertions=ASSERTIONS,
        limit=parts.settings.max_characters,
        keyed=parts.access.keys is not None,
        person=person,
        csrf=csrf_token(request) if person is not None else "",
        docs=parts.settings.docs,
    )
    return HTMLResponse(content, problem.status if problem else 200, headers=problem.headers if problem else None)
