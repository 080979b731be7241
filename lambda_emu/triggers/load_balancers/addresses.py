"""Which load balancer a request names, and what of its path its targets see. docs/events.md#load-balancers."""

from __future__ import annotations

import re
from typing import NamedTuple

from lambda_emu.arn import REGION
from lambda_emu.gateway.request import Request
from lambda_emu.triggers.load_balancers.refusals import LABEL, PATH, BalancerNotFound

MOST_PORT = 65535

_HOST = re.compile(
    rf"(?:[a-z0-9_.-]+\.)??(?P<label>[a-z0-9-]{{1,63}})(?:\.(?P<region>{REGION}))?"
    rf"\.{LABEL}\.(?:localhost(?:\.localstack\.cloud)?|amazonaws\.com)"
)
_BELOW = re.compile(rf"{re.escape(PATH)}(?P<label>[A-Za-z0-9-]{{1,63}})(?::(?P<port>[0-9]{{1,5}}))?(?P<path>/.*)?")


class BalancerAddress(NamedTuple):
    """label: its name, or with a region the first label of its DNSName. port: of a listener; None: it is not said.

    domain: the host that a host rule looks at; None: the path form.
    """

    label: str
    region: str | None
    port: int | None
    path: str
    domain: str | None


def address_in(asked: Request) -> BalancerAddress:
    """By the host, else by the path. BalancerNotFound."""
    host, _, port = (asked.header(b"host") or "").lower().partition(":")
    host = host.removesuffix(".")
    path = asked.path.decode("latin-1")
    found = _HOST.fullmatch(host)
    if found is not None:
        return BalancerAddress(found["label"], found["region"], _port(port), path or "/", host)
    below = _BELOW.fullmatch(path)
    if below is None:
        raise BalancerNotFound
    return BalancerAddress(below["label"].lower(), None, _port(below["port"]), below["path"] or "/", None)


def _port(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() and int(text) <= MOST_PORT else None
