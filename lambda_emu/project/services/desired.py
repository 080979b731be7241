"""What a project's `resources:` and `events:` mean, as resources that need one another."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.project.declarations import Declared, DeclaredFunction, Project
from lambda_emu.project.resource_keys import HTTP_API
from lambda_emu.project.resources import Reference, Resource, ResourceKey
from lambda_emu.project.services.apis import API, API_NAME, ROUTE
from lambda_emu.project.services.left import PREFIX
from lambda_emu.project.services.own import MAPPING, PERMISSION, URL, URL_ID, show_permission
from lambda_emu.project.services.pushed import NOTIFICATIONS, SUBSCRIBED_QUEUE, SUBSCRIPTION
from lambda_emu.project.services.stores import BUCKET, LONG_ENOUGH, QUEUE, STREAM, TABLE, TOPIC, VISIBLE_TIMES

log = logging.getLogger(__name__)

VISIBLE_S, MOST_VISIBLE_S = 30, 43_200
QUEUE_DEFAULTS = {"DelaySeconds": "0", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0"}
RECEIVES = 3
POLLED = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": [], "FilterCriteria": {}}
SQS_DEFAULTS = {**POLLED, "Enabled": True, "ScalingConfig": {}}
STREAM_DEFAULTS = {
    **POLLED,
    "BatchSize": 100,
    "Enabled": True,
    "ParallelizationFactor": 1,
    "MaximumRetryAttempts": -1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
}
BY_NAME = {"s3": BUCKET, "sqs": QUEUE, "dynamodb": TABLE, "sns": TOPIC}
PRINCIPALS = {"s3": "s3.amazonaws.com", "sns": "sns.amazonaws.com", "http": "apigateway.amazonaws.com"}


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


class _ResourceBuilder:
    """What is named and not declared is made with what is usual for it, and changed by nobody."""

    def __init__(self, project: Project, context: RequestContext) -> None:
        self.wanted: dict[ResourceKey, Resource] = {}
        self._scope = context.scope
        self._longest_s: dict[str, int] = {}
        self._needed: dict[ResourceKey, str] = {}  # with the place that names it
        self._notifications: dict[str, dict[str, Any]] = {}
        self._api: Mapping[str, Any] = {}
        for function in project.functions:
            for event in function.events:
                if event.kind == "sqs":
                    longest_s = max(self._longest_s.get(event.name, 0), function.timeout_s)
                    self._longest_s[event.name] = longest_s

    def declare(self, declared: Declared) -> None:
        """One of `resources:`."""
        declare = {
            BUCKET: self._bucket,
            QUEUE: self._queue,
            TABLE: self._table,
            TOPIC: self._topic,
            HTTP_API: self._set_api,
        }
        declare[declared.kind](declared)

    def attach(self, function: DeclaredFunction, event: Declared) -> None:
        """One of a function's `events:`."""
        if event.kind in BY_NAME:
            self._need(ResourceKey(BY_NAME[event.kind], event.name), event.place())
        attach = {
            "s3": self._notify,
            "sqs": self._poll_queue,
            "dynamodb": self._poll_stream,
            "sns": self._subscribe,
            "http": self._route,
            "url": self._url,
        }
        attach[event.kind](function, event)

    def fill_in(self) -> None:
        """What others need and nobody declares."""
        for key, place in self._needed.items():
            if key not in self.wanted:
                members = self._visible(key.name) if key.kind == QUEUE else {}
                shown = {LONG_ENOUGH: True} if key.kind == QUEUE else {}
                self.wanted[key] = Resource(key, members, shown, place)
        for bucket, ours in self._notifications.items():
            place = self._needed[ResourceKey(BUCKET, bucket)]
            needed = Reference(ResourceKey(BUCKET, bucket))
            key = ResourceKey(NOTIFICATIONS, bucket)
            self.wanted[key] = Resource(key, {"Bucket": needed, "Ours": ours}, ours, place)

    # -- resources

    def _bucket(self, declared: Declared) -> None:
        self._add(BUCKET, declared.name, declared.fields, declared.fields, declared.place())

    def _queue(self, declared: Declared) -> None:
        said = {**QUEUE_DEFAULTS, **self._visible(declared.name), "RedrivePolicy": None, **declared.fields}
        if declared.name.endswith(".fifo"):
            said = {"ContentBasedDeduplication": "false", **said}
        if redrive := declared.fields.get("RedrivePolicy"):
            dead = ResourceKey(QUEUE, redrive["queue"])
            self._need(dead, declared.place("redrive"))
            receives = str(redrive.get("receives", RECEIVES))
            said["RedrivePolicy"] = {"deadLetterTargetArn": Reference(dead), "maxReceiveCount": receives}
        self._add(QUEUE, declared.name, said, said, declared.place())

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
        self._add(TABLE, declared.name, said, said, declared.place())
        if "StreamViewType" in fields:
            view = {"StreamViewType": fields["StreamViewType"]}
            self._stream(declared.name, view, view, declared.place("stream"))

    def _stream(self, table: str, said: Mapping[str, str], shown: Mapping[str, str], place: str) -> None:
        self._add(STREAM, table, {**said, "Table": Reference(ResourceKey(TABLE, table))}, shown, place)

    def _topic(self, declared: Declared) -> None:
        said = {}
        if declared.name.endswith(".fifo"):
            said = {"ContentBasedDeduplication": declared.fields.get("ContentBasedDeduplication", "false")}
        topic = self._add(TOPIC, declared.name, said, said, declared.place())
        for subscribed in declared.fields.get("queues", ()):
            queue = ResourceKey(QUEUE, subscribed["name"])
            self._need(queue, declared.place("queues"))
            shown = {"RawMessageDelivery": subscribed.get("RawMessageDelivery", "false"), **_filter(subscribed)}
            members = {**shown, "TopicArn": Reference(topic), "Endpoint": Reference(queue)}
            self._add(SUBSCRIBED_QUEUE, f"{topic.name} {queue.name}", members, shown, declared.place("queues"))

    def _set_api(self, declared: Declared) -> None:
        """Of the API that is there once it has a route."""
        self._api = {"CorsConfiguration": declared.fields.get("CorsConfiguration", {})}

    # -- events

    def _notify(self, function: DeclaredFunction, event: Declared) -> None:
        said = {
            "LambdaFunctionArn": self._arn(function),
            "Events": sorted(event.fields.get("Events", ["s3:ObjectCreated:*"])),
            "Filter": {name: event.fields[name] for name in ("prefix", "suffix") if name in event.fields},
        }
        ours = self._notifications.setdefault(event.name, {})
        ours[f"{PREFIX}{function.name}-{_hash(said)}"] = said
        self._permit(function, event, ResourceKey(BUCKET, event.name), SourceAccount=self._scope.account)

    def _subscribe(self, function: DeclaredFunction, event: Declared) -> None:
        topic = ResourceKey(TOPIC, event.name)
        shown = {"RawMessageDelivery": "false", **_filter(event.fields)}
        members = {**shown, "TopicArn": Reference(topic), "Endpoint": self._arn(function)}
        self._add(SUBSCRIPTION, f"{event.name} {function.name}", members, shown, event.place())
        self._permit(function, event, topic)

    def _poll_queue(self, function: DeclaredFunction, event: Declared) -> None:
        self._map(function, event, SQS_DEFAULTS, ResourceKey(QUEUE, event.name), f"sqs:{event.name}")

    def _poll_stream(self, function: DeclaredFunction, event: Declared) -> None:
        stream = ResourceKey(STREAM, event.name)
        if stream not in self.wanted:
            self._stream(event.name, {"StreamViewType": "NEW_AND_OLD_IMAGES"}, {}, event.place())  # or as it is
        start = {"StartingPosition": event.fields.get("StartingPosition", "TRIM_HORIZON")}
        self._map(function, event, STREAM_DEFAULTS, stream, f"dynamodb:{event.name}", start)

    def _map(
        self,
        function: DeclaredFunction,
        event: Declared,
        defaults: Mapping[str, Any],
        source: ResourceKey,
        name: str,
        start: Mapping[str, Any] = {},
    ) -> None:
        fields = {member: value for member, value in event.fields.items() if member not in start}
        shown = {**defaults, **fields, "EventSourceArn": Reference(source)}
        members = {**shown, **start, "FunctionName": function.name}
        self._add(MAPPING, f"{function.name} {name}", members, shown, event.place())

    def _route(self, function: DeclaredFunction, event: Declared) -> None:
        api = ResourceKey(API, API_NAME)
        if api not in self.wanted:
            self._add(API, API_NAME, self._api, self._api, event.place())
        shown = {
            "IntegrationUri": self._arn(function),
            "PayloadFormatVersion": event.fields.get("PayloadFormatVersion", "2.0"),
            "AuthorizationType": event.fields.get("AuthorizationType", "NONE"),
        }
        self._add(ROUTE, event.name, {**shown, "Api": Reference(api)}, shown, event.place())
        self._permit(function, event, api)

    def _url(self, function: DeclaredFunction, event: Declared) -> None:
        auth = event.fields["AuthType"]
        shown = {
            "AuthType": auth,
            "Cors": event.fields.get("Cors", {}),
            "InvokeMode": event.fields.get("InvokeMode", "BUFFERED"),
        }
        self._add(URL, function.name, shown, shown, event.place())
        who = {"Principal": "*" if auth == "NONE" else self._scope.account}
        through = {"lambda:InvokeFunctionUrl": {"FunctionUrlAuthType": auth}}
        through["lambda:InvokeFunction"] = {"InvokedViaFunctionUrl": True}
        for action, condition in through.items():
            id = URL_ID if action.endswith("Url") else f"{URL_ID}-function"
            self._permission(function, id, {**who, "Action": action, **condition}, event.place())

    def _permit(self, function: DeclaredFunction, event: Declared, source: ResourceKey, **more: str) -> None:
        members = {
            "Principal": PRINCIPALS[event.kind],
            "Action": "lambda:InvokeFunction",
            "SourceArn": Reference(source),
            **more,
        }
        id = f"{PREFIX}{event.kind}-{_hash([source.name])}"
        self._permission(function, id, members, event.place())

    def _permission(self, function: DeclaredFunction, id: str, members: Mapping[str, Any], place: str) -> None:
        self._add(PERMISSION, f"{function.name} {id}", members, show_permission(members), place)

    def _need(self, key: ResourceKey, place: str) -> None:
        self._needed.setdefault(key, place)

    def _add(
        self, kind: str, name: str, members: Mapping[str, Any], shown: Mapping[str, Any], place: str
    ) -> ResourceKey:
        key = ResourceKey(kind, name)
        self.wanted[key] = Resource(key, members, shown, place)
        return key

    def _arn(self, function: DeclaredFunction) -> str:
        return self._scope.function(function.name).arn()


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


def _hash(said: object) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:8]


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
