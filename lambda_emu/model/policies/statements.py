"""The statement that one permission becomes. docs/contract/api.md#policies.

A policy is shown as text, so the order of members is part of the answer. Conditions come in the order of a Java hash
map: the recorded ones do, and those that nobody recorded follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from lambda_emu.model.policies import principals
from lambda_emu.model.policies.refusals import OnlyForAction, TokenWithSource
from lambda_emu.text.java import hash_order

T = TypeVar("T")
Statement = Mapping[str, Any]

_CONDITIONS = {  # by member of the request: operator and key
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "OrganizationId": ("StringEquals", "aws:PrincipalOrgID"),
}
_ACTIONS = {  # members that only one action may have
    "FunctionUrlAuthType": "lambda:InvokeFunctionUrl",
    "InvokedViaFunctionUrl": "lambda:InvokeFunction",
}


def check_permission(request: Mapping[str, Any]) -> None:
    """Raises OnlyForAction, TokenWithSource for an AddPermission whose members do not go together."""
    for member, action in _ACTIONS.items():
        if member in request and request["Action"] != action:
            raise OnlyForAction(member, action)
    if "EventSourceToken" in request and ("SourceArn" in request or "SourceAccount" in request):
        raise TokenWithSource


def statement_of(request: Mapping[str, Any], arn: str) -> Statement:
    """What AddPermission or AddLayerVersionPermission adds to the policy of this ARN. Raises PrincipalInvalid."""
    statement = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": principals.principal_element(request["Principal"], arn.split(":")[1]),
        "Action": request["Action"],
        "Resource": arn,
    }
    condition = _condition(request)
    return statement | {"Condition": condition} if condition else statement


def _condition(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        if member in request:
            found.setdefault(operator, {})[key] = _text(request[member])
    return _in_hash_order({operator: _in_hash_order(keys) for operator, keys in found.items()})


def _in_hash_order(entries: Mapping[str, T]) -> dict[str, T]:
    return {key: entries[key] for key in hash_order(entries)}


def _text(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()
