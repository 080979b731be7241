"""Versions and aliases of state machines: nobody serves them, so each is the state machine as it is.

What an alias is to start is started: SAM has events lead to it where a state machine says AutoPublishAlias.
"""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest, refuse, takes


def _version(asked: ResourceRequest, _: Made | None = None) -> Made:
    arn = asked.get("StateMachineArn")
    if not isinstance(arn, str):
        raise refuse("StateMachineArn must be an ARN")
    return Made(arn, {"Arn": arn})


def _alias(asked: ResourceRequest, _: Made | None = None) -> Made:
    """Of the version that gets most of what is started."""
    routes = asked.get("RoutingConfiguration") or [asked.get("DeploymentPreference") or {}]
    first = max(routes, key=lambda one: int(one.get("Weight", 0)))
    arn = first.get("StateMachineVersionArn")
    if not isinstance(arn, str):
        raise refuse("has neither RoutingConfiguration nor DeploymentPreference with a StateMachineVersionArn")
    return Made(arn, {"Arn": arn})


def _nothing(_: Made, __: Reach) -> None:
    """It goes with its state machine."""


MACHINE_VERSIONS: Mapping[str, Kind] = {
    "AWS::StepFunctions::StateMachineVersion": Kind(
        takes("StateMachineArn StateMachineRevisionId"),
        _version,
        _nothing,
        _version,
        fixed=takes("StateMachineArn StateMachineRevisionId"),
    ),
    "AWS::StepFunctions::StateMachineAlias": Kind(
        takes("DeploymentPreference Name RoutingConfiguration"), _alias, _nothing, _alias, fixed=takes("Name")
    ),
}
