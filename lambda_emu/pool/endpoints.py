"""Where code inside an environment finds AWS's services: at the listener that its init passed, which is ours.

docs/services.md#inside-functions.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from lambda_emu.sandbox.base import Sandbox
from lambda_emu.services.neighbours.neighbour import OwnUrls

ALL = "AWS_ENDPOINT_URL"
PREFIXED = ("AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS")
"""SDKs put `sync-` and `stream-` before the host of some of their calls, which no address bears."""
PATHS = {"lambda-url": "/_lambda-emu/url/", "execute-api": "/_lambda-emu/api/"}
"""By what stands in the host of a function URL or an API: its path form, since such names lead nowhere inside."""


class Endpoints(Struct, frozen=True):
    """own: URLs that lead to us from outside. elsewhere: variables of services that somebody else serves."""

    own: OwnUrls
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def variables(self, sandbox: Sandbox, theirs: Mapping[str, str]) -> dict[str, str]:
        """Ours, for a runtime that has these of the customer's and the image's; what they name themselves is kept."""
        if ALL in theirs:
            return {}
        found = dict(self.elsewhere)
        if sandbox.services_at is not None:
            found[ALL] = f"http://{sandbox.services_at}"
            if sandbox.services_name is not None:
                port = sandbox.services_at.rpartition(":")[2]
                for name in PREFIXED:
                    found.setdefault(name, f"http://{sandbox.services_name}:{port}")
        return found

    def inside(self, sandbox: Sandbox, theirs: Mapping[str, str]) -> Mapping[str, str]:
        """The same, but that URLs which lead to us outside do so inside: of queues, function URLs and HTTP APIs."""
        if sandbox.services_at is None or not any(self.own.match(value) for value in theirs.values()):
            return theirs
        there = f"http://{sandbox.services_at}"

        def led(value: str) -> str:
            found = self.own.match(value)
            if found is None:
                return value
            id, kind = found.groups()
            return f"{there}{'' if kind is None else PATHS[kind.lower()] + id}{value[found.end() :]}"

        return {name: led(value) for name, value in theirs.items()}
