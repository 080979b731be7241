"""CloudFormation: what its requests tell conditions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.demand import Asking, Demand

CLOUDFORMATION = "cloudformation.amazonaws.com"
KEYS = {
    "cloudformation:changesetname": "ChangeSetName",
    "cloudformation:rolearn": "RoleARN",
    "cloudformation:stackpolicyurl": "StackPolicyURL",
    "cloudformation:templateurl": "TemplateURL",
}
"""Condition keys, and the members that they are of."""


def stacks(asking: Asking, resource: str) -> Sequence[Demand]:
    """members: of the whole request. resource: what it is about."""
    context: dict[str, str | tuple[str, ...]] = {key: asking.text(name) for key, name in KEYS.items()}
    context["cloudformation:resourcetypes"] = tuple(asking.texts("ResourceTypes"))
    told = {key: value for key, value in context.items() if value}
    return [asking.demand(resource, context=told), *asking.passing(asking.text("RoleARN"), CLOUDFORMATION)]
