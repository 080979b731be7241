"""Load balancers with functions behind them, made by boto3 and asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from function_url_rig import Got, ask
from lam import Lam
from services_rig import ACCOUNT, sdk

REGION = "us-east-1"
SUBNETS = ["subnet-11111111", "subnet-22222222"]
ECHO = """
import base64, json, time
def handler(event, context):
    said = {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    if "multiValueHeaders" in event:
        said["multiValueHeaders"] = {"content-type": ["application/json"], "set-cookie": ["a=1", "b=2"]}
    body = event["body"]
    if event["isBase64Encoded"]:
        body = base64.b64decode(body).decode("latin-1")
    return eval(body[1:]) if body.startswith("=") else said
"""
WHO = """
def handler(event, context):
    return {"statusCode": 200, "body": context.function_name}
"""


class Balancing:
    """boto3's client of Elastic Load Balancing, and short words for what tests do all the time."""

    def __init__(self, lam: Lam) -> None:
        self.lam = lam
        self.client = sdk(lam, "elbv2")

    def group(self, name: str, function: str | None = None, *, multi_value: bool = False) -> str:
        """The ARN of a target group with this function, which lets it in."""
        found: str = self.client.create_target_group(Name=name, TargetType="lambda")["TargetGroups"][0][
            "TargetGroupArn"
        ]
        if multi_value:
            self.client.modify_target_group_attributes(
                TargetGroupArn=found,
                Attributes=[{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}],
            )
        if function is not None:
            let_in(self.lam, function, found)
            self.client.register_targets(TargetGroupArn=found, Targets=[{"Id": arn(function)}])
        return found

    def balancer(self, name: str, *actions: Any, port: int = 80, **more: Any) -> Balancer:
        """With a listener that does this by default."""
        made = self.client.create_load_balancer(Name=name, Subnets=SUBNETS, **more)["LoadBalancers"][0]
        balancer = Balancer(self, name, made["LoadBalancerArn"], made["DNSName"])
        balancer.listener = balancer.listen(port, *actions)
        return balancer


class Balancer:
    listener: str

    def __init__(self, balancing: Balancing, name: str, arn: str, dns_name: str) -> None:
        self.lam: Lam = balancing.lam
        self.client = balancing.client
        self.name = name
        self.arn = arn
        self.dns_name = dns_name

    def listen(self, port: int, *actions: Any) -> str:
        found: str = self.client.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=port, DefaultActions=list(actions)
        )["Listeners"][0]["ListenerArn"]
        return found

    def rule(self, priority: int, conditions: Any, *actions: Any) -> str:
        found: str = self.client.create_rule(
            ListenerArn=self.listener, Priority=priority, Conditions=conditions, Actions=list(actions)
        )["Rules"][0]["RuleArn"]
        return found

    def ask(self, path: str = "/", body: str | bytes | None = None, method: str = "", **headers: str) -> Got:
        """By the path form."""
        return ask(f"{self.lam.url}/_lambda-emu/elb/{self.name}", body, method, headers, path)

    def ask_as(self, host: str, path: str = "/", headers: Mapping[str, str] | None = None) -> Got:
        return ask(self.lam.url, headers={"Host": host, **(headers or {})}, path=path)


def forward(*groups: str) -> Any:
    return {"Type": "forward", "TargetGroupArn": groups[0]}


def fixed(body: str, status: str = "200", kind: str = "text/plain") -> Any:
    config = {"StatusCode": status, "ContentType": kind, "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def arn(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def let_in(lam: Lam, function: str, source: str) -> None:
    lam.client.add_permission(
        FunctionName=function,
        StatementId=source.rpartition("/")[2],
        Action="lambda:InvokeFunction",
        Principal="elasticloadbalancing.amazonaws.com",
        SourceArn=source,
    )
