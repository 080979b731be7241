"""`events: alb` of the project file: load balancers with rules for functions. docs/project.md#alb."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from boto_rig import client_at
from function_url_rig import Got, ask
from project_rig import EventAccount, event_account

WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": f"{context.function_name} {'multiValueHeaders' in event}"}
"""


class Account(EventAccount):
    """Asks its load balancers, too."""

    @property
    def elb(self) -> Any:
        return client_at(self.lam.url, "elbv2")

    def ask(self, path: str, balancer: str = "lambda-emu", method: str = "", **headers: str) -> Got:
        said = {"Host": f"admin.{balancer}.elb.localhost", **headers}
        return ask(self.lam.url, None, method, said, path)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with event_account(Account, WHO, tmp_path_factory.mktemp("project")) as made:
        yield made


SHOP = "alb: {path: /admin/*, balancer: shop, host: [admin.*], method: [POST], header: {x-kind: a*}, query: {v: '1'}}"


def test_rules_of_a_project_lead_to_its_functions(account: Account) -> None:
    web = f"{{alb: {{path: /*, priority: 20000}}}}, {{{SHOP}}}"
    api = "{alb: /api/*}, {alb: {path: /all, multi_value: yes, priority: 5, source: [127.0.0.0/8]}}"
    account.deploy(web=web, api=api)

    assert account.ask("/").body == b"web False"
    assert account.ask("/api/x").body == b"api False"
    assert account.ask("/all").body == b"api True"
    asked: Any = {"balancer": "shop", "method": "POST", "X-Kind": "ab"}
    assert account.ask("/admin/x?v=1", **asked).body == b"web False"
    assert account.ask("/admin/x?v=2", **asked).status == 404
    assert account.ask("/admin/x?v=1", **{**asked, "method": "PUT"}).status == 404
    assert account.deploy(web=web, api=api) == set()


def test_what_changed_is_changed_and_what_is_left_out_goes(account: Account) -> None:
    account.deploy(web="{alb: /a}, {alb: {path: /b, balancer: shop}}", api="{alb: /c}")

    done = account.deploy(web="{alb: /a2}", api="{alb: {path: /c, multi_value: yes}}")

    assert ("REMOVE", "load balancer") in done
    assert account.ask("/a").status == 404
    assert account.ask("/a2").body == b"web False"
    assert account.ask("/c").body == b"api True"
    assert account.ask("/b", "shop").status == 404
    assert len(account.elb.describe_target_groups()["TargetGroups"]) == 2

    account.deploy(web="", api="")

    assert account.elb.describe_load_balancers()["LoadBalancers"] == []
    assert account.elb.describe_target_groups()["TargetGroups"] == []
