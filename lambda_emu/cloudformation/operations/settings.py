"""What is set on a stack beside its template."""

from __future__ import annotations

from msgspec.structs import replace

from lambda_emu.cloudformation.errors import Invalid, IsServed, ProtectedByRoot
from lambda_emu.cloudformation.operations.asked import Asked, Result
from lambda_emu.cloudformation.records import MOST_STACKS, change, find
from lambda_emu.model.stacks import SERVED

MOST_POLICY = 16_384


def update_termination_protection(asked: Asked) -> Result:
    record = find(asked.context, asked.members["StackName"], deleted=False)
    if record.origin == SERVED:
        raise IsServed(record.name)
    if record.parent is not None:
        raise ProtectedByRoot(record.name)
    is_protected = asked.members["EnableTerminationProtection"]
    change(asked.context, record, lambda found: replace(found, is_protected=is_protected))
    return {"StackId": record.id}


def set_stack_policy(asked: Asked) -> Result:
    """It is kept and has no effect."""
    record = find(asked.context, asked.members["StackName"], deleted=False)
    policy = asked.get("StackPolicyBody")
    if policy is None:
        raise Invalid("StackPolicyURL is not read by lambda-emu; give StackPolicyBody")
    if len(policy) > MOST_POLICY:
        raise Invalid(f"Stack policy must be at most {MOST_POLICY} bytes")
    change(asked.context, record, lambda found: replace(found, policy=policy))
    return {}


def get_stack_policy(asked: Asked) -> Result:
    return {"StackPolicyBody": find(asked.context, asked.members["StackName"]).policy}


def describe_account_limits(_: Asked) -> Result:
    limits = (("StackLimit", MOST_STACKS), ("StackOutputsLimit", 200), ("ConcurrentResourcesLimit", 2_500))
    return {"AccountLimits": [{"Name": name, "Value": value} for name, value in limits]}
