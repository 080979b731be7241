"""Which requests are let in, by their heads alone: no web page of others, and no name that is not known to be ours.

A browser sends what any page asks for, to this machine too. It says whose page that was: Origin, or at least
Sec-Fetch-Site. A page whose own name suddenly means this machine counts as ours to the browser, and is known by the
Host that it names. Tools say nothing of the kind, and what they say is decided once for all that is like it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.refusals import HeaderRepeated, HostMissing, HostRefused, PageRefused
from lambda_emu.http.message import Head

HOST, ORIGIN, SITE = b"host", b"origin", b"sec-fetch-site"
LOOKED_AT = (HOST, ORIGIN, SITE)
OWN_SITES = (None, "same-origin", "none")
KNOWN_HOSTS = (
    *("*.localhost", "host.docker.internal", "localhost.localstack.cloud", "*.localhost.localstack.cloud"),
    "*.on.aws",  # AWS's names of function URLs
    "*.lambda-emu.internal",  # what environments call us; no public name is below `internal`
)
KEPT = 256
KEPT_BYTES = 512
PREFLIGHT_S = 600

_BRACKETED = re.compile(r"\[([^\]]*)\](?::[0-9]*)?")
_NAMED = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::[0-9]*)?")
_HEADER_NAMES = re.compile(r"[A-Za-z0-9_-]{1,64}(\s*,\s*[A-Za-z0-9_-]{1,64}){0,99}")


Said = tuple[bytes | None, bytes | None, bytes | None]
"""Host, Origin and Sec-Fetch-Site."""


class Verdict(Struct, frozen=True):
    """refusal: why the request is not let in. headers: what its answer says to a page of an allowed origin.

    of_page: it is because of the page that asks, not because of the name by which we are asked.
    """

    refusal: LambdaError | None = None
    headers: tuple[tuple[str, str], ...] = ()
    of_page: bool = False


LET_IN = Verdict()


class Callers:
    """hosts: names by which we may be asked, besides KNOWN_HOSTS; `*.x` is every name below x. origins: of pages."""

    def __init__(self, hosts: Collection[str] = (), origins: Collection[str] = ()) -> None:
        known = [host.lower() for host in (*KNOWN_HOSTS, *hosts)]
        self._hosts = frozenset(host for host in known if not host.startswith("*"))
        self._above = tuple(host[1:] for host in known if host.startswith("*"))
        self._origins = frozenset(origin.lower() for origin in origins)
        self._kept: dict[Said, Verdict] = {}

    def verdict(self, head: Head) -> Verdict:
        """On the loop, before anything of the request is looked at."""
        first = head.first
        said = first.get(HOST), first.get(ORIGIN), first.get(SITE)
        found = self._kept.get(said)
        if found is None or len(first) != len(head.headers):  # then some header is repeated
            found = self._decide(head)
            self._keep(said, found)
        return found

    def _keep(self, said: Said, verdict: Verdict) -> None:
        """Strangers choose what they say: what is kept is bounded, and what says no host depends on the version."""
        if said[0] is None or isinstance(verdict.refusal, HeaderRepeated):
            return
        if sum(len(value) for value in said if value is not None) > KEPT_BYTES:
            return
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[said] = verdict

    def _decide(self, head: Head) -> Verdict:
        names = [name for name, _ in head.headers]
        for name in LOOKED_AT:
            if names.count(name) > 1:
                return Verdict(HeaderRepeated(name.decode().title()))
        values = {name: head.first[name].decode("latin-1").lower() for name in LOOKED_AT if name in head.first}
        return self._of_host(values.get(HOST), head.version) or self._of_page(values)

    def _of_host(self, host: str | None, version: str) -> Verdict | None:
        if host is None:
            return None if version == "1.0" else Verdict(HostMissing())
        return None if self._is_ours(host) else Verdict(HostRefused(host))

    def _is_ours(self, host: str) -> bool:
        """Whether no stranger's DNS has a say in what this name, with or without a port, means."""
        bracketed = _BRACKETED.fullmatch(host)
        if bracketed is not None:
            return _is_address(bracketed[1])
        named = _NAMED.fullmatch(host)
        if named is None:
            return False
        name = named[1].removesuffix(".")
        return "." not in name or _is_address(name) or name in self._hosts or name.endswith(self._above)

    def _of_page(self, values: dict[bytes, str]) -> Verdict:
        origin, site = values.get(ORIGIN), values.get(SITE)
        if origin is not None and origin in self._origins:
            return Verdict(headers=_for_page(origin))
        own = origin is None or origin == f"http://{values.get(HOST)}"
        return LET_IN if own and site in OWN_SITES else Verdict(PageRefused(origin), of_page=True)


def preflight(head: Head, verdict: Verdict) -> list[tuple[str, str]] | None:
    """What an allowed page is told that asks whether it may ask; None for any other request."""
    if not verdict.headers or head.method != b"OPTIONS" or head.get(b"access-control-request-method") is None:
        return None
    wanted = (head.get(b"access-control-request-headers") or b"").decode("latin-1")
    headers = [
        ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("Access-Control-Max-Age", str(PREFLIGHT_S)),
    ]
    if _HEADER_NAMES.fullmatch(wanted):
        headers.append(("Access-Control-Allow-Headers", wanted))
    if head.get(b"access-control-request-private-network") == b"true":
        headers.append(("Access-Control-Allow-Private-Network", "true"))
    return headers


def is_loopback(host: str) -> bool:
    """Whether what listens there is reached by this machine's programs alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _for_page(origin: str) -> tuple[tuple[str, str], ...]:
    return (("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "*"), ("Vary", "Origin"))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
