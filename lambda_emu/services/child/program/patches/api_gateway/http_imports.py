"""ImportApi and ReimportApi of HTTP APIs: a document becomes what the ordinary operations make, or nothing is changed.

moto's own take paths, integrations and CORS, and lose stages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.apigatewayv2.exceptions import BadRequestException
from moto.apigatewayv2.models import Api
from moto.apigatewayv2.responses import ApiGatewayV2Response

from lambda_emu.model.parameter_mapping import parameters_problem
from lambda_emu.model.route_keys import route_key_problem, same_requests
from lambda_emu.services.child.program.openapi.document import DocumentInvalid, Members, read_document
from lambda_emu.services.child.program.openapi.http_plan import HttpPlan, Route, plan_http_api

Answered = tuple[int, dict[str, Any], str | bytes]
PARTS = ("authorizers", "integrations", "models", "routes")
"""What a document takes the place of. Stages and deployments stay."""
SETTINGS = ("name", "version", "description", "cors_configuration", "disable_execute_api_endpoint")
KINDS = ("AWS_PROXY", "HTTP_PROXY")
UNSAID = (
    *("api_key_selection_expression", "cors_configuration", "description", "tags", "version"),
    *("disable_schema_validation", "disable_execute_api_endpoint", "route_selection_expression"),
)
MOST_TOLD = 10
"""Of what is wrong."""


def extend() -> None:
    """Before moto makes its app of this service."""
    for operation in (import_api, reimport_api):
        setattr(ApiGatewayV2Response, operation.__name__, operation)


def import_api(response: Any) -> Answered:
    backend = response.apigatewayv2_backend
    api: Api = backend.create_api(name="", protocol_type="HTTP", **dict.fromkeys(UNSAID))
    try:
        warnings = _put(response, api)
    except Exception:
        backend.delete_api(api.api_id)
        raise
    return _answer(api, warnings)


def reimport_api(response: Any) -> Answered:
    api: Api = response.apigatewayv2_backend.get_api(response.path.split("/")[3])
    with _as_it_was(api):
        for part in PARTS:
            setattr(api, part, {})
        warnings = _put(response, api)
    return _answer(api, warnings)


def _answer(api: Api, warnings: tuple[str, ...]) -> Answered:
    return 201, {}, json.dumps(api.to_json() | ({"importInfo": list(warnings)} if warnings else {}))


@contextmanager
def _as_it_was(api: Api) -> Iterator[None]:
    """Whatever fails has changed nothing."""
    kept = {name: getattr(api, name) for name in (*PARTS, *SETTINGS)}
    try:
        yield
    except Exception:
        for name, value in kept.items():
            setattr(api, name, value)
        raise


def _put(response: Any, api: Api) -> tuple[str, ...]:
    """What was amiss, but could be passed over."""
    base_path = str(response._get_param("basepath") or "ignore").lower()
    try:
        plan = plan_http_api(read_document(json.loads(response.body).get("body") or ""), base_path)
    except DocumentInvalid as error:
        raise BadRequestException(str(error)) from error
    if plan.warnings and str(response._get_param("failOnWarnings", "false")).lower() == "true":
        raise BadRequestException(_told("Warnings", plan.warnings))
    problems = [problem for route in plan.routes if (problem := _problem(route)) is not None]
    problems += _same_twice(plan)
    if problems:
        raise BadRequestException(_told("Errors", tuple(problems)))
    _make(api, plan)
    return plan.warnings


def _told(what: str, lines: tuple[str, ...]) -> str:
    return f"{what} found during import:\n\t" + "\n\t".join(lines[:MOST_TOLD])


def _make(api: Api, plan: HttpPlan) -> None:
    api.name, api.version, api.description = plan.title, plan.version, plan.description  # type: ignore[assignment]
    api.cors_configuration = plan.settings.get("cors_configuration")
    api.disable_execute_api_endpoint = plan.settings.get("disable_execute_api_endpoint", False)
    authorizers = {name: api.create_authorizer(name=name, **told).id for name, told in plan.authorizers.items()}
    for route in plan.routes:
        target = None if route.integration is None else api.create_integration(**route.integration).id
        api.create_route(
            False,
            list(route.scopes),
            route.key,
            None if target is None else f"integrations/{target}",  # type: ignore[arg-type]
            authorization_type=route.authorization,
            authorizer_id=None if route.authorizer is None else authorizers[route.authorizer],
            operation_name=route.operation,
        )


def _problem(route: Route) -> str | None:
    problem = route_key_problem(route.key)
    if problem is None and route.integration is not None:
        problem = _integration_problem(route.integration)
    return None if problem is None else f"Unable to create route '{route.key}': {problem}"


def _integration_problem(told: Members) -> str | None:
    if told["integration_type"] not in KINDS:
        return "Invalid integration type specified"
    if told["integration_subtype"] is not None:
        return None
    found = parameters_problem(told["request_parameters"] or {}, is_answer=False)
    answers = (told["response_parameters"] or {}).values()
    return found or next((one for each in answers if (one := parameters_problem(each, is_answer=True))), None)


def _same_twice(plan: HttpPlan) -> list[str]:
    seen: set[str] = set()
    found = []
    for route in plan.routes:
        same = same_requests(route.key)
        if same in seen:
            found.append(f"Route with key {route.key} already exists for this API")
        seen.add(same)
    return found
