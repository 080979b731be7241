"""Which network the environments of a function in a VPC join: a Docker network that stands for one of its subnets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lambda_emu.model.function.function import FunctionVersion

ANY_SUBNET = "*"


def subnets_of(version: FunctionVersion) -> Sequence[str]:
    """None for a function that is in no VPC."""
    subnets: Sequence[str] = version.other.get("VpcConfig", {}).get("SubnetIds", ())
    return subnets


def network_of(version: FunctionVersion, networks: Mapping[str, str]) -> str:
    """The network of the first subnet that has one, "" if none does: the emulator's own.

    networks: by subnet; ANY_SUBNET stands for those that are not named.
    """
    for subnet in subnets_of(version):
        if network := networks.get(subnet) or networks.get(ANY_SUBNET):
            return network
    return ""
