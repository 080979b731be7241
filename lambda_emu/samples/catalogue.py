"""Which samples there are. What makes those of a source is imported when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from lambda_emu.samples.sample import Sample

SOURCES: Mapping[str, str] = {
    "alarms": "alarms",
    "alb": "balancers",
    "cognito": "pools",
    "destinations": "results",
    "dynamodb": "streams",
    "eventbridge": "buses",
    "firehose": "delivery",
    "http": "http_apis",
    "kinesis": "streams",
    "logs": "log_groups",
    "rest": "rest_apis",
    "s3": "objects",
    "scheduler": "buses",
    "secretsmanager": "secrets",
    "ses": "mails",
    "sns": "topics",
    "sqs": "queues",
    "stepfunctions": "machines",
    "url": "http_apis",
    "websocket": "sockets",
}
"""By name, the module that has them."""


def samples_of(source: str) -> Mapping[str, Sample]:
    """By their types. KeyError: there is no such source."""
    module = import_module(f"lambda_emu.samples.{SOURCES[source]}")
    return next(one.by_type for one in module.SAMPLES if one.source == source)


def all_samples() -> Iterator[Sample]:
    for source in SOURCES:
        yield from samples_of(source).values()
