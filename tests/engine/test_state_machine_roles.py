"""State machines where policies are enforced: what a state may do is what its execution's role may."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from machines_rig import Machines
from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk

TRUST = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
RUNS = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    folder = tmp_path_factory.mktemp("roles")
    with own_emulator(folder, "process", stems=0, account=ACCOUNT, iam="enforce", root_secret="any") as lam:
        lam.client = sdk(lam, "lambda")
        yield lam


@pytest.mark.parametrize("may", [True, False])
def test_a_task_may_what_the_role_may(lam: OwnLam, may: bool) -> None:
    machines, iam = Machines(lam), sdk(lam, "iam")
    name = "may" if may else "may-not"
    function = machines.function(name, "def handler(event, context):\n    return event\n")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(TRUST))["Role"]["Arn"]
    if may:
        iam.put_role_policy(RoleName=name, PolicyName="runs", PolicyDocument=_policy(RUNS))
    machine = machines.create(name, {"Run": {"Type": "Task", "Resource": function, "End": True}}, role=role)

    ended = machines.run(machine, {"n": 1})

    if may:
        assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"n": 1})
    else:
        assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.AccessDeniedException")
        assert f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/" in ended["cause"]
        assert "is not authorized to perform: lambda:InvokeFunction" in ended["cause"]


def _policy(statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
