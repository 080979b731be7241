"""The Flask app: a rule for every path of the model, one way in for all operations, one error handler."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import PathConverter, Rule, UnicodeConverter

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import handler_of, perform
from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.wire.bodies import discard_spooled
from lambda_emu.api.wire.service_model import ServiceModel, lambda_model
from lambda_emu.disk import is_full
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import UnknownPath
from lambda_emu.errors.service import NoRoom, ServiceFailure
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.wsgi import CALL, REQUEST, Environ, WsgiApp

log = logging.getLogger(__name__)

SLASH_INSIDE = b"\x01"  # stands for %2F between a path's slashes, until its converter turns it back
PATHS_WITH_SLASHES = ("DurableExecutionArn", "ResourceArn")

View = Callable[..., Response]

_LATER = Response(status=202)  # what WSGI gets for a request that is answered past it, and dropped there


def create_app(context: RequestContext) -> Flask:
    """The Lambda API in this context. Views may block on the store; Invoke's does not, so that it can run inline."""
    app, contexts = empty_app(), CallerContexts(context)
    app.url_map.converters.update(name=_Name, arn=_Arn)
    for (path, method), names in _routes(lambda_model()).items():
        endpoint = next(iter(names.values()))
        view = _view(names, contexts)
        app.add_url_rule(_rule(path), endpoint, view, methods=[method], provide_automatic_options=False)
    app.wsgi_app = _keeping_slashes(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app


def empty_app() -> Flask:
    """An app without pages, which takes paths as they are and answers errors in AWS's form."""
    app = Flask("lambda_emu", static_folder=None, template_folder=None)
    app.url_rule_class = OneWayRule
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    _answer_errors(app)
    return app


class OneWayRule(Rule):
    """Finds a view; makes no URL. For that werkzeug compiles two functions a rule, nine tenths of making our app."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _make_no_url


def _make_no_url(*_: object, **__: object) -> tuple[str, str]:
    raise NotImplementedError("URLs are made elsewhere")


class _Name(UnicodeConverter):
    """A path value without slashes, except encoded ones."""

    def to_python(self, value: str) -> str:
        return value.replace(SLASH_INSIDE.decode(), "/")


class _Arn(PathConverter):
    """A path value in which slashes may also appear raw."""

    def to_python(self, value: str) -> str:
        return value.replace(SLASH_INSIDE.decode(), "/")


def _rule(path: str) -> str:
    for name in PATHS_WITH_SLASHES:
        path = path.replace(f"{{{name}}}", f"<arn:{name}>")
    return path.replace("{", "<name:").replace("}", ">")


def _routes(model: ServiceModel) -> dict[tuple[str, str], dict[str | None, str]]:
    """Operation names by path and method, then by what in the query tells them apart."""
    routes: dict[tuple[str, str], dict[str | None, str]] = {}
    for route in model.routes():
        routes.setdefault((route.path, route.method), {})[route.query] = route.name
    return routes


def _view(names: dict[str | None, str], contexts: CallerContexts) -> View:
    def view(**path: str) -> Response:
        asked = _current_request()
        try:
            answer = _serve(_chosen(names, asked.query.decode("latin-1")), asked, path, contexts.as_asked(asked))
        finally:
            if asked.body_file is not None:
                discard_spooled(asked.body_file)
        if answer is None:
            return _LATER
        answer.headers.append(("x-amzn-RequestId", asked.request_id))
        return _response(answer)

    return view


def _current_request() -> Request:
    """The request that is being served, as it came."""
    found: Request = request.environ[REQUEST]
    return found


def _chosen(names: dict[str | None, str], query_string: str) -> str:
    if len(names) > 1:
        for literal in query_string.split("&"):
            if literal in names:
                return names[literal]
    return names[None]


def _serve(name: str, asked: Request, path: dict[str, str], context: RequestContext) -> Answer | None:
    """Parse, call the handler, serialise. None: a detached handler answers later."""
    operation, detached = lambda_model().operation(name), handler_of(name).detached
    call = (request.environ[CALL],) if detached else ()
    result = perform(name, operation.parse(asked, path), context, *call)
    return None if result is None else operation.answer(result)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers)


def _answer_errors(app: Flask) -> None:
    """Every exception leaves in AWS's form: ours as they say, foreign ones as ServiceException, logged."""

    def answer_error(error: LambdaError) -> Response:
        return _response(error_answer(error, _current_request().request_id))

    def answer_http_error(error: HTTPException) -> Response:
        log.debug("no operation for %s %s: %s", request.method, request.path, error)
        return answer_error(UnknownPath(request.method, request.path))

    def answer_unexpected(error: Exception) -> Response:
        if is_full(error):
            log.error("%s %s: %s", request.method, request.path, error)
            return answer_error(NoRoom(str(error)))
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return answer_error(ServiceFailure("An internal error occurred; the emulator's log has the traceback."))

    app.register_error_handler(LambdaError, answer_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_unexpected)


def _keeping_slashes(inner: WsgiApp) -> WsgiApp:
    """Decode paths so that an encoded slash stays inside its placeholder; WSGI's own PATH_INFO cannot tell it."""

    def wsgi_app(environ: Environ, start_response: Any) -> Iterable[bytes]:
        asked: Request = environ[REQUEST]
        if b"%2F" in asked.path or b"%2f" in asked.path:
            path = asked.path.replace(b"%2F", SLASH_INSIDE).replace(b"%2f", SLASH_INSIDE)
            environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        return inner(environ, start_response)

    return wsgi_app
