"""What is set on a stack beside its template."""

from __future__ import annotations

from msgspec.structs import replace

from lambda_emu.cloudformation.errors import Invalid, IsServed, ProtectedByRoot
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.policies import policy_text
from lambda_emu.cloudformation.records import MOST_STACKS, change, find
from lambda_emu.model.stacks import SERVED


def update_termination_protection(asked: StackRequest) -> Result:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    if record.origin == SERVED:
        raise IsServed(record.name)
    if record.parent is not None:
        raise ProtectedByRoot(record.name)
    is_protected = asked.members["EnableTerminationProtection"]
    change(asked.context, record, lambda found: replace(found, is_protected=is_protected))
    return {"StackId": record.id}


def set_stack_policy(asked: StackRequest) -> Result:
    """Of later updates."""
    record = find(asked.context, asked.members["StackName"], deleted=False)
    policy = policy_text(asked.members, asked.context)
    if policy is None:
        raise Invalid("You must specify either StackPolicyURL or StackPolicyBody")  # (?)
    change(asked.context, record, lambda found: replace(found, policy=policy))
    return {}


def get_stack_policy(asked: StackRequest) -> Result:
    return {"StackPolicyBody": find(asked.context, asked.members["StackName"]).policy}


def describe_account_limits(_: StackRequest) -> Result:
    limits = (("StackLimit", MOST_STACKS), ("StackOutputsLimit", 200), ("ConcurrentResourcesLimit", 2_500))
    return {"AccountLimits": [{"Name": name, "Value": value} for name, value in limits]}
