"""The policies that AWS manages: each account finds them whatever was asked before, and counts its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from own import OwnLam, own_emulator
from services_rig import ACCOUNT, sdk
from waiting import eventually

POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
LOGS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
OTHER = "210987654321"


def attach(iam: Any, role: str) -> None:
    iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName=role, PolicyArn=POLICY)


def managed(iam: Any) -> dict[str, dict[str, Any]]:
    """By their ARNs."""
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    return {policy["Arn"]: policy for page in pages for policy in page["Policies"]}


def kill(lam: OwnLam) -> None:
    """And see its end: who asks just then is told to try again."""
    pid = lam.emulator.around.child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: lam.emulator.around.child.pid != pid, "its end to be seen")


def test_each_account_has_all_of_them_and_counts_whom_it_attached_them_to(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        sdk(lam, "s3").list_buckets()
        iam, other = sdk(lam, "iam"), sdk(lam, "iam", OTHER)
        attach(iam, "one")
        attach(iam, "two")

        mine, its = managed(iam), managed(other)

    assert len(mine) > 1000
    assert mine.keys() == its.keys()
    assert [mine[POLICY]["AttachmentCount"], its[POLICY]["AttachmentCount"]] == [2, 0]


def test_they_are_the_same_after_a_kill(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0, account=ACCOUNT) as lam:
        iam = sdk(lam, "iam")
        iam.create_role(RoleName="before", AssumeRolePolicyDocument="{}")
        attach(iam, "runs")
        before = managed(iam)
        document = iam.get_policy_version(PolicyArn=POLICY, VersionId="v1")["PolicyVersion"]["Document"]

        kill(lam)

        assert managed(iam) == before
        assert iam.get_policy_version(PolicyArn=POLICY, VersionId="v1")["PolicyVersion"]["Document"] == document
        assert document["Statement"][0]["Action"] == [f"logs:{name}" for name in LOGS]
