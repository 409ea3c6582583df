"""The application: its routes, and what they answer."""

import contextlib
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException
from starlette.exceptions import HTTPException as AnyHTTPException

from ..errors import nearest
from ..version import __version__
from .batcher import Stopping
from .body import read_json
from .description import Health, Info, describe, predict_extra, responses
from .errors import ApiError, error_response, json_response
from .metrics import CONTENT_TYPE, Metrics
from .middleware import Watched
from .service import Service, refusal
from .settings import Settings

PAGE = Path(__file__).parent / "page"
# Path -> file in the package, and what it is.
FILES = {
    "/": ("index.html", "text/html"),
    "/docs": ("docs.html", "text/html"),
    "/page/style.css": ("style.css", "text/css"),
    "/page/app.js": ("app.js", "text/javascript"),
    "/page/answers.js": ("answers.js", "text/javascript"),
    "/page/docs.js": ("docs.js", "text/javascript"),
    "/favicon.ico": ("icon.svg", "image/svg+xml"),
}
API = {
    "/predict": ("POST",),
    "/info": ("GET",),
    "/health": ("GET",),
    "/health/live": ("GET",),
    "/metrics": ("GET",),
    "/openapi.json": ("GET",),
}


def create_app(task, settings=None, *, name=None):
    """See `keras_bert_zoo.serve.create_app`."""
    settings, metrics = settings or Settings(), Metrics()
    service = Service(task, settings, metrics, name)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        service.batcher.start()
        yield
        service.batcher.stop()
        service.batcher.join(settings.shutdown_seconds)

    app = FastAPI(
        title=f"{service.name} ({service.task_name})",
        description="A task of keras_bert_zoo behind HTTP.",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    add_api(app, service)
    add_page(app)
    app.add_exception_handler(ApiError, lambda request, error: error_response(error))
    app.add_exception_handler(AnyHTTPException, not_there)
    app.add_middleware(Watched, metrics=metrics, routes={*API, *FILES})
    describe(app, service.answers)
    return app


def add_api(app, service):
    """The routes for programs."""
    answers = service.answers

    @app.post(
        "/predict",
        summary="Ask the model",
        responses=responses(answers),
        openapi_extra=predict_extra(answers),
    )
    async def predict(request: Request) -> Response:
        if service.batcher.state == "stopping":
            raise refusal(Stopping("The server is about to stop.", 5))
        body = await read_json(request, service.settings.max_bytes)
        return json_response(await service.predict(body, request.state.note))

    @app.get("/info", summary="What the model is, and its limits")
    async def info() -> Info:
        return json_response(service.info())

    @app.get(
        "/health",
        summary="Whether the model is ready",
        responses={503: {"model": Health, "description": "It is starting or stopping."}},
    )
    async def health() -> Health:
        state = service.batcher.state
        content = {"status": state, "waiting": service.batcher.waiting}
        return json_response(content, 200 if state == "ready" else 503)

    @app.get("/health/live", summary="Whether the server answers")
    async def live() -> Health:
        return json_response({"status": "live", "waiting": service.batcher.waiting})

    @app.get(
        "/metrics",
        summary="Metrics for Prometheus",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=Response,
    )
    async def metrics() -> Response:
        return Response(service.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def add_page(app):
    """The routes for people: files of the package, and no others."""
    for path, (file, kind) in FILES.items():
        content = (PAGE / file).read_bytes()

        def read(content=content, kind=kind) -> Response:
            headers = {"Cache-Control": "no-cache"}
            return Response(content, headers=headers, media_type=f"{kind}; charset=utf-8")

        app.add_api_route(path, _route(read), include_in_schema=False, methods=["GET", "HEAD"])


def _route(read):
    async def file() -> Response:
        return read()

    return file


async def not_there(request, error: HTTPException):
    """404 and 405, and what there is instead."""
    path = request.url.path
    known = {**API, **dict.fromkeys(FILES, ("GET",))}
    if error.status_code == 404:
        hint = nearest(path[:80], known)
        message = f"There is no {path[:80]}.{hint} There are {', '.join(API)}, / and /docs."
        return error_response(ApiError(404, "not_found", message))
    if error.status_code == 405:
        methods = known.get(path, ("GET",))
        message = f"{path} takes {' and '.join(methods)}. Given: {request.method[:20]}."
        headers = {"Allow": ", ".join(methods)}
        return error_response(ApiError(405, "wrong_method", message, headers))
    return error_response(ApiError(error.status_code, "refused", str(error.detail)))
