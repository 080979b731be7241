"""Which services somebody else serves, and where. Whoever turns out to be us is nobody else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from lambda_emu.services.catalogue import known

AWS, HTTP = "aws", "http://"
NAMED = (
    "127.0.0.1",
    "localhost",
    r"\[::1\]",
    r"(?:[a-z0-9]+\.)?(?:[a-z]+(?:-[a-z]+)+-\d\.)?localhost\.localstack\.cloud",
)
"""How this machine may be called in a URL; the last are names of services that LocalStack's users have."""
BELOW = r"([a-z0-9]+)\.(lambda-url|execute-api)\.[a-z0-9-]+\.localhost"


class Neighbour(Struct, frozen=True):
    """name: of the service. url: None for AWS's own."""

    name: str
    url: str | None

    @property
    def is_reached_inside(self) -> bool:
        """Whether code in environments may find it by the same URL: this machine's loopback is not theirs."""
        host = urlsplit(self.url or "").hostname
        if host is None or host == "localhost" or host.endswith(".localhost"):
            return False
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return True


class OwnUrls:
    """Those that lead to us. url: of our port.

    hosts: names by which it is asked besides those of every machine; `*.x`: all below x.
    """

    def __init__(self, url: str, hosts: Collection[str]) -> None:
        begin, _, self._port = url.rpartition(":")
        self._hosts = (begin.partition("://")[2], *hosts)

    def match(self, url: str) -> re.Match[str] | None:
        """What of it names us. Its groups are the id and the label of a function URL or an API."""
        if url[:7].lower() != HTTP or f":{self._port}" not in url:  # as nearly all that is asked about
            return None
        return self._pattern.match(url)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        given = [re.escape(host).replace(r"\*", r"[a-z0-9.-]+") for host in self._hosts]
        names = "|".join((BELOW, *NAMED, *given))
        return re.compile(rf"{HTTP}(?:{names}):{self._port}(?=[/?#]|$)", re.IGNORECASE)


def neighbours(written: Mapping[str, str], own: OwnUrls) -> tuple[Neighbour, ...]:
    """written: by service, a URL or `aws`."""
    found = (Neighbour(name, None if there == AWS else there) for name, there in written.items())
    return tuple(one for one in found if one.url is None or not own.match(one.url))


def variables(there: Collection[Neighbour]) -> dict[str, str]:
    """What environments have of them; those that they cannot reach they reach by way of us."""
    return {known(one.name).variable: one.url for one in there if one.url and one.is_reached_inside}
