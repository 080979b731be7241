"""Scheduler's universal targets, which name any operation of AWS: `arn:aws:scheduler:::aws-sdk:sqs:sendMessage`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9]{1,64}):([a-z][A-Za-z0-9]{1,128})")
_LOOKING = (
    *(
        "get",
        "describe",
        "list",
        "poll",
        "receive",
        "search",
        "scan",
        "query",
        "select",
        "read",
        "discover",
        "retrieve",
    ),
    *("batchGet", "batchDescribe", "batchRead", "transactGet", "adminGet", "adminList", "validate", "isAuthorized"),
    *("testMigration", "testConnection", "translateDocument", "invokeModel"),
)
"""How the names of operations begin that Scheduler does not take, as they only look."""


def operation_of(arn: str) -> tuple[str, str]:
    """The service as boto3 calls it, and the operation. ValueError: there is none, or none that Scheduler takes."""
    found = UNIVERSAL.fullmatch(arn)
    service = None if found is None else _services().get(found[1])
    if found is None or service is None:
        raise ValueError(f"{arn} names no service of AWS")
    written = found[2]
    operation = written[0].upper() + written[1:]
    if written.startswith(_LOOKING) or operation not in _operations(service):
        raise ValueError(f"{arn} names no operation that a schedule may ask for")
    return service, operation


@cache
def _services() -> Mapping[str, str]:
    """boto3's names by those of AWS's SDK for Java, which these ARNs have."""
    from botocore.loaders import Loader  # here: few servers ever need it

    return {name.replace("-", ""): name for name in Loader().list_available_services("service-2")} | _OTHERWISE


_OTHERWISE = {
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}
"""Of those that are served here."""


@cache
def _operations(service: str) -> frozenset[str]:
    from botocore.loaders import Loader

    return frozenset(Loader().load_service_model(service, "service-2")["operations"])
