"""Requests that the gateway lets nobody see. Ours, but for the words of HTTP and of AWS's throttling.

Who asks may not: web pages of others, names that anybody may give us, and who has no token. The code is AWS's for
what a caller may not do; the texts say which setting allows it.
"""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.errors.service import ShuttingDown
from lambda_emu.http.executors import Closed, Full

SHOWN_CHARACTERS = 100


class PageRefused(AccessDenied):
    """origin: of the web page that asks; None where its browser does not say."""

    def __init__(self, origin: str | None) -> None:
        who = "Web pages of other sites" if origin is None else f"Web pages of {_printable(origin)}"
        super().__init__(
            f"{who} may not use lambda-emu. To allow it, name its origin, such as http://localhost:3000, "
            "by --allowed-origins, LAMBDA_EMU_ALLOWED_ORIGINS or `allowed_origins` in lambda-emu.yaml."
        )


class HostRefused(AccessDenied):
    """A name that a web page's owner could let mean this machine (DNS rebinding)."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"lambda-emu is not asked by the name {_printable(host)}. To allow it, add it by --allowed-hosts, "
            "LAMBDA_EMU_ALLOWED_HOSTS or `allowed_hosts` in lambda-emu.yaml; addresses need no permission."
        )


class HostMissing(AccessDenied):
    def __init__(self) -> None:
        super().__init__("A request of HTTP/1.1 names its host.")


class HeaderRepeated(AccessDenied):
    """Of two values each reader may take another one."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A request has one {name} header.")


class TokenMissing(AccessDenied):
    """file: where its user finds the token."""

    def __init__(self, header: str, file: str) -> None:
        super().__init__(f"This page takes the token in {file}, as the header {header}.")


def _printable(text: str) -> str:
    """What was sent may be anything, and of any length."""
    kept = "".join(character for character in text if character.isprintable())
    return kept if len(kept) <= SHOWN_CHARACTERS else f"{kept[:SHOWN_CHARACTERS]}…"


class Busy(LambdaError):
    """More requests of one kind than may wait; `what` says which, and how many there are. Our own text."""

    code, status = "TooManyRequestsException", 429
    reason = "CallerRateLimitExceeded"

    def __init__(self, what: str) -> None:
        super().__init__(f"Rate Exceeded. {what}; try again in a moment.")


def no_worker(why: Full | Closed) -> LambdaError:
    """What is told to who asks for something that no worker takes."""
    return Busy(str(why)) if isinstance(why, Full) else ShuttingDown()


class MalformedHttpRequest(LambdaError):
    """Not HTTP/1.1, or cut off: one of the errors that AWS's services have in common. The text is not recorded."""

    code, status, kind = "MalformedHttpRequestException", 400, None

    def __init__(self) -> None:
        super().__init__("The request is malformed at the HTTP level")
