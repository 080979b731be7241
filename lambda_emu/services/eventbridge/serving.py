"""How a request is served: read, given to its operation, answered as JSON 1.1. Every operation by its name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from hmac import compare_digest

from msgspec import Struct
from msgspec.json import decode

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, log_hint
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.services.callers import caller_of
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import UnknownEventsOperation
from lambda_emu.services.eventbridge.event import trace_of
from lambda_emu.services.eventbridge.operations import api_destinations, archives, control, put, replays, rules
from lambda_emu.services.eventbridge.request import EventsRequest
from lambda_emu.services.json_wire import JSON_1_1, json_error, operation_of, teller
from lambda_emu.services.shapes import Shapes, load_model

log = logging.getLogger(__name__)

TARGET = b"AWSEvents."
RETRIEVE = "RetrieveConnectionCredentials"
"""Asked by state machines of this server alone, which prove that: AWS has such an action, and no operation."""
OF_A_SERVICE = b"x-lambda-emu-source"
"""A header of requests that a service which is served here makes."""

Operation = Callable[[EventsRequest, Buses], None]
OPERATIONS: Mapping[str, Operation] = {
    "CancelReplay": replays.cancel_replay,
    "CreateApiDestination": api_destinations.create_api_destination,
    "CreateArchive": archives.create_archive,
    "CreateConnection": api_destinations.create_connection,
    "CreateEventBus": control.create_event_bus,
    "DeauthorizeConnection": api_destinations.deauthorize_connection,
    "DeleteApiDestination": api_destinations.delete_api_destination,
    "DeleteArchive": archives.delete_archive,
    "DeleteConnection": api_destinations.delete_connection,
    "DeleteEventBus": control.delete_event_bus,
    "DeleteRule": rules.delete_rule,
    "DescribeApiDestination": api_destinations.describe_api_destination,
    "DescribeArchive": archives.describe_archive,
    "DescribeConnection": api_destinations.describe_connection,
    "DescribeEventBus": control.describe_event_bus,
    "DescribeReplay": replays.describe_replay,
    "DescribeRule": rules.describe_rule,
    "DisableRule": rules.disable_rule,
    "EnableRule": rules.enable_rule,
    "ListApiDestinations": api_destinations.list_api_destinations,
    "ListArchives": archives.list_archives,
    "ListConnections": api_destinations.list_connections,
    "ListEventBuses": control.list_event_buses,
    "ListReplays": replays.list_replays,
    "ListRuleNamesByTarget": rules.list_rule_names_by_target,
    "ListRules": rules.list_rules,
    "ListTagsForResource": control.list_tags_for_resource,
    "ListTargetsByRule": rules.list_targets_by_rule,
    "PutEvents": put.put_events,
    "PutPermission": control.put_permission,
    "PutRule": rules.put_rule,
    "PutTargets": rules.put_targets,
    "RemovePermission": control.remove_permission,
    "RemoveTargets": rules.remove_targets,
    "StartReplay": replays.start_replay,
    "TagResource": control.tag_resource,
    "TestEventPattern": put.try_event_pattern,
    "UntagResource": control.untag_resource,
    "UpdateApiDestination": api_destinations.update_api_destination,
    "UpdateArchive": archives.update_archive,
    "UpdateConnection": api_destinations.update_connection,
    "UpdateEventBus": control.update_event_bus,
}
PREPARED: Mapping[str, put.Prepare] = {
    "PutEvents": put.prepare_put,
    "CreateArchive": put.prepare_rule,
    "PutRule": put.prepare_rule,
    "TestEventPattern": put.prepare_test,
    "UpdateArchive": put.prepare_rule,
}
"""What is read before the operation: not on the loop, but for small events."""


class Retrieval(Struct, frozen=True):
    """Members as a client sends them."""

    ConnectionArn: str
    Ticket: str


class EventsServer:
    """Serves requests, on the loop or, where reading one takes long, on a worker."""

    def __init__(self, buses: Buses, clock: Clock, scope: Scope, secret_of: Callable[[str], str]) -> None:
        """scope: of callers who sign nothing. secret_of: what only this server and its child can tell of a text."""
        self._secret_of = secret_of
        self._buses = buses
        self._clock = clock
        self._scope = scope
        self._shapes = Shapes(load_model("events"), list(OPERATIONS))

    def serve(self, request: Request, call: Call) -> Answer | None:
        scope, name = caller_of(request, self._scope), operation_of(request, TARGET)
        try:
            if name == RETRIEVE:
                call.detach(
                    self._begin, api_destinations.retrieve_credentials, self._read_retrieval(request, scope, call)
                )
                return None
            if name not in OPERATIONS:
                raise UnknownEventsOperation(name)
            members = self._shapes.read(name, request.body)
            prepare = PREPARED.get(name)
            is_of_service = OF_A_SERVICE in request.head.first
            trace = trace_of(request.header(b"x-amzn-trace-id"))
            came = put.Came(members, scope, self._clock.now_s(), self._clock.new_id, is_of_service, trace)
            prepared = prepare(came) if prepare else None
        except LambdaError as error:
            log_hint(log, name, error)
            return json_error(error, request, JSON_1_1)

        asked = EventsRequest(name, members, scope, self._clock, teller(call), prepared)
        call.detach(self._begin, OPERATIONS[name], asked)
        return None

    def _read_retrieval(self, request: Request, scope: Scope, call: Call) -> EventsRequest:
        """UnknownEventsOperation: somebody else asks."""
        try:
            members = decode(request.body, type=Retrieval)
        except ValueError:
            raise UnknownEventsOperation(RETRIEVE) from None
        if not compare_digest(members.Ticket.encode(), self._secret_of(f"connection {members.ConnectionArn}").encode()):
            raise UnknownEventsOperation(RETRIEVE)
        return EventsRequest(RETRIEVE, {"ConnectionArn": members.ConnectionArn}, scope, self._clock, teller(call))

    def _begin(self, operation: Operation, asked: EventsRequest) -> None:
        """On the loop."""
        try:
            operation(asked, self._buses)
        except LambdaError as error:
            asked.told(error, None)
