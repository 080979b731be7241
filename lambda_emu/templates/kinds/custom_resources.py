"""Resources that a function or a topic makes: AWS::CloudFormation::CustomResource and Custom::*.

docs/sam.md#custom-resources. Texts are CloudFormation's; those marked (?) are not recorded.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.model.function.names import resolve
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.services.response_urls import Awaited, Closed
from lambda_emu.templates.kinds.custom_responses import NotOfIt, Response, as_texts, read_response
from lambda_emu.templates.kinds.functions import settle
from lambda_emu.templates.kinds.kind import ANSWERED_IN, Kind, Made, ResourceRequest, refuse

log = logging.getLogger(__name__)

CUSTOM, PREFIX = "AWS::CloudFormation::CustomResource", "Custom::"
TOLD = " told"
"""The attribute that says what whoever makes it was told; not one of CloudFormation's."""
MOST_SHOWN = 300
"""Bytes of a response that the log shows."""
LONGEST_S = 3600
"""ServiceTimeout's default, and the most that it may be."""
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


def _told(asked: ResourceRequest) -> _Told:
    token = asked.get("ServiceToken")
    if not isinstance(token, str) or not token:
        raise refuse("Property ServiceToken cannot be empty.")  # (?)
    return _Told(token, asked.stack_id, asked.logical_id, asked.type, as_texts(asked.properties))


def _create(asked: ResourceRequest) -> Made:
    """What says that it failed is there all the same, and has to be deleted again."""
    told = _told(asked)
    request = _request(told, asked.reach, "Create")

    def begun() -> None:
        asked.begin(Made(asked.name, {TOLD: _members(told)}))

    response = _ask(asked.reach, told, request, begun)
    made = asked.begin(_made(told, response, request))
    _check(response, request)
    return made


def _update(asked: ResourceRequest, made: Made) -> Made:
    """Another physical id makes another resource of it: the old one is deleted when all else is done.

    So does one that comes with a failure.
    """
    told, before = _told(asked), made.attributes[TOLD]
    if told.ServiceToken != before["ServiceToken"]:
        raise refuse("Modifying service token is not allowed.")
    more = {"PhysicalResourceId": made.identifier, "OldResourceProperties": before["ResourceProperties"]}
    request = _request(told, asked.reach, "Update", **more)
    response = _ask(asked.reach, told, request)
    changed = _made(told, response, request)
    if not response.is_success and changed.identifier != made.identifier:
        asked.begin(changed)
    _check(response, request)
    return changed


def _remove(made: Made, reach: Reach) -> None:
    told = _Told(**made.attributes[TOLD])
    request = _request(told, reach, "Delete", PhysicalResourceId=made.identifier)
    _check(_ask(reach, told, request), request)


def _request(told: _Told, reach: Reach, type: str, **more: Any) -> Mapping[str, Any]:
    return {**_members(told), "RequestType": type, "RequestId": reach.context.clock.new_id(), **more}


def _made(told: _Told, response: Response, request: Mapping[str, Any]) -> Made:
    """As CloudFormation names the object with the response, where an attribute is asked for that it has not."""
    source = f"{told.StackId}|{told.LogicalResourceId}|{request['RequestId']}"
    return Made(response.identifier, {**response.data, TOLD: _members(told), ANSWERED_IN: source})


def _check(response: Response, request: Mapping[str, Any]) -> None:
    """CannotChange: it says that it failed."""
    if not response.is_success:
        raise refuse(FAILED.format(response.reason, request["RequestId"]))


def _members(told: _Told) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__struct_fields__}


# -- asking, and being answered


def _ask(reach: Reach, told: _Told, request: Mapping[str, Any], begun: Callable[[], None] = lambda: None) -> Response:
    """Send a request, and wait for the response. begun: called once it is sent.

    CannotChange: it could not be sent, nobody answered in time, or what came is no response.
    """
    limit_s = told.limit_s
    awaited = _open(reach, told)
    try:
        _send(reach, told, request, awaited)
        begun()
        return _wait(reach, awaited, request, limit_s)
    finally:
        awaited.close()


def _send(reach: Reach, told: _Told, request: Mapping[str, Any], awaited: Awaited) -> None:
    """CannotChange."""
    topic = _is_topic(told.ServiceToken)
    url = reach.context.response_urls.url(awaited, inside=not topic or _has_function(reach, told.ServiceToken))
    event = json.dumps({**request, "ResponseURL": url})
    if topic:
        reach.call("sns", "Publish", TopicArn=told.ServiceToken, Message=event, Subject=SUBJECT)
        return
    if why_not := _why_not(reach, told.ServiceToken):  # nobody would answer
        raise refuse(f"{told.ServiceToken} cannot run: {why_not}")
    reach.call("lambda", "Invoke", FunctionName=told.ServiceToken, InvocationType="Event", Payload=event.encode())


def _why_not(reach: Reach, function: str) -> str | None:
    """Why a function cannot run, once it is ready: it failed, or this machine has nothing to run it on."""
    found = settle(reach, function)
    if found.get("State") == "Failed":
        return str(found.get("StateReason"))
    return reach.context.activator.why_not(resolve(function, None, reach.context.scope).id)


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


def _wait(reach: Reach, awaited: Awaited, request: Mapping[str, Any], limit_s: int) -> Response:
    clock, what, who = reach.context.clock, request["LogicalResourceId"], request["ServiceToken"]
    begun_s, is_told = clock.monotonic_s(), False
    while True:
        reach.check()
        try:
            body = awaited.take(LOOK_S)
        except Closed:
            raise refuse(ENDS.format(who)) from None
        response = None if body is None else _read(body, request)
        if response is not None:
            return response
        waited_s = clock.monotonic_s() - begun_s
        if waited_s >= limit_s:
            raise refuse(NO_RESPONSE.format(request["RequestId"]))
        if waited_s >= TELL_S and not is_told:
            is_told = True
            log.warning("%s: waiting for %s to answer, for %d s at most (ServiceTimeout)", what, who, limit_s)


def _read(body: bytes, request: Mapping[str, Any]) -> Response | None:
    """None of what is another's. CannotChange: it is no response, which the log shows."""
    what, who = request["LogicalResourceId"], request["ServiceToken"]
    shown = body[:MOST_SHOWN].decode(errors="replace").strip()
    try:
        return read_response(body, request)
    except NotOfIt as error:
        log.warning("%s: a response of %s is ignored, as its %s must be the request's: %s", what, who, error, shown)
        return None
    except CannotChange as error:
        log.warning("%s: the response of %s is refused (%s): %s", what, who, error, shown)
        raise


class _Any(frozenset[str]):
    """Every property is told to whoever makes it."""

    def __contains__(self, _: object) -> bool:
        return True


CUSTOM_RESOURCES: Mapping[str, Kind] = {
    CUSTOM: Kind(_Any(("ServiceTimeout", "ServiceToken")), _create, _remove, _update, renews=True, beside=True)
}
