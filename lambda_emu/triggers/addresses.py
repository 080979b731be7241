"""Where a function URL or an API is called: by a host of its own below `localhost`, or by a path where that is none.

docs/events.md tells who uses which.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import cache
from threading import Thread
from urllib.parse import urlsplit

LABEL = "lambda-url"
"""Stands in a URL's host between its id and the region."""
PATH = "/_lambda-emu/url/"
"""What the path form begins with; the id of the URL follows, and then the path that the function sees."""
LOOK_UP_S = 1.0


def host_of(url_id: str, region: str) -> str:
    """The name of a URL on this machine."""
    return name_below(url_id, LABEL, region)


def address_of(url_id: str, region: str, base_url: str, asked_at: str | None = None) -> str:
    """The URL that reaches it as it stands, for who asks. May wait for the resolver, once.

    base_url: of this server. asked_at: the Host by which it is asked, where that is another one.
    """
    return address_below(url_id, LABEL, region, base_url if asked_at is None else f"//{asked_at}", PATH)


def name_below(id: str, label: str, region: str) -> str:
    """The host of what has this id, on this machine."""
    return f"{id}.{label}.{region}.localhost"


def address_below(id: str, label: str, region: str, base_url: str, path: str) -> str:
    """By its host, where that leads to this server, else below `path`. May wait for the resolver, once.

    base_url: of this server; `//<host>`: of where it is asked, from where its own names may lead elsewhere.
    """
    if base_url.startswith("//"):
        return f"http:{base_url}{path}{id}/"
    parts = urlsplit(base_url)
    if parts.port is not None and names_lead_to(parts.hostname or ""):
        return f"http://{name_below(id, label, region)}:{parts.port}/"
    return f"{base_url}{path}{id}/"


@cache
def names_lead_to(host: str) -> bool:
    """Whether `*.localhost` is where who listens at this host is reached: browsers say so, not every resolver does."""
    found = _look_up(f"a.{LABEL}.localhost", LOOK_UP_S)
    if host == "localhost":
        return bool(found)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_unspecified:
        return any(ipaddress.ip_address(one).is_loopback for one in found)
    return host in found


def _look_up(name: str, limit_s: float) -> frozenset[str]:
    """Its IPv4 addresses, as other programs of this machine see them; none if the resolver is silent for so long."""
    found: list[str] = []

    def look() -> None:
        try:
            found.extend(str(one[4][0]) for one in socket.getaddrinfo(name, None, socket.AF_INET))
        except OSError:
            return  # it leads nowhere

    thread = Thread(target=look, name=f"looks up {name}", daemon=True)  # who hangs in it holds up nobody
    thread.start()
    thread.join(limit_s)
    return frozenset(found)
