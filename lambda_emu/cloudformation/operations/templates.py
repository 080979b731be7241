"""What a template says, of a stack, of a change set, or sent to be looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_emu.cloudformation import capabilities
from lambda_emu.cloudformation.errors import Invalid
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.reading import check_names, read
from lambda_emu.cloudformation.records import find, find_change_set
from lambda_emu.cloudformation.sources import template_text
from lambda_emu.model.stacks import StackRecord
from lambda_emu.templates.language.constraints import is_hidden, text_of
from lambda_emu.templates.language.document import Template

STAGES = ["Original", "Processed"]


def get_template(asked: StackRequest) -> Result:
    """As it was given, or, if it has macros, with those expanded."""
    record = _record(asked)
    is_original = asked.get("TemplateStage") == "Original" or not record.body or not _has_macros(record.template)
    body = record.template if is_original else record.body
    return {"TemplateBody": body, "StagesAvailable": STAGES if record.body else STAGES[:1]}


def _has_macros(text: str) -> bool:
    """Whether anything is another than it was written; what is served may be what nobody could send."""
    try:
        template = read(text)
    except Invalid:
        return True
    return bool(capabilities.transforms_of(template)) or "Fn::Transform" in json.dumps(template.body, default=str)


def get_template_summary(asked: StackRequest) -> Result:
    is_named = asked.get("StackName") is not None
    template = read(find(asked.context, asked.members["StackName"]).template if is_named else _sent(asked))
    needs, why = _needs(template)
    metadata = template.body.get("Metadata")
    return {
        "Parameters": [_parameter(name, one) for name, one in template.section("Parameters").items()],
        "Description": _description(template),
        "Capabilities": needs,
        "CapabilitiesReason": why or None,
        "ResourceTypes": sorted({one["Type"] for one in capabilities.typed(template).values()}),
        "Version": template.body.get("AWSTemplateFormatVersion"),
        "Metadata": None if metadata is None else json.dumps(metadata, default=str),
        "DeclaredTransforms": capabilities.transforms_of(template),
    }


def validate_template(asked: StackRequest) -> Result:
    template = read(_sent(asked))
    if not capabilities.transforms_of(template):
        check_names(template)
    needs, why = _needs(template)
    return {
        "Parameters": [
            {name: value for name, value in _parameter(key, one).items() if name in VALIDATED}
            for key, one in template.section("Parameters").items()
        ],
        "Description": _description(template),
        "Capabilities": needs,
        "CapabilitiesReason": why or None,
        "DeclaredTransforms": capabilities.transforms_of(template),
    }


VALIDATED = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
"""What ValidateTemplate says of a parameter."""


def _record(asked: StackRequest) -> StackRecord:
    change_set, stack = asked.get("ChangeSetName"), asked.get("StackName")
    if change_set is not None:
        return find_change_set(asked.context, change_set, stack).wanted
    if stack is None:
        raise Invalid("At least one of StackName or ChangeSetName must be specified")
    return find(asked.context, stack)


def _sent(asked: StackRequest) -> str:
    return template_text(asked.members, asked.context)


def _needs(template: Template) -> tuple[list[str], str]:
    needs, why = capabilities.of_iam(template)
    if capabilities.transforms_of(template):
        needs = [*needs, capabilities.AUTO_EXPAND]
    return needs, why


def _description(template: Template) -> str | None:
    said = template.body.get("Description")
    return said if isinstance(said, str) else None


def _parameter(name: str, declared: Any) -> Mapping[str, Any]:
    if not isinstance(declared, dict):
        raise Invalid("Template format error: Every Parameters object must contain a Type member.")
    default = declared.get("Default")
    allowed = declared.get("AllowedValues")
    return {
        "ParameterKey": name,
        "DefaultValue": default if default is None else text_of(default),
        "ParameterType": str(declared.get("Type", "String")),
        "NoEcho": is_hidden(declared),
        "Description": declared.get("Description"),
        "ParameterConstraints": {"AllowedValues": [*map(text_of, allowed)]} if isinstance(allowed, list) else {},
    }
