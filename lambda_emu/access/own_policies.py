"""The resource policies that our own services keep, by the ARNs of what they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lambda_emu.access.sources import OwnPolicy
from lambda_emu.arn import FunctionId, scope_in
from lambda_emu.model.iam.documents import WITH_VARIABLES
from lambda_emu.services.eventbridge.service import LateBuses
from lambda_emu.services.kinesis.late import LateStreams
from lambda_emu.services.sqs.late import LateQueues
from lambda_emu.store import Store
from lambda_emu.text.json_text import DECODER
from lambda_emu.triggers.log_groups import LogGroups

NONE: OwnPolicy = lambda _: None  # noqa: E731 - a table's value
WITHOUT = ("scheduler", "ssm", "states")
"""Services of which nothing has a policy of its own that lets callers in."""


def own_policies(
    store: Store, queues: LateQueues, streams: LateStreams, buses: LateBuses, logs: LogGroups
) -> Mapping[str, OwnPolicy]:
    """By service. From any thread."""

    def of_function(arn: str) -> str | None:
        named = _function_in(arn)
        function = None if named is None else store.function(named[0])
        policy = None if function is None or named is None else function.policies.get(named[1])
        return None if policy is None else policy.document

    def of_queue(arn: str) -> str | None:
        queue = None if queues.opened is None else queues.opened.find_arn(arn)
        return None if queue is None else queue.record.settings.get("Policy")

    def of_stream(arn: str) -> str | None:
        kind, _, rest = arn.split(":", 5)[5].partition("/")
        name, scope = rest.partition("/")[0], scope_in(arn)
        if streams.opened is None or kind != "stream" or not streams.opened.knows(scope, name):
            return None
        return streams.opened.find(scope, name).record.policy

    def of_bus(arn: str) -> str | None:
        kind, _, name = arn.split(":", 5)[5].partition("/")
        bus = None if buses.opened is None or kind != "event-bus" else buses.opened.directory.bus(scope_in(arn), name)
        return None if bus is None else bus.policy

    def of_logs(arn: str) -> str | None:
        texts = None if logs.opened is None else logs.opened.groups.policies.get(scope_in(arn))
        return None if not texts else _together(tuple(texts))

    ours: Mapping[str, OwnPolicy] = {
        "events": of_bus,
        "kinesis": of_stream,
        "lambda": of_function,
        "logs": of_logs,
        "sqs": of_queue,
    }
    return {**dict.fromkeys(WITHOUT, NONE), **ours}


@lru_cache(64)
def _together(texts: tuple[str, ...]) -> str:
    """One policy that says what these say: an account has several for all its log groups."""
    statements: list[Any] = []
    for text in texts:
        try:
            told = DECODER.decode(text).get("Statement")
        except (ValueError, RecursionError):
            continue
        statements += told if isinstance(told, list) else [told]
    return json.dumps({"Version": WITH_VARIABLES, "Statement": statements})


@lru_cache(1024)
def _function_in(arn: str) -> tuple[FunctionId, str] | None:
    """With its qualifier, which may be empty."""
    parts = arn.split(":", 7)
    if len(parts) < 7 or parts[5] != "function":
        return None
    return FunctionId(parts[4], parts[3], parts[6], parts[1]), parts[7] if len(parts) == 8 else ""
