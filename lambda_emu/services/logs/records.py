"""A log group and what is said of it: its filters, how long it keeps events."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from lambda_emu.arn import Scope

NO_TEXTS: Mapping[str, str] = MappingProxyType({})
SUBSCRIPTION, METRIC = "subscription ", "metric "
"""Before the name of a filter, of which each group may have one of each kind."""
DAY_MS = 24 * 3600 * 1000


class SubscriptionFilter(Struct, frozen=True, omit_defaults=True):
    """destination: an ARN. distribution: of a stream's keys."""

    name: str
    pattern: str
    destination: str
    distribution: str
    created_ms: int
    role: str | None = None


class MetricFilter(Struct, frozen=True, omit_defaults=True):
    """value: a number, or a property or field of the event. default: for events that do not match."""

    name: str
    pattern: str
    namespace: str
    metric: str
    value: str
    created_ms: int
    default: float | None = None
    dimensions: Mapping[str, str] = NO_TEXTS
    unit: str = "None"


class LogGroup(Struct, frozen=True, omit_defaults=True):
    """created_ms: since the epoch. retention_days: None: for ever, as the log's limit lets it be."""

    account: str
    region: str
    name: str
    created_ms: int
    retention_days: int | None = None
    tags: Mapping[str, str] = NO_TEXTS
    kms_key: str | None = None
    log_class: str = "STANDARD"
    is_protected: bool = False
    subscriptions: tuple[SubscriptionFilter, ...] = ()
    metrics: tuple[MetricFilter, ...] = ()

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)

    @property
    def arn(self) -> str:
        return arn_of(self.scope, self.name)

    def kept_from_ms(self, now_ms: int) -> int:
        """Events before that are not shown any more."""
        return 0 if self.retention_days is None else now_ms - self.retention_days * DAY_MS


def arn_of(scope: Scope, group: str) -> str:
    """Without the `:*` that some operations write behind it."""
    return scope.arn(f"log-group:{group}", "logs")
