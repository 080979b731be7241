"""`apigateway:invoke`: APIs that are served here are asked at our own server, by the host that they have here."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_api_gateway

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.machines.language.clients import RoleClients
from lambda_emu.signatures.signing import Unsigned, signature_headers

LIMIT_S = 35.0
"""An API answers within 29 s."""
MOST_BYTES = 10 * 1024 * 1024
NO_AUTH = "NO_AUTH"
PARAMETERS = ("ApiEndpoint", "AuthType", "Headers", "Method", "Path", "QueryParameters", "RequestBody", "Stage")
_HOST = re.compile(
    r"(?:https?://)?((?P<id>[a-z0-9]{1,32})\.execute-api\.(?P<region>[a-z0-9-]{1,32})\.[a-z0-9.-]{1,64}(?::\d+)?)/?"
)


def replace_api_gateway(front_url: str, clients: RoleClients) -> None:
    service: Any = state_task_service_api_gateway.StateTaskServiceApiGateway
    where = urlsplit(front_url)

    def call(self: Any, env: Any, normalised_parameters: Any, state_credentials: Any, **_: Any) -> None:
        """By moto's names. FailureEventException: the API refused. ValueError."""
        asked: Mapping[str, Any] = normalised_parameters
        found = _HOST.fullmatch(asked["ApiEndpoint"])
        if found is None:
            raise ValueError(f"{asked['ApiEndpoint']} is no endpoint of an API")
        method, path = asked["Method"], _path_of(asked)
        body = json.dumps(asked["RequestBody"]).encode() if "RequestBody" in asked else b""
        host = f"{found['id']}.execute-api.{found['region']}.localhost:{where.port}"
        headers = self._headers_of(dict(asked)) | {"Host": host}
        if asked.get("AuthType", NO_AUTH) != NO_AUTH:
            unsigned = Unsigned(method, path, host, body, "execute-api", found["region"])
            headers |= signature_headers(unsigned, clients.credentials(state_credentials.role_arn), clock.machine_s())
        with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=LIMIT_S)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = answer.read(MOST_BYTES)
        if answer.status >= 400:
            raise _refused(self, env, answer.status, said)
        env.stack.append(_told(answer, said))

    service._eval_service_task = call
    service._from_error = _failed
    service._SUPPORTED_API_PARAM_BINDINGS = {"invoke": set(PARAMETERS)}


def _path_of(asked: Mapping[str, Any]) -> str:
    parts = (str(asked.get(name, "")).strip("/") for name in ("Stage", "Path"))
    path = "/" + "/".join(quote(part, safe="/:@!$&'()*+,;=~") for part in parts if part)
    listed = asked.get("QueryParameters") or {}
    query = urlencode([(name, value) for name, values in listed.items() for value in _each(values)])
    return f"{path}?{query}" if query else path


def _each(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _told(answer: http.client.HTTPResponse, said: bytes) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        headers.setdefault(name, []).append(value)
    text = said.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = text
    status = HTTPStatus(answer.status).phrase
    return {"Headers": headers, "ResponseBody": body, "StatusCode": answer.status, "StatusText": status}


def _failed(self: Any, env: Any, ex: Exception) -> FailureEvent:
    if isinstance(ex, FailureEventException):
        return ex.failure_event
    if isinstance(ex, TimeoutError):
        found: FailureEvent = self._get_timed_out_failure_event(env)
        return found
    return _failure(self, env, f"ApiGateway.{type(ex).__name__}", str(ex))


def _refused(task: Any, env: Any, status: int, said: bytes) -> FailureEventException:
    return FailureEventException(_failure(task, env, f"ApiGateway.{status}", said.decode("utf-8", "replace")))


def _failure(task: Any, env: Any, error: str, cause: str) -> FailureEvent:
    where = {"resource": task._get_sfn_resource(), "resourceType": task._get_sfn_resource_type()}
    details: Any = {"taskFailedEventDetails": {"error": error, "cause": cause, **where}}
    return FailureEvent(env, CustomErrorName(error), HistoryEventType.TaskFailed, details)
