"""What moto's load balancers and SSM ask of EC2, which is not served here: any subnet, VPC or security group is there.

moto's own EC2 takes 1.4 s and 130 MB to be imported.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from types import ModuleType
from typing import Any

_SUBNET = re.compile(r"subnet-[0-9a-z]{1,32}")
ZONES = "abcdef"
EC2 = ("moto.ec2", "moto.ec2.models", "moto.ec2.models.subnets", "moto.ec2.exceptions")


class Subnet:
    """In the zone that its place among those of a balancer says. number: of that place, from 0."""

    def __init__(self, id: str, region: str, number: int = 0) -> None:
        self.id = id
        self.region = region
        self.vpc_id = f"vpc-{sha256(region.encode()).hexdigest()[:17]}"
        self.availability_zone = f"{region}{ZONES[number % len(ZONES)]}"


class Network:
    """As moto's EC2Backend."""

    def __init__(self, region: str) -> None:
        self._region = region

    def get_subnet(self, id: str) -> Subnet | None:
        return Subnet(id, self._region) if _SUBNET.fullmatch(id) else None

    def get_instance_by_id(self, id: str) -> None:
        """No instance runs here."""

    def all_reservations(self, filters: object) -> tuple[()]:
        """So there is none that a command of SSM could go to."""
        return ()

    def get_security_group_from_id(self, id: str) -> str:
        return id

    def get_vpc(self, id: str) -> str:
        return id


class _Regions:
    def __getitem__(self, region: str) -> Network:
        return Network(region)


class _Accounts:
    def __getitem__(self, account: str) -> _Regions:
        return _Regions()


@contextmanager
def instead_of_ec2() -> Iterator[None]:
    """Within, whoever imports moto's EC2 has this; what imports it later has moto's own."""
    there = {name: sys.modules.pop(name) for name in EC2 if name in sys.modules}
    made: dict[str, Any] = {name: ModuleType(name) for name in EC2}
    models = made["moto.ec2.models"]
    made["moto.ec2"].models = models
    models.ec2_backends = made["moto.ec2"].ec2_backends = _Accounts()
    models.EC2Backend = Network
    made["moto.ec2.models.subnets"].Subnet = Subnet
    made["moto.ec2.exceptions"].InvalidInstanceIdError = made["moto.ec2.exceptions"].InvalidVPCIdError = LookupError
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in EC2:
            del sys.modules[name]
        sys.modules.update(there)
