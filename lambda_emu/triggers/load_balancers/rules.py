"""Which rule of a listener a request takes, and where a redirect leads it. No I/O.

docs/contract/events.md#load-balancers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus

from lambda_emu.http.message import Head
from lambda_emu.triggers.load_balancers.balancer import Conditions, Listener, Redirect, Rule

_PART = re.compile(r"#\{(protocol|host|port|path|query)\}")


class BalancerRequest(NamedTuple):
    """What rules look at. host: without its port. path: as it was sent. source: the address that it came from."""

    head: Head
    host: str
    path: str
    query: str
    source: str

    @property
    def method(self) -> str:
        return self.head.method.decode("latin-1")


def rule_of(listener: Listener, asked: BalancerRequest) -> Rule | None:
    """The first one whose conditions hold; None: a listener without the rule that has none."""
    return next((rule for rule in listener.rules if holds(rule.conditions, asked)), None)


def holds(conditions: Conditions, asked: BalancerRequest) -> bool:
    return (
        all(_any(patterns, asked.host) for patterns in conditions.hosts)
        and all(_any(patterns, asked.path) for patterns in conditions.paths)
        and all(asked.method in methods for methods in conditions.methods)
        and all(_has_header(asked.head, name, patterns) for name, patterns in conditions.headers)
        and all(_has_parameter(asked.query, pairs) for pairs in conditions.parameters)
        and all(_comes_from(asked.source, networks) for networks in conditions.sources)
    )


def _any(patterns: Sequence[re.Pattern[str]], text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in patterns)


def _has_header(head: Head, name: bytes, patterns: Sequence[re.Pattern[str]]) -> bool:
    return any(_any(patterns, value.decode("latin-1")) for key, value in head.headers if key == name)


def _has_parameter(query: str, pairs: Sequence[tuple[re.Pattern[str] | None, re.Pattern[str]]]) -> bool:
    for written in query.split("&"):
        name, _, value = written.partition("=")
        name, value = unquote_plus(name), unquote_plus(value)
        for key, wanted in pairs:
            if wanted.fullmatch(value) and (key is None or key.fullmatch(name)) and written:
                return True
    return False


def _comes_from(source: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    return any(address in network for network in networks)


def location(redirect: Redirect, asked: BalancerRequest, protocol: str, port: str) -> str:
    """protocol, port: by which the request came."""
    parts: Mapping[str, str] = {
        "protocol": protocol.lower(),
        "host": asked.host,
        "port": port,
        "path": asked.path.removeprefix("/"),
        "query": asked.query,
    }

    def fill(text: str) -> str:
        return _PART.sub(lambda found: parts[found[1]], text)

    query = fill(redirect.query)
    to = f"{fill(redirect.protocol).lower()}://{fill(redirect.host)}:{fill(redirect.port)}{fill(redirect.path)}"
    return f"{to}?{query}" if query else to
