"""What a project's `resources:` and `events:` mean, as resources that need one another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.project.declarations import Declared, DeclaredFunction, Project
from lambda_emu.project.keys.apis import IMPORTED_API
from lambda_emu.project.keys.resources import HTTP_API
from lambda_emu.project.resources import Reference, Resource, ResourceKey
from lambda_emu.project.services.alarms import attach_alarm
from lambda_emu.project.services.apis import API, API_NAME, ROUTE
from lambda_emu.project.services.balancers import attach_alb
from lambda_emu.project.services.building import POLLED, STREAM_DEFAULTS, Attach, Building, hash_of
from lambda_emu.project.services.imported import declare_api
from lambda_emu.project.services.left import PREFIX
from lambda_emu.project.services.log_groups import attach_subscription
from lambda_emu.project.services.machines import MACHINE, declare_machine
from lambda_emu.project.services.own import URL, URL_ID
from lambda_emu.project.services.pools import POOL, attach_cognito, declare_pool
from lambda_emu.project.services.pushed import NOTIFICATIONS, SUBSCRIBED_QUEUE, SUBSCRIPTION
from lambda_emu.project.services.queue_policies import let_in
from lambda_emu.project.services.rest import attach_method
from lambda_emu.project.services.roles import ROLE, declare_role
from lambda_emu.project.services.rules import BUS, attach_rule, declare_bus
from lambda_emu.project.services.schedules import attach_schedule
from lambda_emu.project.services.sockets import attach_socket_route
from lambda_emu.project.services.stores import BUCKET, LONG_ENOUGH, QUEUE, STREAM, TABLE, TOPIC, VISIBLE_TIMES
from lambda_emu.project.services.streams import DATA_STREAM, attach_stream, declare_stream

log = logging.getLogger(__name__)

VISIBLE_S, MOST_VISIBLE_S = 30, 43_200
QUEUE_DEFAULTS = {"DelaySeconds": "0", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0"}
RECEIVES = 3
SQS_DEFAULTS = {**POLLED, "Enabled": True, "ScalingConfig": {}}
BY_NAME = {"s3": BUCKET, "sqs": QUEUE, "dynamodb": TABLE, "sns": TOPIC, "kinesis": DATA_STREAM}
MORE: Mapping[str, Attach] = {
    "alarm": attach_alarm,
    "alb": attach_alb,
    "cognito": attach_cognito,
    "eventbridge": attach_rule,
    "kinesis": attach_stream,
    "logs": attach_subscription,
    "rest": attach_method,
    "schedule": attach_schedule,
    "websocket": attach_socket_route,
}
"""By kind of event: of modules of their own."""


def make_wanted(project: Project, context: RequestContext) -> dict[ResourceKey, Resource]:
    """All that there is to be beside the functions, by its key: first what is declared, then what events need."""
    builder = _ResourceBuilder(project, context)
    for declared in project.resources:
        builder.declare(declared)
    for function in project.functions:
        for event in function.events:
            builder.attach(function, event)
            _warn_of_circle(function, event)
    builder.fill_in()
    return builder.wanted


class _ResourceBuilder(Building):
    """What is named and not declared is made with what is usual for it, and changed by nobody."""

    def __init__(self, project: Project, context: RequestContext) -> None:
        super().__init__(context.scope)
        self._longest_s: dict[str, int] = {}
        self._notifications: dict[str, dict[str, Any]] = {}
        self._api: Mapping[str, Any] = {}
        self._functions = project.functions
        for function in project.functions:
            for event in function.events:
                if event.kind == "sqs":
                    longest_s = max(self._longest_s.get(event.name, 0), function.timeout_s)
                    self._longest_s[event.name] = longest_s

    def declare(self, declared: Declared) -> None:
        """One of `resources:`."""
        declare: Mapping[str, Callable[[Declared], None]] = {
            BUCKET: self._bucket,
            QUEUE: self._queue,
            TABLE: self._table,
            TOPIC: self._topic,
            HTTP_API: self._set_api,
            BUS: partial(declare_bus, self),
            POOL: partial(declare_pool, self),
            DATA_STREAM: partial(declare_stream, self),
            IMPORTED_API: partial(declare_api, self, functions=self._functions),
            MACHINE: partial(declare_machine, self),
            ROLE: partial(declare_role, self),
        }
        declare[declared.kind](declared)

    def attach(self, function: DeclaredFunction, event: Declared) -> None:
        """One of a function's `events:`."""
        if event.kind in BY_NAME:
            self.need(ResourceKey(BY_NAME[event.kind], event.name), event.place())
        attach: Mapping[str, Callable[[DeclaredFunction, Declared], None]] = {
            "s3": self._notify,
            "sqs": self._poll_queue,
            "dynamodb": self._poll_stream,
            "sns": self._subscribe,
            "http": self._route,
            "url": self._url,
        }
        if event.kind in attach:
            attach[event.kind](function, event)
        else:
            MORE[event.kind](self, function, event)

    def fill_in(self) -> None:
        """What others need and nobody declares."""
        for key, place in self.needed.items():
            if key not in self.wanted:
                members = self._visible(key.name) if key.kind == QUEUE else {}
                shown = {LONG_ENOUGH: True} if key.kind == QUEUE else {}
                self.wanted[key] = Resource(key, members, shown, place)
        for bucket, ours in self._notifications.items():
            place = self.needed[ResourceKey(BUCKET, bucket)]
            needed = Reference(ResourceKey(BUCKET, bucket))
            key = ResourceKey(NOTIFICATIONS, bucket)
            self.wanted[key] = Resource(key, {"Bucket": needed, "Ours": ours}, ours, place)

    # -- resources

    def _bucket(self, declared: Declared) -> None:
        self.add(BUCKET, declared.name, declared.fields, declared.fields, declared.place())

    def _queue(self, declared: Declared) -> None:
        said = {**QUEUE_DEFAULTS, **self._visible(declared.name), "RedrivePolicy": None, **declared.fields}
        if declared.name.endswith(".fifo"):
            said = {"ContentBasedDeduplication": "false", **said}
        if redrive := declared.fields.get("RedrivePolicy"):
            dead = ResourceKey(QUEUE, redrive["queue"])
            self.need(dead, declared.place("redrive"))
            receives = str(redrive.get("receives", RECEIVES))
            said["RedrivePolicy"] = {"deadLetterTargetArn": Reference(dead), "maxReceiveCount": receives}
        self.add(QUEUE, declared.name, said, said, declared.place())

    def _visible(self, queue: str) -> dict[str, str]:
        longest_s = self._longest_s.get(queue, 0)
        return {"VisibilityTimeout": str(min(max(VISIBLE_S, VISIBLE_TIMES * longest_s), MOST_VISIBLE_S))}

    def _table(self, declared: Declared) -> None:
        fields = declared.fields
        indexes = fields.get("indexes", {})
        attributes = {name: kind for keys in (fields, *indexes.values()) for name, kind in _keys(keys)}
        said = {
            "KeySchema": _schema(fields),
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": attributes[name]} for name in sorted(attributes)
            ],
            "Indexes": {name: _schema(keys) for name, keys in indexes.items()},
            "TimeToLive": fields.get("ttl"),
        }
        self.add(TABLE, declared.name, said, said, declared.place())
        if "StreamViewType" in fields:
            view = {"StreamViewType": fields["StreamViewType"]}
            self._stream(declared.name, view, view, declared.place("stream"))

    def _stream(self, table: str, said: Mapping[str, str], shown: Mapping[str, str], place: str) -> None:
        self.add(STREAM, table, {**said, "Table": Reference(ResourceKey(TABLE, table))}, shown, place)

    def _topic(self, declared: Declared) -> None:
        said = {}
        if declared.name.endswith(".fifo"):
            said = {"ContentBasedDeduplication": declared.fields.get("ContentBasedDeduplication", "false")}
        topic = self.add(TOPIC, declared.name, said, said, declared.place())
        for subscribed in declared.fields.get("queues", ()):
            queue = ResourceKey(QUEUE, subscribed["name"])
            self.need(queue, declared.place("queues"))
            shown = {"RawMessageDelivery": subscribed.get("RawMessageDelivery", "false"), **_filter(subscribed)}
            members = {**shown, "TopicArn": Reference(topic), "Endpoint": Reference(queue)}
            self.add(SUBSCRIBED_QUEUE, f"{topic.name} {queue.name}", members, shown, declared.place("queues"))
            let_in(self, queue, "sns.amazonaws.com", topic, declared.place("queues"))

    def _set_api(self, declared: Declared) -> None:
        """Of the API that is there once it has a route."""
        self._api = {"CorsConfiguration": declared.fields.get("CorsConfiguration", {})}

    # -- events

    def _notify(self, function: DeclaredFunction, event: Declared) -> None:
        said = {
            "LambdaFunctionArn": self.arn(function),
            "Events": sorted(event.fields.get("Events", ["s3:ObjectCreated:*"])),
            "Filter": {name: event.fields[name] for name in ("prefix", "suffix") if name in event.fields},
        }
        ours = self._notifications.setdefault(event.name, {})
        ours[f"{PREFIX}{function.name}-{hash_of(said)}"] = said
        bucket = ResourceKey(BUCKET, event.name)
        self.permit(function, event, "s3.amazonaws.com", bucket, SourceAccount=self.scope.account)

    def _subscribe(self, function: DeclaredFunction, event: Declared) -> None:
        topic = ResourceKey(TOPIC, event.name)
        shown = {"RawMessageDelivery": "false", **_filter(event.fields)}
        members = {**shown, "TopicArn": Reference(topic), "Endpoint": self.arn(function)}
        self.add(SUBSCRIPTION, f"{event.name} {function.name}", members, shown, event.place())
        self.permit(function, event, "sns.amazonaws.com", topic)

    def _poll_queue(self, function: DeclaredFunction, event: Declared) -> None:
        settings = {**SQS_DEFAULTS, **event.fields}
        self.map(function, f"sqs:{event.name}", settings, ResourceKey(QUEUE, event.name), event.place())

    def _poll_stream(self, function: DeclaredFunction, event: Declared) -> None:
        stream = ResourceKey(STREAM, event.name)
        if stream not in self.wanted:
            self._stream(event.name, {"StreamViewType": "NEW_AND_OLD_IMAGES"}, {}, event.place())  # or as it is
        fields = dict(event.fields)
        start = {"StartingPosition": fields.pop("StartingPosition", "TRIM_HORIZON")}
        self.map(function, f"dynamodb:{event.name}", {**STREAM_DEFAULTS, **fields}, stream, event.place(), start)

    def _route(self, function: DeclaredFunction, event: Declared) -> None:
        api = ResourceKey(API, API_NAME)
        if api not in self.wanted:
            self.add(API, API_NAME, self._api, self._api, event.place())
        shown = {
            "IntegrationUri": self.arn(function),
            "PayloadFormatVersion": event.fields.get("PayloadFormatVersion", "2.0"),
            "AuthorizationType": event.fields.get("AuthorizationType", "NONE"),
        }
        self.add(ROUTE, event.name, {**shown, "Api": Reference(api)}, shown, event.place())
        self.permit(function, event, "apigateway.amazonaws.com", api)

    def _url(self, function: DeclaredFunction, event: Declared) -> None:
        auth = event.fields["AuthType"]
        shown = {
            "AuthType": auth,
            "Cors": event.fields.get("Cors", {}),
            "InvokeMode": event.fields.get("InvokeMode", "BUFFERED"),
        }
        self.add(URL, function.name, shown, shown, event.place())
        who = {"Principal": "*" if auth == "NONE" else self.scope.account}
        through = {"lambda:InvokeFunctionUrl": {"FunctionUrlAuthType": auth}}
        through["lambda:InvokeFunction"] = {"InvokedViaFunctionUrl": True}
        for action, condition in through.items():
            id = URL_ID if action.endswith("Url") else f"{URL_ID}-function"
            self.permission(function, id, {**who, "Action": action, **condition}, event.place())


def _keys(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return (fields[name] for name in ("key", "sort") if name in fields)


def _schema(fields: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for (name, _), kind in zip(_keys(fields), ("HASH", "RANGE"), strict=False)
    ]


def _filter(fields: Mapping[str, Any]) -> dict[str, Any]:
    policy = fields.get("FilterPolicy") or {}
    scope = fields.get("FilterPolicyScope", "MessageAttributes") if policy else "MessageAttributes"
    return {"FilterPolicy": policy, "FilterPolicyScope": scope}


def _warn_of_circle(function: DeclaredFunction, event: Declared) -> None:
    """A function that is told where its events come from may send what has it run again; whether it does is its own."""
    if event.kind not in BY_NAME or {"prefix", "suffix"} & event.fields.keys():
        return
    for variable, value in (function.environment or {}).items():
        if event.name in (value, value.rpartition(":")[2], value.rpartition("/")[2]):
            kind = BY_NAME[event.kind]
            log.warning(
                "%s: %s is run by the %s %s, which its variable %s names too: what it sends there runs it again",
                event.place(),
                function.name,
                kind,
                event.name,
                variable,
            )
