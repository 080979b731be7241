"""What the words of SAM's and CloudFormation's templates are called in lambda-emu.yaml, for those who port them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_WORDS: Mapping[str, str] = {
    # kinds of events
    "Api": "http",
    "CloudWatchEvent": "eventbridge",
    "CloudWatchLogs": "logs",
    "EventBridgeRule": "eventbridge",
    "HttpApi": "http",
    "ScheduleV2": "schedule",
    # their keys
    "BisectBatchOnFunctionError": "bisect",
    "DeadLetterConfig": "dead_letters",
    "DestinationConfig": "on_failure",
    "EventBusName": "bus",
    "FilterCriteria": "filters",
    "FilterPattern": "filter",
    "FilterPolicy": "filter",
    "FilterPolicyScope": "filter_on",
    "FlexibleTimeWindow": "flexible_window",
    "FunctionResponseTypes": "report_failures",
    "InputPathsMap": "input_paths",
    "LogGroupName": "group",
    "MaximumBatchingWindowInSeconds": "batch_window",
    "MaximumRecordAgeInSeconds": "max_age",
    "MaximumRetryAttempts": "retries",
    "MetricName": "metric",
    "ParallelizationFactor": "parallelization",
    "RetryPolicy": "retries",
    "ScalingConfig": "max_concurrency",
    "ScheduleExpression": "schedule",
    "ScheduleExpressionTimezone": "timezone",
    "StartingPosition": "start",
    "State": "enabled",
    "TumblingWindowInSeconds": "tumbling_window",
    "UserPool": "pool",
    # those of functions
    "CodeUri": "code",
    "FunctionUrlConfig": "events",
    "MemorySize": "memory",
    "ReservedConcurrentExecutions": "reserved_concurrency",
}


def in_our_words(key: str) -> Iterator[str]:
    """Those that it may mean, the likeliest first."""
    if key in _WORDS:
        yield _WORDS[key]
    yield key.lower()  # SNS, DynamoDB
    yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()  # BatchSize
