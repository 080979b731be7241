"""The kinds of sources that Lambda polls, and what a mapping of each may say. docs/contract/events.md#mappings.

Tables, so that a question about a kind is a row to read. Members are called as on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.model.mappings.refusals import UnrecognizedEventSource


class SourceKind(StrEnum):
    """One row of the tables. ActiveMQ and RabbitMQ have the same ARNs and the same members."""

    SQS = "sqs"
    SQS_FIFO = "sqs-fifo"
    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    MSK = "msk"
    KAFKA = "kafka"
    MQ = "mq"
    DOCUMENTDB = "documentdb"


# By the service in the ARN: what the resource looks like, the first that fits.
_RESOURCES: tuple[tuple[str, re.Pattern[str], SourceKind], ...] = (
    ("sqs", re.compile(r"[^:/]+\.fifo"), SourceKind.SQS_FIFO),
    ("sqs", re.compile(r"[^:/]+"), SourceKind.SQS),
    ("kinesis", re.compile(r"stream/.+"), SourceKind.KINESIS),
    ("dynamodb", re.compile(r"table/[^/]+/stream/.+"), SourceKind.DYNAMODB),
    ("kafka", re.compile(r"cluster/.+"), SourceKind.MSK),
    ("mq", re.compile(r"broker:.+"), SourceKind.MQ),
    ("rds", re.compile(r"cluster:.+"), SourceKind.DOCUMENTDB),
)
POLLED = frozenset({SourceKind.SQS, SourceKind.SQS_FIFO, SourceKind.DYNAMODB, SourceKind.KINESIS})
"""Those that are polled here; mappings of others are kept and have no effect."""
BOOTSTRAP_SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
LONG_POLLED_TIMEOUT_S = 840


def kind_of(source_arn: str | None, self_managed: Mapping[str, Any] | None) -> SourceKind:
    """The kind of source that a request names, once. Whether it exists is for its poller to find out."""
    if source_arn is None and self_managed is not None and BOOTSTRAP_SERVERS in self_managed.get("Endpoints", {}):
        return SourceKind.KAFKA
    if source_arn is not None and self_managed is None:
        _, _, service, _, _, resource = source_arn.split(":", 5)
        for its_service, pattern, kind in _RESOURCES:
            if its_service == service and pattern.fullmatch(resource):
                return kind
    raise UnrecognizedEventSource


class Pollers(Struct, frozen=True):
    """ProvisionedPollerConfig. fewest: of either bound, and MinimumPollers' default.

    most_at_least, most_at_most: what MinimumPollers and MaximumPollers can be at most.
    """

    fewest: int
    most_at_least: int = 200
    most_at_most: int = 2000
    default_at_most: int = 200


class Rules(Struct, frozen=True):
    """members: which of CreateEventSourceMapping's it may have, besides those of every mapping.

    defaults: shown unless set. required: refused without. positions: where reading may start. default_position: None
    where it must be said. access: what SourceAccessConfigurations may name. destinations: services for failed batches.
    with_pollers: members that need ProvisionedPollerConfig. group: the member that holds the consumer group.
    most_records: of a batch. most_without_window: of one where MaximumBatchingWindowInSeconds is 0.
    function_timeout_s: the longest that a function may have. tells_result: whether there is a LastProcessingResult.
    """

    members: frozenset[str]
    defaults: Mapping[str, Any]
    transition_reason: str = "USER_INITIATED"
    tells_result: bool = True
    required: tuple[str, ...] = ()
    positions: frozenset[str] = frozenset()
    default_position: str | None = None
    most_records: int = 10_000
    most_without_window: int = 10_000
    has_window: bool = True
    function_timeout_s: int = 900
    access: frozenset[str] = frozenset()
    destinations: frozenset[str] = frozenset()
    pollers: Pollers | None = None
    with_pollers: frozenset[str] = frozenset()
    group: str | None = None


_OF_ALL = {"MaximumBatchingWindowInSeconds"}
_FILTERED = _OF_ALL | {"FilterCriteria", "KMSKeyArn"}
_MEASURED = _FILTERED | {"MetricsConfig", "FunctionResponseTypes"}
_POSITION = {"StartingPosition", "StartingPositionTimestamp"}
_RETRIES = {"MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError"}

_ANY_POSITION = frozenset({"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"})
_KAFKA_ACCESS = frozenset(
    {
        "BASIC_AUTH",
        "VPC_SUBNET",
        "VPC_SECURITY_GROUP",
        "SASL_SCRAM_512_AUTH",
        "SASL_SCRAM_256_AUTH",
        "CLIENT_CERTIFICATE_TLS_AUTH",
        "SERVER_ROOT_CA_CERTIFICATE",
        "OAUTHBEARER_AUTH",
        "OAUTHBEARER_SCOPE",
        "OAUTHBEARER_AUDIENCE",
        "OAUTHBEARER_LOGICAL_CLUSTER",
        "OAUTHBEARER_IDENTITY_POOL",
        "IAM_AUTH",
        "IAM_OAUTHBEARER_AUTH",
    }
)
_TARGETS = frozenset({"sqs", "sns", "s3"})

_SQS = Rules(
    members=frozenset(_MEASURED | {"ScalingConfig", "ProvisionedPollerConfig"}),
    defaults={"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []},
    tells_result=False,
    most_without_window=10,
    pollers=Pollers(fewest=2, most_at_most=10_000),
)
_KINESIS = Rules(
    members=frozenset(
        _MEASURED | _POSITION | _RETRIES | {"DestinationConfig", "ParallelizationFactor", "TumblingWindowInSeconds"}
    ),
    defaults={
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "ParallelizationFactor": 1,
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
    },
    transition_reason="User action",
    positions=_ANY_POSITION,
    destinations=_TARGETS,
)
_MSK = Rules(
    members=frozenset(
        _MEASURED
        | _POSITION
        | _RETRIES
        | {
            "DestinationConfig",
            "Topics",
            "SourceAccessConfigurations",
            "ProvisionedPollerConfig",
            "LoggingConfig",
            "AmazonManagedKafkaEventSourceConfig",
        }
    ),
    defaults={"BatchSize": 100},
    required=("Topics",),
    positions=_ANY_POSITION,
    function_timeout_s=LONG_POLLED_TIMEOUT_S,
    access=_KAFKA_ACCESS,
    destinations=_TARGETS | {"kafka"},
    pollers=Pollers(fewest=1),
    with_pollers=frozenset(_RETRIES | {"LoggingConfig"}),
    group="AmazonManagedKafkaEventSourceConfig",
)
_SELF_MANAGED = "SelfManagedKafkaEventSourceConfig"

RULES: Mapping[SourceKind, Rules] = {
    SourceKind.SQS: _SQS,
    SourceKind.SQS_FIFO: replace(_SQS, most_records=10, has_window=False),
    SourceKind.KINESIS: _KINESIS,
    SourceKind.DYNAMODB: replace(_KINESIS, positions=_ANY_POSITION - {"AT_TIMESTAMP"}),
    SourceKind.MSK: _MSK,
    SourceKind.KAFKA: replace(
        _MSK,
        members=_MSK.members - {_MSK.group} | {"SelfManagedEventSource", _SELF_MANAGED},
        required=("SourceAccessConfigurations", "Topics"),
        default_position="TRIM_HORIZON",  # the API reference wants one of Kinesis and DynamoDB alone; not recorded
        group=_SELF_MANAGED,
    ),
    SourceKind.MQ: Rules(
        members=frozenset(_FILTERED | {"Queues", "SourceAccessConfigurations"}),
        defaults={"BatchSize": 100},
        required=("SourceAccessConfigurations", "Queues"),
        function_timeout_s=LONG_POLLED_TIMEOUT_S,
        access=frozenset({"BASIC_AUTH", "VIRTUAL_HOST"}),
    ),
    SourceKind.DOCUMENTDB: Rules(
        members=frozenset(_OF_ALL | _POSITION | {"SourceAccessConfigurations", "DocumentDBEventSourceConfig"}),
        defaults={"BatchSize": 100},
        required=("SourceAccessConfigurations", "DocumentDBEventSourceConfig"),
        positions=_ANY_POSITION,
        function_timeout_s=LONG_POLLED_TIMEOUT_S,
        access=frozenset({"BASIC_AUTH"}),
    ),
}
