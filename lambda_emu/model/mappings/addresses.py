"""Which addresses are within a network that a filter pattern names, as 10.0.0.0/24. docs/contract/events.md#filters."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from msgspec import Struct

from lambda_emu.model.mappings.refusals import FilterInvalid

_V4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}", re.ASCII)
_V6 = re.compile(r"(?=.*:)[0-9a-fA-F:]+", re.ASCII)
_BITS = re.compile(r"[0-9]{1,9}", re.ASCII)


def in_network(operand: str) -> Network:
    """FilterInvalid, also for a network of one address, as AWS has none."""
    address, slash, mask = operand.partition("/")
    if not slash or not mask or "/" in mask:
        raise FilterInvalid("Malformed CIDR, one '/' required")
    if not _BITS.fullmatch(mask):
        raise FilterInvalid("Malformed CIDR, mask bits must be an integer")
    if not _V4.fullmatch(address) and not _V6.fullmatch(address):
        raise FilterInvalid(f"Nonstandard IP address: {address}")
    try:
        version = ip_address(address).version
    except ValueError:
        raise FilterInvalid(f"Invalid IP address: {address}") from None
    most = 32 if version == 4 else 128
    if int(mask) >= most:
        raise FilterInvalid(f"IPv{version} mask bits must be < {most}")
    return Network(ip_network(f"{address}/{mask}", strict=False))


class Network(Struct, frozen=True):
    addresses: IPv4Network | IPv6Network

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, str) or not (_V4.fullmatch(value) or _V6.fullmatch(value)):
            return False
        try:
            return ip_address(value) in self.addresses
        except ValueError:
            return False
