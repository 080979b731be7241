"""What a load balancer answers by itself, in AWS's pages; hints, in a header, are ours.

docs/contract/events.md#load-balancers.
"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.errors.base import BriefError
from lambda_emu.gateway.answers import Answer, hint_headers

LABEL = "elb"
"""Stands in a load balancer's host behind its name, or behind the region."""
PATH = "/_lambda-emu/elb/"
"""What the path form begins with; the name follows, with a listener's port behind a colon if it is not to be the first
one, and then the path that the targets see."""
SERVER = ("Server", "awselb/2.0")


class BalancerRefusal(BriefError):
    """words: as the page has them, behind the status."""

    code = "LoadBalancerError"


class BalancerNotFound(BalancerRefusal):
    """On AWS its name leads nowhere, or nobody listens at the port."""

    status, words = 404, "Not Found"


class UnfitForTarget(BalancerRefusal):
    """It is none that a function can be given: the beginning of a WebSocket."""

    status, words = 400, "Bad Request"


class RequestTooLargeForTarget(BalancerRefusal):
    """More than 1 MB for a function."""

    status, words = 413, "Request Entity Too Large"


class MethodNotAllowed(BalancerRefusal):
    """TRACE. The words are not recorded (?)."""

    status, words = 405, "Not Allowed"


class TargetTooLong(BalancerRefusal):
    """The URL is longer than 16 KB."""

    status, words = 414, "Request-URI Too Large"


class BalancerFailure(BalancerRefusal):
    """A rule that is told in a way that nobody understands."""

    status, words = 500, "Internal Server Error"


class ActionUnserved(BalancerRefusal):
    status, words = 501, "Not Implemented"


class BadTarget(BalancerRefusal):
    """The function failed, was throttled, may not be invoked, or what it returned is no answer."""

    status, words = 502, "Bad Gateway"


class NoTarget(BalancerRefusal):
    """The target group has none, or nobody has room for it."""

    status, words = 503, "Service Temporarily Unavailable"


class TargetTimedOut(BalancerRefusal):
    status, words = 504, "Gateway Time-out"


def refusal_answer(error: BalancerRefusal) -> Answer:
    return page(error.status, error.text or "", hint_headers(error))


def page(status: int, title: str, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    text = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status, [SERVER, ("Content-Type", "text/html"), *headers], text.encode())
