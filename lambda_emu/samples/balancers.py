"""Of load balancers: docs/contract/events.md#load-balancers."""

from __future__ import annotations

from lambda_emu.samples.requests import MEMBERS, request_of
from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.triggers.load_balancers.events import make_template, traced

ALB = Samples("alb")
SAMPLES = (ALB,)
_MEMBERS = {**MEMBERS, "group": "orders"}


@ALB.add("request", "A request to a load balancer.", **_MEMBERS)
def request(asked: SampleRequest) -> bytes:
    return _event(asked, multi_value=False)


@ALB.add("request-multi-value", "The same of a target group with multi-value headers.", **_MEMBERS)
def request_multi_value(asked: SampleRequest) -> bytes:
    return _event(asked, multi_value=True)


def _event(asked: SampleRequest, *, multi_value: bool) -> bytes:
    made = request_of(asked, f"shop-123456789.{asked.scope.region}.elb.localhost")
    arn = asked.scope.arn(f"targetgroup/{asked['group']}/73e2d6bc24d8a067", "elasticloadbalancing")
    template = make_template(made.head, asked["path"], asked["query"], arn, "append", multi_value=multi_value)
    root = f"1-{int(asked.now_s):08x}-{(asked.clock.new_token() + asked.clock.new_token())[:24]}"
    return template.event(traced(None, root), made.body)
