"""What a template says that has no effect here, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.templates.kinds.table import KINDS
from lambda_emu.templates.stack import Stack

EXPECTED = frozenset(("AWS::CloudFormation::WaitConditionHandle", "AWS::CDK::Metadata"))
"""Types that do nothing on AWS either."""


def without_effect(stack: Stack) -> list[str]:
    """A line for each type and property, in the order of the template."""
    found = []
    template = stack.template
    for logical_id, resource in template.section("Resources").items():
        if not stack.is_wanted(logical_id) or resource["Type"] in EXPECTED:
            continue
        place = ("Resources", logical_id)
        if resource["Type"] not in KINDS:
            found.append((template.line(place), f"{template.where(place)}: {resource['Type']} is not served here"))
            continue
        for name in _unknown(resource):
            at = (*place, "Properties", name)
            found.append((template.line(at), f"{template.where(at)}: has no effect here"))
    return [text for _, text in sorted(found)]


def _unknown(resource: Mapping[str, Any]) -> Iterator[str]:
    known = KINDS[resource["Type"]].takes
    return (name for name in resource.get("Properties") or {} if name not in known)
