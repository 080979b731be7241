"""`http:invoke`: anybody is asked by HTTP, with the credentials of a connection of EventBridge."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.client import HTTPException
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.machines.language.clients import RoleClients
from lambda_emu.services.child.program.machines.language.failing import task_failed
from lambda_emu.services.child.program.machines.language.http_requests import (
    agent_of,
    request_of,
    seen_request,
    seen_response,
    told,
)
from lambda_emu.services.web_requests import OAUTH, WebRequest, send, token_of, token_request
from lambda_emu.signatures.signing import Unsigned, signature_headers

LIMIT_S = 60.0
"""As on AWS."""
ASK_LIMIT_S = 10.0
MOST_BYTES = 256 * 1024 + 1
MOST_TOKEN_BYTES = 64 * 1024
MOST_TOKENS = 256
TOKEN_S, SPARE_S = 3600.0, 30.0
PARAMETERS = frozenset(
    (
        *("ApiEndpoint", "Authentication", "Headers", "InvocationConfig", "Method", "QueryParameters"),
        *("RequestBody", "Transform"),
    )
)
OF_CONNECTIONS = "Events.ConnectionResource."
CODES = {"AccessDeniedException": "AccessDenied", "ResourceNotFoundException": "ResourceNotFound"}


class TaskError(Exception):
    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.error = error


class Connections:
    """Asks our own server for what connections hold, as the execution's role. Used by any thread."""

    def __init__(self, front: Front, clients: RoleClients) -> None:
        self._front = front
        self._clients = clients
        self._lock = Lock()  # guards _tokens, for a moment
        self._tokens: OrderedDict[str, tuple[str, float]] = OrderedDict()  # by connection: it, and until when it holds

    def find(self, arn: str, role: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """asked: more that the role is to be allowed. TaskError."""
        body = json.dumps({"ConnectionArn": arn, "Ticket": self._front.issuer.secret_of(f"connection {arn}"), **asked})
        where = urlsplit(self._front.url)
        region = (arn.split(":") + [""] * 4)[3]
        unsigned = Unsigned("POST", "/", where.netloc, body.encode(), "events", region)
        signed = signature_headers(unsigned, self._clients.credentials(role), clock.machine_s())
        target = {"X-Amz-Target": "AWSEvents.RetrieveConnectionCredentials"}
        headers = {"Content-Type": "application/x-amz-json-1.1", **target, **signed}
        try:
            answer = send(WebRequest("POST", self._front.url, {}, headers, body.encode()), ASK_LIMIT_S, MOST_BYTES)
            said: dict[str, Any] = json.loads(answer.body)
        except (OSError, HTTPException, ValueError) as error:
            raise TaskError(f"{OF_CONNECTIONS}InternalError", str(error)) from error
        if answer.status != 200:
            code = str(said.get("__type", "")).rpartition("#")[2]
            text = str(said.get("message") or said.get("Message") or "")
            raise TaskError(OF_CONNECTIONS + CODES.get(code, "InternalError"), text)
        if said["ConnectionState"] != "AUTHORIZED":
            raise TaskError(f"{OF_CONNECTIONS}InvalidConnectionState", f"Connection {arn} is {said['ConnectionState']}")
        return said

    def token(self, arn: str, parameters: Mapping[str, Any], region: str) -> str:
        """Of OAuth, as a header has it. TaskError."""
        key = f"{arn} {json.dumps(parameters, sort_keys=True)}"
        with self._lock:
            text, ends_s = self._tokens.get(key, ("", 0.0))
        if ends_s > time.monotonic():
            return text
        try:
            answer = send(token_request(parameters, agent_of(region)), ASK_LIMIT_S, MOST_TOKEN_BYTES)
            text, lasts_s = token_of(answer)
        except (OSError, HTTPException, ValueError) as error:
            raise TaskError(f"{OF_CONNECTIONS}InvalidConnectionState", f"{arn}: {error}") from error
        with self._lock:
            self._tokens[key] = text, time.monotonic() + max((lasts_s or TOKEN_S) - SPARE_S, 0.0)
            if len(self._tokens) > MOST_TOKENS:
                self._tokens.popitem(last=False)
        return text


class StateTaskServiceHttp(StateTaskService):
    """Methods by moto's names."""

    connections: Connections
    seen: dict[str, Any] | None = None
    """Where a test of the state has what was sent and came back."""
    reveals = False
    """Whether secrets stand there, too."""

    def _get_supported_parameters(self) -> set[str] | None:
        return set(PARAMETERS) if self.resource.api_action == "invoke" and self.resource.condition is None else None

    def _normalise_parameters(self, *_: Any, **__: Any) -> None:
        """They are nobody's of AWS."""

    def _normalise_response(self, *_: Any, **__: Any) -> None:
        """So is this."""

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        asked, region = normalised_parameters, resource_runtime_part.region
        arn = str((asked.get("Authentication") or asked.get("InvocationConfig") or {}).get("ConnectionArn", ""))
        machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
        plain = request_of(asked, region)
        leave = {"StateMachineArn": machine, "HTTPEndpoint": plain.url, "HTTPMethod": plain.method}
        found = self.connections.find(arn, state_credentials.role_arn, leave)
        type, parameters = found["AuthorizationType"], found["AuthParameters"]
        request = request_of(asked, region, type, parameters)
        if type == OAUTH:
            token = self.connections.token(arn, parameters["OAuthParameters"], region)
            request = WebRequest(
                request.method, request.url, request.query, {**request.headers, "Authorization": token}, request.body
            )
        if self.seen is not None:
            self.seen["request"] = seen_request(request if self.reveals else plain)
        try:
            answer = send(request, LIMIT_S, MOST_BYTES)
        except (OSError, HTTPException) as error:
            raise TaskError("States.Http.Socket", f"{plain.url}: {error}") from error
        if self.seen is not None:
            self.seen["response"] = seen_response(plain, answer)
        if not 200 <= answer.status < 300:
            raise TaskError(f"States.Http.StatusCode.{answer.status}", answer.body.decode("utf-8", "replace"))
        env.stack.append(told(answer))

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, FailureEventException):
            return ex.failure_event
        if not isinstance(ex, TaskError | ValueError):
            return super()._from_error(env, ex)
        error = ex.error if isinstance(ex, TaskError) else "States.Runtime"
        return task_failed(
            env, error, str(ex), resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type()
        )


def replace_http(front: Front, clients: RoleClients) -> None:
    """A service that moto's interpreter has not."""
    StateTaskServiceHttp.connections = Connections(front, clients)
    factory: Any = state_task_factory
    make = factory.state_task_service_for

    def make_ours(service_name: str) -> StateTaskService:
        ours: Any = StateTaskServiceHttp
        found: StateTaskService = ours() if service_name == "http" else make(service_name=service_name)
        return found

    factory.state_task_service_for = make_ours
