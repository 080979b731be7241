"""What an API says itself of a request that goes wrong: by its gateway responses, which may tell of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.request import Request
from lambda_emu.triggers.http_event import parameters_of
from lambda_emu.triggers.rest_apis.context import Moment, template_context
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.gateway_responses import refusal_answer
from lambda_emu.triggers.rest_apis.refusals import RestRefusal


class OwnAnswers:
    """entered: as far as the request came; None: to no method."""

    def __init__(self, entered: Entered | None, moment: Callable[[Request], Moment]) -> None:
        self._entered = entered
        self._moment = moment

    def answer(self, error: LambdaError, request: Request) -> Answer:
        if not isinstance(error, RestRefusal):
            return error_answer(error, request.request_id)
        deployment = error.deployment if self._entered is None else self._entered.deployment
        responses = {} if deployment is None else deployment.responses
        accept = request.header(b"accept") or ""
        return refusal_answer(error, responses, accept, request.request_id, self._find(request))

    def _find(self, request: Request) -> Callable[[str], Any]:
        """context: made for who has a template that asks for it."""
        context: dict[str, Any] = {}

        def find(name: str) -> Any:
            place, _, rest = name.partition(".")
            if place == "context":
                if not context:
                    context.update(self._context(request))
                return _in(context, rest)
            if place == "stageVariables":
                return None if self._entered is None else self._entered.variables.get(rest)
            return self._of_request(request, name)

        return find

    def _context(self, request: Request) -> dict[str, Any]:
        moment = self._moment(request)
        if self._entered is not None:
            return template_context(self._entered, moment)
        return {"requestId": moment.request_id, "extendedRequestId": moment.request_id, "httpMethod": request.method}

    def _of_request(self, request: Request, name: str) -> str | None:
        """`method.request.header.<name>`, `.querystring.`, `.path.`."""
        place, _, rest = name.removeprefix("method.request.").partition(".")
        if place == "header":
            return request.header(rest.lower().encode("latin-1", "replace"))
        if place == "querystring":
            return next(reversed(parameters_of(request.query.decode("latin-1")).get(rest, [])), None)
        return self._entered.parameters.get(rest) if place == "path" and self._entered is not None else None


def _in(context: Mapping[str, Any], path: str) -> Any:
    found: Any = context
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
