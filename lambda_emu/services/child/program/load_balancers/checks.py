"""What of rules, actions and attributes moto's load balancers take and AWS refuses. The texts are not AWS's own (?)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any

MOST_VALUES = 5
STATUSES = ("HTTP_301", "HTTP_302")
NUMBERS = {"idle_timeout.timeout_seconds": (1, 4000), "client_keep_alive.seconds": (60, 604_800)}
CHOICES = {
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
    "deletion_protection.enabled": ("true", "false"),
}
MOST_BODY, MOST_PART = 1024, 128
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")


def conditions_problem(conditions: Sequence[Mapping[str, Any]] | None) -> str | None:
    """None: there is none. What moto itself looks at is not looked at again."""
    if not conditions:
        return "A rule must have at least one condition"
    count = 0
    for one in conditions:
        if not one.get("Field"):
            return "A condition field must be specified"
        config: Mapping[str, Any] = next(
            (value for name, value in one.items() if name.endswith("Config") and value), {}
        )
        values = [*(config.get("Values") or ()), *(one.get("Values") or ())]
        if not values:
            return f"The '{one['Field']}' field must have a value"
        if problem := _values_problem(one["Field"], config, values):
            return problem
        count += len(values)
    return f"A rule can only have '{MOST_VALUES}' condition values" if count > MOST_VALUES else None


def _values_problem(field: str, config: Mapping[str, Any], values: Sequence[Any]) -> str | None:
    if field == "http-header" and _HEADER.fullmatch(config.get("HttpHeaderName") or "") is None:
        return "The 'HttpHeaderName' value is invalid"
    if field == "source-ip":
        for value in values:
            try:
                ipaddress.ip_network(str(value), strict=False)
            except ValueError:
                return f"The 'source-ip' value '{value}' must be in CIDR format"
    return None


def actions_problem(actions: Sequence[Mapping[str, Any]] | None) -> str | None:
    if not actions:
        return "At least one action must be specified"
    return next(filter(None, map(_action_problem, actions)), None)


def _action_problem(action: Mapping[str, Any]) -> str | None:
    kind = action.get("Type")
    if kind == "forward":
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups")
        return None if groups or action.get("TargetGroupArn") else "A target group ARN must be specified"
    if kind == "redirect":
        config = action.get("RedirectConfig") or {}
        if config.get("StatusCode") not in STATUSES:
            return f"The redirect status code must be one of {', '.join(STATUSES)}"
        parts = [str(config.get(name) or "") for name in ("Protocol", "Host", "Port", "Path", "Query")]
        return "A redirect's parts have 1 to 128 characters" if any(map(_is_no_part, parts)) else None
    if kind == "fixed-response":
        config = action.get("FixedResponseConfig") or {}
        if not config.get("StatusCode"):
            return "A fixed response must have a status code"
        is_long = len(str(config.get("MessageBody") or "")) > MOST_BODY
        return f"The message body cannot be longer than '{MOST_BODY}' characters" if is_long else None
    return None


def _is_no_part(text: str) -> bool:
    return len(text) > MOST_PART or _FORBIDDEN.search(text) is not None


def attributes_problem(attributes: Mapping[str, Any]) -> str | None:
    for key, value in attributes.items():
        if key in NUMBERS:
            least, most = NUMBERS[key]
            if not str(value).isdigit() or not least <= int(value) <= most:
                return f"'{key}' value '{value}' must be between '{least}-{most}' inclusive"
        if key in CHOICES and value not in CHOICES[key]:
            return f"'{key}' value '{value}' must be one of [{', '.join(CHOICES[key])}]"
    return None
