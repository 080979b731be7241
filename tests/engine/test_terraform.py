"""A project of Terraform is applied, planned anew and destroyed against a real server, by its provider's calls.

No Terraform is run: terraform_plan.py. docs/terraform.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator
from terraform_plan import PLAN, Ask, code_of
from terraform_rig import drift
from waiting import Eventually, eventually

from lambda_emu.services.catalogue import KNOWN

GUIDE = Path(__file__).parents[2] / "docs" / "terraform.md"


class Applied:
    def __init__(self, lam: OwnLam, ask: Ask) -> None:
        self.lam = lam
        self.ask = ask


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """After `terraform apply`: each resource created, and waited for as the provider waits."""
    with own_emulator(tmp_path_factory.mktemp("terraform"), "process", stems=0) as lam:
        ask = asking(lam.url)
        ask("sts").get_caller_identity()  # the provider's first call
        for name, resource in PLAN.items():
            resource.create(ask)
            eventually(lambda resource=resource: resource.settled(resource.read(ask)), name)  # type: ignore[misc]
        yield Applied(lam, ask)


def asking(url: str) -> Callable[[str], Any]:
    clients: dict[str, Any] = {}
    return lambda service: clients.setdefault(service, client_at(url, service))


@pytest.mark.parametrize("name", PLAN)
def test_a_second_plan_has_nothing_to_change(applied: Applied, name: str) -> None:
    assert drift(PLAN[name].wants, PLAN[name].read(applied.ask)) is None


def test_what_was_applied_works(applied: Applied, eventually: Eventually) -> None:
    """The function hears of objects and messages, and its URL answers."""
    applied.ask("s3").put_object(Bucket="pictures", Key="in/cat.jpg", Body=b"x")
    url = applied.ask("sqs").get_queue_url(QueueName="jobs")["QueueUrl"]
    applied.ask("sqs").send_message(QueueUrl=url, MessageBody="cat")

    address = applied.ask("lambda").get_function_url_config(FunctionName="thumbs")["FunctionUrl"]
    with urlopen(address, timeout=30) as answer:
        assert answer.read() == b"thumbs"

    def heard() -> bool:
        told = " ".join(applied.lam.own_events("thumbs"))
        return "HEARD aws:s3" in told and "HEARD aws:sqs" in told

    eventually(heard, "an object and a message")


def test_what_is_destroyed_is_not_found(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        ask = asking(lam.url)
        for resource in PLAN.values():
            resource.create(ask)
            eventually(lambda resource=resource: resource.settled(resource.read(ask)), "it settles")  # type: ignore[misc]

        for name, resource in reversed([*PLAN.items()]):
            resource.delete(ask)
            if resource.gone:
                gone = lambda resource=resource: code_of(lambda: resource.read(ask)) == resource.gone  # noqa: E731
                eventually(gone, f"{name} to be gone")


def test_the_guide_names_services_that_are_served() -> None:
    """Keys of `endpoints` are the provider's own, which are boto3's but for a few."""
    others = {"cognitoidp": "cognito-idp", "sfn": "stepfunctions"}
    block = re.search(r"endpoints \{(.*?)\}", GUIDE.read_text(), re.DOTALL)
    assert block is not None
    keys = re.findall(r"^\s+(\w+)\s+= local\.emulator$", block[1], re.MULTILINE)

    assert len(keys) > 15
    assert {others.get(key, key) for key in keys} <= {*KNOWN, "lambda"}
