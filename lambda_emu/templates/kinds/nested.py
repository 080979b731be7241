"""AWS::CloudFormation::Stack: stacks within stacks. What makes them is in deployment.py, which makes stacks."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, refuse, takes


def _elsewhere(_: ResourceRequest) -> Made:
    raise refuse("is made by the stack that has it")


def _not_here(_: Made, __: Reach) -> None:
    raise refuse("is removed by the stack that has it")


NESTED: Mapping[str, Kind] = {
    "AWS::CloudFormation::Stack": Kind(takes("NotificationARNs Parameters Tags TemplateURL"), _elsewhere, _not_here)
}
