"""Resources that a function or a topic makes: AWS::CloudFormation::CustomResource and Custom::*.

docs/sam.md#custom-resources. Texts are CloudFormation's; those marked (?) are not recorded.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.project.services.reach import Reach
from lambda_emu.services.response_urls import Awaited, Closed
from lambda_emu.templates.kinds.functions import settle
from lambda_emu.templates.kinds.kind import Asked, Kind, Made, refuse

log = logging.getLogger(__name__)

CUSTOM, PREFIX = "AWS::CloudFormation::CustomResource", "Custom::"
TOLD = " told"
"""The attribute that says what whoever makes it was told; not one of CloudFormation's."""
LONGEST_S = 3600
"""ServiceTimeout's default, and the most that it may be."""
MOST_RESPONSE_BYTES = 4096
LOOK_S = 0.5
TELL_S = 15.0
"""After so long the log says what is waited for."""
SUBJECT = "AWS CloudFormation custom resource request"
NO_RESPONSE = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [{}]. "
    "If you are using the Python cfn-response module, you may need to update your Lambda function code so that "
    "CloudFormation can attach the updated version."
)
FAILED = "Received response status [FAILED] from custom resource. Message returned: {} (RequestId: {})"
ENDS = "the server ends before {} has answered"


class _Told(Struct, frozen=True):
    """What every request of a resource says."""

    ServiceToken: str
    StackId: str
    LogicalResourceId: str
    ResourceType: str
    ResourceProperties: Mapping[str, Any]

    @property
    def limit_s(self) -> int:
        """CannotChange."""
        said = self.ResourceProperties.get("ServiceTimeout", LONGEST_S)
        try:
            found = int(said)
        except (TypeError, ValueError):
            found = 0
        if not 1 <= found <= LONGEST_S:
            raise refuse(f"ServiceTimeout must be between 1 and {LONGEST_S} seconds, and is {said}")  # (?)
        return found


def _told(asked: Asked) -> _Told:
    token = asked.get("ServiceToken")
    if not isinstance(token, str) or not token:
        raise refuse("Property ServiceToken cannot be empty.")  # (?)
    return _Told(token, asked.stack_id, asked.logical_id, asked.type, as_texts(asked.properties))


def _create(asked: Asked) -> Made:
    told = _told(asked)
    request_id = asked.reach.context.clock.new_id()
    response = _ask(asked.reach, told, {"RequestType": "Create", "RequestId": request_id}, asked)
    return _made(told, response, request_id)


def _update(asked: Asked, made: Made) -> Made:
    """Another physical id makes another resource of it: the old one is deleted when all else is done."""
    told, before = _told(asked), made.attributes[TOLD]
    if told.ServiceToken != before["ServiceToken"]:
        raise refuse("Modifying service token is not allowed.")
    request_id = asked.reach.context.clock.new_id()
    more = {"PhysicalResourceId": made.identifier, "OldResourceProperties": before["ResourceProperties"]}
    response = _ask(asked.reach, told, {"RequestType": "Update", "RequestId": request_id, **more})
    return _made(told, response, request_id)


def _remove(made: Made, reach: Reach) -> None:
    told = _Told(**made.attributes[TOLD])
    more = {"RequestId": reach.context.clock.new_id(), "PhysicalResourceId": made.identifier}
    _ask(reach, told, {"RequestType": "Delete", **more})


def _made(told: _Told, response: Mapping[str, Any], request_id: str) -> Made:
    identifier = response.get("PhysicalResourceId")
    if not isinstance(identifier, str) or not identifier:
        raise refuse(f"Invalid PhysicalResourceId (RequestId: {request_id})")
    return Made(identifier, {**as_texts(response.get("Data") or {}), TOLD: _members(told)})


def _members(told: _Told) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__struct_fields__}


def as_texts(value: Any) -> Any:
    """Numbers and truths as CloudFormation hands them on; what is null is left out."""
    if isinstance(value, Mapping):
        return {str(name): as_texts(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [as_texts(part) for part in value if part is not None]
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else str(value)


# -- asking, and being answered


def _ask(reach: Reach, told: _Told, said: Mapping[str, Any], created: Asked | None = None) -> Mapping[str, Any]:
    """Send a request, and wait for the response. created: has to be deleted again where that says it failed.

    CannotChange: it could not be sent, failed, or nobody answered in time.
    """
    limit_s = told.limit_s
    awaited = _open(reach, told)
    try:
        _send(reach, told, said, awaited)
        if created is not None:
            created.begin(Made(created.name, {TOLD: _members(told)}))
        response = _wait(reach, awaited, told, str(said["RequestId"]), limit_s)
    finally:
        awaited.close()
    if created is not None and isinstance(response.get("PhysicalResourceId"), str):
        created.begin(Made(response["PhysicalResourceId"], {TOLD: _members(told)}))
    if response["Status"] == "FAILED":
        raise refuse(FAILED.format(response.get("Reason", ""), said["RequestId"]))
    return response


def _send(reach: Reach, told: _Told, said: Mapping[str, Any], awaited: Awaited) -> None:
    """CannotChange."""
    topic = _is_topic(told.ServiceToken)
    url = reach.context.response_urls.url(awaited, inside=not topic or _has_function(reach, told.ServiceToken))
    event = json.dumps({**_members(told), **said, "ResponseURL": url})
    if topic:
        reach.call("sns", "Publish", TopicArn=told.ServiceToken, Message=event, Subject=SUBJECT)
        return
    found = settle(reach, told.ServiceToken)
    if found.get("State") == "Failed":  # nobody would answer
        raise refuse(f"{told.ServiceToken} cannot run: {found.get('StateReason')}")
    reach.call("lambda", "Invoke", FunctionName=told.ServiceToken, InvocationType="Event", Payload=event.encode())


def _open(reach: Reach, told: _Told) -> Awaited:
    try:
        return reach.context.response_urls.open(reach.context.scope.account)
    except Closed:
        raise refuse(ENDS.format(told.ServiceToken)) from None


def _is_topic(token: str) -> bool:
    parts = token.split(":")
    if len(parts) < 6 or parts[0] != "arn" or parts[2] not in ("lambda", "sns"):
        raise refuse(f"Invalid ServiceToken: {token} is the ARN of no function and no topic")  # (?)
    return parts[2] == "sns"


def _has_function(reach: Reach, topic: str) -> bool:
    """Whether one is subscribed, so that the response comes from inside."""
    found = reach.call("sns", "ListSubscriptionsByTopic", TopicArn=topic)
    return any(one["Protocol"] == "lambda" for one in found["Subscriptions"])


def _wait(reach: Reach, awaited: Awaited, told: _Told, request_id: str, limit_s: int) -> Mapping[str, Any]:
    clock = reach.context.clock
    begun_s, is_told = clock.monotonic_s(), False
    while True:
        try:
            body = awaited.take(LOOK_S)
        except Closed:
            raise refuse(ENDS.format(told.ServiceToken)) from None
        if body is not None:
            return _read(body)
        waited_s = clock.monotonic_s() - begun_s
        if waited_s >= limit_s:
            raise refuse(NO_RESPONSE.format(request_id))
        if waited_s >= TELL_S and not is_told:
            is_told = True
            what = told.LogicalResourceId, told.ServiceToken, limit_s
            log.warning("%s: waiting for %s to answer, for %d s at most (ServiceTimeout)", *what)


def _read(body: bytes) -> Mapping[str, Any]:
    if len(body) > MOST_RESPONSE_BYTES:
        raise refuse("Response object is too long.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise refuse("Invalid Response object: it must be a JSON object")  # (?)
    if said.get("Status") not in ("SUCCESS", "FAILED"):
        raise refuse("Invalid Response object: Value of property Status must be either SUCCESS or FAILED")  # (?)
    if not isinstance(said.get("Data") or {}, dict):
        raise refuse("Invalid Response object: Value of property Data must be an object")  # (?)
    return said


class _Any(frozenset[str]):
    """Every property is told to whoever makes it."""

    def __contains__(self, _: object) -> bool:
        return True


CUSTOM_RESOURCES: Mapping[str, Kind] = {
    CUSTOM: Kind(_Any(("ServiceTimeout", "ServiceToken")), _create, _remove, _update, renews=True, beside=True)
}
