"""moto's load balancers in the services' process: what is kept of them, and what they are made of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from signing_rig import ISSUER

pytest.importorskip("moto", reason="needs moto: pip install 'lambda-emu[services]'")

from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.load_balancers import balancers
from lambda_emu.services.child.program.objects.bodies import Bodies
from lambda_emu.services.child.program.state.snapshots import Snapshots
from lambda_emu.triggers.load_balancers.balancer import read_balancer

elbv2_backends: Any = vars(balancers)["elbv2_backends"]

ACCOUNT, REGION = "210987654321", "eu-west-1"


@pytest.fixture
def backend() -> Any:
    balancers.replace_balancers(Front("http://127.0.0.1:1", ISSUER))
    elbv2_backends.pop(ACCOUNT, None)
    return elbv2_backends[ACCOUNT][REGION]


def made(backend: Any, name: str = "shop") -> Any:
    """With a rule, and a target group that has nobody."""
    balancer = backend.create_load_balancer(name, [], ["subnet-1", "subnet-2"])
    nothing = dict.fromkeys(("vpc_id", "protocol", "port"))
    group = backend.create_target_group(name, target_type="lambda", **nothing)
    forward = {"Type": "forward", "TargetGroupArn": group.arn}
    listener = backend.create_listener(balancer.arn, "HTTP", 80, "", None, [forward])
    backend.create_rule(listener.arn, [{"Field": "path-pattern", "Values": ["/a"]}], 1, [forward])
    return balancer


def test_a_snapshot_has_all_of_a_load_balancer(backend: Any, tmp_path: Path) -> None:
    balancer = made(backend)
    before = balancers.describe_balancer("shop")
    snapshots = Snapshots(tmp_path, Bodies(tmp_path / "bodies", is_kept=True))
    assert set(snapshots.write(["elbv2"], 1).services) == {"elbv2"}
    del elbv2_backends[ACCOUNT]

    snapshots.load(lambda _: None)

    assert before is not None
    assert balancers.describe_balancer("shop") == before
    (found,) = elbv2_backends[ACCOUNT][REGION].describe_load_balancers([balancer.arn], [])
    assert [zone.zone_name for zone in found.availability_zones] == ["eu-west-1a", "eu-west-1b"]
    assert len(read_balancer(before).listeners[80].rules) == 2


def test_of_two_load_balancers_of_a_name_the_oldest_is_meant_and_by_its_dns_name_each(backend: Any) -> None:
    one, other = made(backend, "same"), made(elbv2_backends[ACCOUNT]["us-west-2"], "same")

    def arn(name: str) -> Any:
        found = balancers.describe_balancer(name)
        return None if found is None else found["balancer"]["LoadBalancerArn"]

    label = other.dns_name.partition(".")[0]
    assert arn("same") == arn("SAME") == one.arn
    assert arn(f"{label}_us-west-2") == arn("same_us-west-2") == other.arn
    assert arn(f"{label}_eu-west-1") is None


def test_motos_ec2_is_not_imported_for_them() -> None:
    mine: Any = sys.modules["moto.elbv2.models"]

    assert mine.ec2_backends.__class__.__module__ == "lambda_emu.services.child.program.load_balancers.networks"
