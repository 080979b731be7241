"""What is to be tried: the request that a test describes, as it would have come. docs/contract/events.md#rest-apis."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head
from lambda_emu.model.caller import Caller
from lambda_emu.triggers.execute_api.addresses import ApiAddress
from lambda_emu.triggers.rest_apis.api import ANY, TRIAL, Authorizer, Method, Resource, RestApi
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.mapping.validation import NOTHING_DEMANDED
from lambda_emu.triggers.rest_apis.routes import Routes

DOMAIN = "testPrefix.testDomainName"
SOURCE_IP, KEY, KEY_ID = "test-invoke-source-ip", "test-invoke-api-key", "test-invoke-api-key-id"
URL = "!#$%&'()*+,/:;=?@[]~"
"""They stay as they are; what HTTP forbids in a target is escaped."""


class TrialNotFound(LambdaError):
    """what: `API`, `Resource`, `Method`, `Authorizer`."""

    code, status, kind = "NotFoundException", 404, None

    def __init__(self, what: str, which: str = "") -> None:
        super().__init__(f"Invalid {what} identifier specified{which}")


class TrialMissing(LambdaError):
    code, status, kind = "NotFoundException", 404, None


class TrialInvalid(LambdaError):
    code, status, kind = "BadRequestException", 400, None


class Trial(Struct, frozen=True):
    """path: with its query, as it is asked for; empty: the resource's own. variables: for the stage's own."""

    path: str = ""
    body: str = ""
    headers: Mapping[str, tuple[str, ...]] = {}
    variables: Mapping[str, str] = {}


def read_told(body: bytes) -> Mapping[str, Any]:
    """TrialInvalid: it is no object of JSON."""
    try:
        return _map(json.loads(body or b"{}"))
    except (ValueError, RecursionError) as error:
        raise TrialInvalid("Invalid request input") from error


def read_trial(told: Mapping[str, Any]) -> Trial:
    """As both operations have it. TrialInvalid."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in _map(told.get("headers")).items():
        headers[name] = (str(value),)
    for name, values in _map(told.get("multiValueHeaders")).items():
        headers[name] = tuple(str(one) for one in values) if isinstance(values, list) else (str(values),)
    for name, values in headers.items():
        if not name.isprintable() or any("\r" in one or "\n" in one for one in values):
            raise TrialInvalid(f"Invalid header: {name!r}")
    variables = {name: str(value) for name, value in _map(told.get("stageVariables")).items()}
    return Trial(str(told.get("pathWithQueryString") or ""), str(told.get("body") or ""), headers, variables)


def entered_by(
    trial: Trial, api: RestApi, resource: Resource, method: Method, verb: str, request_id: str, caller: Caller | None
) -> Entered:
    """verb: that is asked for. caller: who tries it."""
    asked = _request(trial, resource, verb, request_id)
    stage = api.stages[TRIAL]
    assert stage.deployment is not None, "what is now"
    path = asked.path.decode("latin-1")
    match = Routes([(resource.path, (ANY,), resource)]).match(verb, path)
    address = ApiAddress(api.id, path, TRIAL, None, DOMAIN)
    parameters = {} if match is None else match.parameters
    variables = {**stage.variables, **trial.variables}
    of_caller = {} if caller is None else {"accountId": caller.account, "userArn": caller.arn, "user": caller.user_id}
    identity = {**of_caller, "sourceIp": SOURCE_IP, "apiKey": KEY, "apiKeyId": KEY_ID}
    told = asked, api, address, stage, stage.deployment, False, variables, path, resource, method, parameters
    return Entered(*told, identity=identity)


def entered_for(authorizer: Authorizer, trial: Trial, api: RestApi, request_id: str) -> Entered:
    """A method of the root that this authorizer guards."""
    method = Method("GET", "CUSTOM", authorizer, (), False, None, NOTHING_DEMANDED, None)
    return entered_by(trial, api, Resource("", "/", {"GET": method}), method, "GET", request_id, None)


def _request(trial: Trial, resource: Resource, verb: str, request_id: str) -> Request:
    target = quote(trial.path or resource.path, safe=URL)
    target = target if target.startswith("/") else f"/{target}"
    path, _, query = target.partition("?")
    headers = [
        (name.lower().encode("utf-8", "replace"), value.encode("utf-8", "replace"))
        for name, values in trial.headers.items()
        for value in values
    ]
    names = [name.encode("utf-8", "replace") for name, values in trial.headers.items() for _ in values]
    head = Head(verb.encode("latin-1", "replace"), target.encode(), headers, "1.1", True, None, names)
    asked = Request(head, path.encode(), query.encode(), request_id)
    asked.body = trial.body.encode("utf-8", "replace")
    return asked


def _map(told: Any) -> Mapping[str, Any]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise TrialInvalid("Invalid request input")
    return told
