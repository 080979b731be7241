"""Filter policies of SNS, by the filter language of event source mappings with what SNS has besides.

moto's own matcher goes by the first object of an array. Numbers are compared by their values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lambda_emu.model.mappings.filters import Fields, compile_parsed, matches
from lambda_emu.model.mappings.operators import WIDE_OPERATORS
from lambda_emu.model.mappings.refusals import FilterInvalid

ON_ATTRIBUTES, ON_BODY = "MessageAttributes", "MessageBody"
MOST_KNOWN = 256


def replace_filters() -> None:
    """Policies are looked at before a subscription has them, and before it is there at all."""
    from moto.sns.models import SNSBackend
    from moto.sns.responses import SNSResponse

    set_attributes, subscribe = SNSResponse.set_subscription_attributes, SNSResponse.subscribe
    validate = SNSBackend._validate_filter_policy

    def set_checked(self: Any) -> Any:
        name, value = self._get_param("AttributeName"), self._get_param("AttributeValue")
        there = self.backend.subscriptions.get(self._get_param("SubscriptionArn"))
        scope = None if there is None else there.attributes.get("FilterPolicyScope")
        check(name, value, lambda policy: validate(self.backend, policy, scope))
        return set_attributes(self)

    def subscribe_checked(self: Any) -> Any:
        attributes = self._get_param("Attributes", {})
        scope = attributes.get("FilterPolicyScope")
        for name, value in attributes.items():
            check(name, value, lambda policy: validate(self.backend, policy, scope))
        return subscribe(self)

    SNSResponse.set_subscription_attributes = set_checked  # type: ignore[method-assign]
    SNSResponse.subscribe = subscribe_checked  # type: ignore[method-assign]
    SNSBackend._validate_filter_policy = lambda *_, **__: None  # type: ignore[method-assign]  # it is done then


def wants(attributes: Mapping[str, Any], message_attributes: Mapping[str, Any] | None, message: str) -> bool:
    """Whether a subscription with these attributes is to have the message."""
    policy = attributes.get("FilterPolicy")
    if not policy:
        return True
    if attributes.get("FilterPolicyScope") != ON_BODY:
        return matches(_compiled(policy), _said(message_attributes or {}))
    try:
        body = _read(message)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and matches(_compiled(policy), body)


def check(name: str, value: Any, validate: Any) -> None:
    """Raises moto's SNSInvalidParameter, in AWS's words where they are recorded. validate: moto's own rules."""
    from moto.sns.exceptions import SNSInvalidParameter

    if name == "FilterPolicyScope" and value not in (ON_ATTRIBUTES, ON_BODY):
        raise SNSInvalidParameter(
            f"Invalid parameter: FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or "
            "MessageAttributes"
        )
    if name == "RawMessageDelivery" and str(value).lower() not in ("true", "false"):
        raise SNSInvalidParameter(
            f"Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [{value}]. Must be true or false."
        )
    if name == "RedrivePolicy" and value:
        try:
            arn = json.loads(value).get("deadLetterTargetArn")
        except (ValueError, RecursionError, AttributeError):
            raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: failed to parse JSON.") from None
        if not isinstance(arn, str) or not arn.startswith("arn:"):
            raise SNSInvalidParameter("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if name == "FilterPolicy" and value:
        _check_policy(value, validate)


def _check_policy(text: str, validate: Any) -> None:
    from moto.sns.exceptions import SNSInvalidParameter

    try:
        policy = _read(text)
    except (ValueError, RecursionError):
        raise SNSInvalidParameter("Invalid parameter: FilterPolicy: failed to parse JSON.") from None
    if not isinstance(policy, dict):
        raise SNSInvalidParameter("Invalid parameter: FilterPolicy: failed to parse JSON.")
    if not policy:
        return
    try:
        validate(_as_moto_knows(policy))
        compile_parsed(policy, WIDE_OPERATORS)
    except (FilterInvalid, LookupError, TypeError, AttributeError) as error:  # moto looks at no shapes
        raise SNSInvalidParameter("Invalid parameter: FilterPolicy: it is no filter policy") from error


def _as_moto_knows(policy: Any) -> Any:
    """With operators that moto has in place of those that it has not."""
    if isinstance(policy, list):
        return [_as_moto_knows(item) for item in policy]
    if not isinstance(policy, dict):
        return policy
    return {"prefix" if name in ("wildcard", "cidr") else name: _as_moto_knows(value) for name, value in policy.items()}


@lru_cache(maxsize=MOST_KNOWN)
def _compiled(policy: str) -> Fields:
    """One that has no keys wants everything."""
    read = _read(policy)
    return compile_parsed(read, WIDE_OPERATORS) if read else Fields({})


def _read(text: str) -> Any:
    return json.loads(text, parse_int=float)


def _said(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a message as a document; those of bytes are not looked at."""
    found: dict[str, Any] = {}
    for name, attribute in attributes.items():
        kind, value = attribute["Type"], attribute["Value"]
        if kind == "String.Array":
            try:
                found[name] = _read(value)
            except (ValueError, RecursionError):
                continue
        elif kind.startswith("Number"):
            found[name] = float(value)
        elif kind.startswith("String"):
            found[name] = value
    return found
