"""What a template does that its caller must say yes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lambda_emu.cloudformation.errors import NeedsCapabilities
from lambda_emu.project.resources import CannotChange
from lambda_emu.templates.language.document import Template

IAM, NAMED_IAM, AUTO_EXPAND = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"
NAMES = {
    "AWS::IAM::AccessKey": None,
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": None,
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": None,
}
"""Types that give somebody power, and the property by which they have a name that the template says."""


def of_iam(template: Template) -> tuple[list[str], str]:
    """What it needs for its roles and the like, none or one, and why."""
    types = {name: one for name, one in typed(template).items() if one["Type"] in NAMES}
    if not types:
        return [], ""
    named = [name for name, one in types.items() if NAMES[one["Type"]] in _properties(one)]
    asked = ", ".join(sorted({one["Type"] for one in types.values()}))
    return [NAMED_IAM if named else IAM], f"The following resource(s) require capabilities: [{asked}]"


def typed(template: Template) -> dict[str, Mapping[str, Any]]:
    """Its resources, without loops and macros that stand between them."""
    resources = template.section("Resources")
    return {name: one for name, one in resources.items() if isinstance(one, dict) and isinstance(one.get("Type"), str)}


def _properties(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    said = resource.get("Properties")
    return said if isinstance(said, dict) else {}


def check_iam(template: Template, given: Collection[str]) -> None:
    """NeedsCapabilities."""
    needed, _ = of_iam(template)
    if needed and NAMED_IAM not in given and not (needed == [IAM] and IAM in given):
        raise NeedsCapabilities(needed)


def check_transform(template: Template, given: Collection[str]) -> None:
    """What has macros is to be looked at first, in a change set, or waved through. NeedsCapabilities."""
    if transforms_of(template) and AUTO_EXPAND not in given:
        raise NeedsCapabilities([AUTO_EXPAND])


def check_within(template: Template, given: Collection[str]) -> None:
    """CannotChange, where a stack within another one does what its caller has not said yes to.

    Of a change set too: what was said yes to is all that its stacks within are given.
    """
    try:
        check_transform(template, given)
        check_iam(template, given)
    except NeedsCapabilities as error:
        raise CannotChange(error.text) from error


def transforms_of(template: Template) -> list[str]:
    said = template.body.get("Transform") or []
    return [
        str(one.get("Name") if isinstance(one, dict) else one) for one in (said if isinstance(said, list) else [said])
    ]
