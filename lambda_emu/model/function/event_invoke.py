"""How asynchronous events of a function, version or alias are retried, and who hears of them.

docs/contract/api.md#event-invoke-configurations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import FunctionId, Scope, Target, parse_function_name
from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.resources import NotFound

MEMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
SERVICES = {
    "OnSuccess": ("sqs", "sns", "lambda", "events"),
    "OnFailure": ("sqs", "sns", "lambda", "events", "s3"),
}

Wanted = Mapping[str, Any]


class EventInvokeConfig(Struct, frozen=True):
    """None: never set, so that Lambda's default holds. Destinations are ARNs. last_modified_s: epoch seconds."""

    last_modified_s: float
    max_retries: int | None = None
    max_age_s: int | None = None
    on_success: str | None = None
    on_failure: str | None = None

    def merge(self, wanted: Wanted, now_s: float) -> EventInvokeConfig:
        """With the members that a request names; DestinationConfig is one of them, and replaced whole."""
        config = replace(
            self,
            last_modified_s=now_s,
            max_retries=wanted.get("MaximumRetryAttempts", self.max_retries),
            max_age_s=wanted.get("MaximumEventAgeInSeconds", self.max_age_s),
        )
        if "DestinationConfig" not in wanted:
            return config
        return replace(
            config, on_success=_destination(wanted, "OnSuccess"), on_failure=_destination(wanted, "OnFailure")
        )


def check_given(wanted: Wanted) -> None:
    """Raises NothingForEvents; an empty DestinationConfig is something."""
    if not any(member in wanted for member in MEMBERS):
        raise NothingForEvents


def check_destinations(id: FunctionId, wanted: Wanted, exists: Callable[[Target], bool]) -> None:
    """Whether events of this function may go where the request says. exists: of the functions among them.

    Raises DestinationInvalid, DestinationIsItself, DestinationConfigInvalid.
    """
    for outcome in ("OnFailure", "OnSuccess"):
        arn = _destination(wanted, outcome)
        if arn is None:
            continue
        service = _service(arn)
        if service not in SERVICES[outcome]:
            raise DestinationConfigInvalid(_destination(wanted, "OnSuccess"), _destination(wanted, "OnFailure"))
        if service == "lambda":
            _check_function(id, arn, exists)


def _check_function(id: FunctionId, arn: str, exists: Callable[[Target], bool]) -> None:
    target = _function(arn)
    if target is None or not exists(target):
        raise DestinationInvalid(arn)
    if target.id == id:
        raise DestinationIsItself


def _function(arn: str) -> Target | None:
    try:
        written = parse_function_name(arn)
    except ValueError:
        return None
    if written.account is None or written.region is None:
        return None
    return Target(Scope(written.account, written.region).function(written.name), written.qualifier)


def _service(arn: str) -> str | None:
    """Of `arn:<partition>:<service>:…`; Kafka topics, which only mappings may have, are none."""
    parts = arn.split(":", 3)
    return parts[2] if len(parts) == 4 else None


def _destination(wanted: Wanted, outcome: str) -> str | None:
    """An empty ARN is the same as none."""
    return wanted.get("DestinationConfig", {}).get(outcome, {}).get("Destination") or None


class NoFunctionForEvents(NotFound):
    """Of Put, Update and List; Put says it of a missing version or alias too."""

    def __init__(self) -> None:
        super().__init__("The function doesn't exist.")


class NoEventInvokeConfig(NotFound):
    """`arn` has a qualifier always. Get and Delete say it of a missing function too."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The function {arn} doesn't have an EventInvokeConfig")


class NothingForEvents(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("You must specify at least one of error handling or destination setting.")


class DestinationInvalid(InvalidParameter):
    """A function that is not there; of a mapping, what takes no failed batches (not recorded)."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"The destination ARN {arn} is invalid.")


class DestinationIsItself(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("You can't specify the function as a destination for itself.")


class DestinationConfigInvalid(InvalidParameter):
    """A service that takes no records."""

    def __init__(self, on_success: str | None, on_failure: str | None) -> None:
        super().__init__(
            "The provided destination config DestinationConfig("
            f"onSuccess={_shown('OnSuccess', on_success)}, onFailure={_shown('OnFailure', on_failure)}) is invalid."
        )


def _shown(outcome: str, arn: str | None) -> str:
    return "null" if arn is None else f"{outcome}(destination={arn})"
