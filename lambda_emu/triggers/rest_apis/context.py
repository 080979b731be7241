"""`$context` of a request to a REST API, which functions' events have, and templates. docs/contract/events.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lambda_emu.triggers.http_event import source_of
from lambda_emu.triggers.rest_apis.entering import Entered

IDENTITY = (
    *("cognitoIdentityPoolId", "accountId", "cognitoIdentityId", "caller", "sourceIp", "principalOrgId", "accessKey"),
    *("cognitoAuthenticationType", "cognitoAuthenticationProvider", "userArn", "userAgent", "user"),
)


class Moment(NamedTuple):
    """When a request came, and what it is called. time: `12/Mar/2020:19:03:58 +0000`. trace: its whole header."""

    request_id: str
    time: str
    epoch_ms: int
    trace: str


def identity_of(entered: Entered) -> Mapping[str, Any]:
    """What is not known of who asks is null."""
    head = entered.request.head
    found: dict[str, Any] = dict.fromkeys(IDENTITY)
    agent = head.get(b"user-agent")
    found |= {"sourceIp": source_of(head), "userAgent": None if agent is None else agent.decode("latin-1")}
    return {**found, **entered.identity}


def context_of(entered: Entered, moment: Moment) -> dict[str, Any]:
    """Members as an event orders them."""
    request, api = entered.request, entered.api
    found: dict[str, Any] = {"resourceId": entered.resource.id}
    if entered.authorizer is not None:
        found["authorizer"] = entered.authorizer
    found["resourcePath"] = entered.resource.path
    if entered.method.operation:
        found["operationName"] = entered.method.operation
    found |= {
        "httpMethod": request.method,
        "extendedRequestId": moment.request_id,
        "requestTime": moment.time,
        "path": entered.whole_path,
        "accountId": api.account,
        "protocol": f"HTTP/{request.head.version}",
        "stage": entered.stage.name,
        "domainPrefix": entered.domain.partition(".")[0],
        "requestTimeEpoch": moment.epoch_ms,
        "requestId": moment.request_id,
        "identity": identity_of(entered),
        "domainName": entered.domain,
        "deploymentId": entered.deployment.id,
        "apiId": api.id,
    }
    return found | ({"isCanaryRequest": entered.is_canary} if entered.stage.canary is not None else {})


def template_context(entered: Entered, moment: Moment) -> dict[str, Any]:
    """With what templates have beside it."""
    return context_of(entered, moment) | {"xrayTraceId": moment.trace.partition(";")[0].removeprefix("Root=")}
