"""Whether a target group's function is healthy: it is asked when somebody asks for that.

docs/contract/events.md#load-balancers.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from lambda_emu.services.child.program.front import Front, FrontError, FrontSlow

AGENT = "ELB-HealthChecker/2.0"
MOST_TIMEOUT_S = 120.0


class Health(NamedTuple):
    """As DescribeTargetHealth tells it; reason, words: None where it is healthy."""

    state: str
    reason: str | None = None
    words: str | None = None


DISABLED = Health("unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target")
UNUSED = Health("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
FAILED = Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
TIMED_OUT = Health("unhealthy", "Target.Timeout", "Request timed out")


def health_of(front: Front, group: Any, function_arn: str) -> Health:
    """group: moto's. May take as long as its health checks."""
    if not group.health_check_enabled:
        return DISABLED
    if not group.load_balancer_arns:
        return UNUSED
    limit_s = min(float(group.health_check_timeout_seconds), MOST_TIMEOUT_S)
    try:
        answered = front.try_run(function_arn, json.dumps(_event(group)).encode(), limit_s)
    except FrontSlow:
        return TIMED_OUT
    except FrontError:
        return FAILED
    status = _status(answered.body) if answered.status == 200 and not _has_failed(answered.headers) else None
    if status is None:
        return FAILED
    if fits(status, str((group.matcher or {}).get("HttpCode") or "200")):
        return Health("healthy")
    return Health("unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]")


def fits(status: int, codes: str) -> bool:
    """codes: `200`, `200,202`, `200-299`."""
    for part in codes.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and int(first) <= status <= (int(last) if last.isdigit() else int(first)):
            return True
    return False


def _event(group: Any) -> dict[str, Any]:
    several = group.attributes.get("lambda.multi_value_headers.enabled") == "true"
    parameters = "multiValueQueryStringParameters" if several else "queryStringParameters"
    headers = {"multiValueHeaders": {"user-agent": [AGENT]}} if several else {"headers": {"user-agent": AGENT}}
    return {
        "requestContext": {"elb": {"targetGroupArn": group.arn}},
        "httpMethod": "GET",
        "path": group.health_check_path or "/",
        parameters: {},
        **headers,
        "body": "",
        "isBase64Encoded": False,
    }


def _has_failed(headers: Any) -> bool:
    return any(name.lower() == "x-amz-function-error" for name in headers)


def _status(payload: bytes) -> int | None:
    try:
        return int(json.loads(payload)["statusCode"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
