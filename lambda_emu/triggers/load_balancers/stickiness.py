"""Who was sent to a target group goes there again: by a cookie, where the rule says so. No I/O.

docs/contract/events.md#load-balancers.
"""

from __future__ import annotations

from hashlib import sha256

from lambda_emu.http.message import Head, http_date
from lambda_emu.triggers.load_balancers.balancer import Forward, TargetGroup

COOKIE, FOR_PAGES = "AWSALBTG", "AWSALBTGCORS"
"""The second one is for requests that pages of other sites make."""
MOST_COOKIES = 64 * 1024


def group_of(forward: Forward, head: Head) -> TargetGroup | None:
    """The one that who asks was sent to, also if it has no weight any more. None: he shows none of this rule's."""
    if not forward.sticky_s:
        return None
    shown = _shown(head)
    return next((group for group, _ in forward.groups if _value(group) in shown), None)


def cookies(forward: Forward, group: TargetGroup, now_s: float) -> tuple[str, ...]:
    """Set-Cookie's values. now_s: by the wall."""
    if not forward.sticky_s:
        return ()
    until = f"Expires={http_date(int(now_s) + forward.sticky_s)}; Path=/"
    value = _value(group)
    return f"{COOKIE}={value}; {until}", f"{FOR_PAGES}={value}; {until}; SameSite=None; Secure"


def _shown(head: Head) -> set[str]:
    given = b"; ".join(value for name, value in head.headers if name == b"cookie")[:MOST_COOKIES].decode("latin-1")
    pairs = (part.strip().partition("=") for part in given.split(";"))
    return {value for name, _, value in pairs if name in (COOKIE, FOR_PAGES)}


def _value(group: TargetGroup) -> str:
    """Says nothing of the group to who has it. AWS's own is encrypted."""
    return sha256(group.arn.encode()).hexdigest()
