"""The text of a template, as data, with what CloudFormation says of one that cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lambda_emu.cloudformation.errors import Invalid
from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.language.document import MAX_DEPTH, SECTIONS, Template, read_template, write_place
from lambda_emu.templates.language.shapes import wrong_shapes
from lambda_emu.templates.stack import MOST_RESOURCES, TOO_MANY

FILE = Path("template")
"""What a template is called that came without a name."""
_AT = re.compile(r"^template:\d+: ")
_VARIABLE = re.compile(r"\$\{([^!${}][^${}]{0,300})\}")
_TYPE = re.compile(r"(AWS|Alexa|Custom)::[\w@:-]+|[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}::[A-Za-z0-9]{2,64}(::MODULE)?")
PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


def read(text: str) -> Template:
    """Invalid."""
    template = _from_json(text) if text.lstrip().startswith("{") else _from_yaml(text)
    unknown = [name for name in template.body if name not in SECTIONS]
    if unknown:
        raise Invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.body.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise Invalid("Template format error: At least one Resources member must be defined.")
    if len(resources) > MOST_RESOURCES:
        raise Invalid(f"Template format error: {TOO_MANY.format(len(resources))}")
    for name, resource in resources.items():
        _check(name, resource)
    for place, wrong in wrong_shapes(template.body):
        raise Invalid(f"Template format error: {write_place(place)}: {wrong}")
    if unknown_types := sorted({one["Type"] for one in resources.values() if not _may_be(one)}):
        raise Invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown_types)}]")
    return template


def _may_be(resource: Any) -> bool:
    type = resource.get("Type") if isinstance(resource, dict) else None
    return not isinstance(type, str) or bool(_TYPE.fullmatch(type))


def _check(name: str, resource: Any) -> None:
    if name.startswith("Fn::"):  # a loop, or a macro
        return
    if not isinstance(resource, dict):
        raise Invalid(f"Template format error: [/Resources/{name}] Every Resources object must be an object.")
    if not isinstance(resource.get("Type"), str):
        raise Invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        raise Invalid(f"Template format error: Resource name {name[:256]} is non alphanumeric.")
    if not isinstance(resource.get("Properties") or {}, dict):
        raise Invalid(f"Template format error: [/Resources/{name}/Properties] must be an object.")


def _from_json(text: str) -> Template:
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        raise Invalid(
            f"Template format error: JSON not well-formed. (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise Invalid("Template format error: nested too deep") from None
    except ValueError as error:
        raise Invalid(f"Template format error: JSON not well-formed. {error}") from None
    if _depth(body) > MAX_DEPTH:
        raise Invalid(f"Template format error: nested deeper than {MAX_DEPTH}")
    template = Template(FILE, body, {})
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Invalid("Template format error: JSON not well-formed. Half a character stands alone") from None
    return template


def _depth(value: Any) -> int:
    level, deep = [value], 0
    while level and deep <= MAX_DEPTH:
        deep += 1
        level = [
            part
            for one in level
            for part in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
    return deep


def _from_yaml(text: str) -> Template:
    try:
        template = read_template(FILE, text.encode())
    except ProjectError as error:
        raise Invalid(_said(error.mistakes[0], text)) from None
    return replace(template, lines={})


def _said(mistake: str, text: str) -> str:
    """What CloudFormation says of it."""
    said = _AT.sub("", mistake)
    if said.startswith("is no template"):
        if ":" not in text:
            return "Template format error: unsupported structure."
        return "Template format error: At least one Resources member must be defined."
    if "unknown key" in said:
        return f"Invalid template property or properties [{said.partition(':')[0]}]"
    if said.startswith("not YAML"):
        line, column = _mark(text)
        return f"Template format error: YAML not well-formed. (line {line}, column {column})"
    return f"Template format error: {said}"


def _mark(text: str) -> tuple[int, int]:
    import yaml

    try:
        yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)
    except (yaml.YAMLError, RecursionError):
        return 1, 1
    return 1, 1


def complaints(error: ProjectError) -> str:
    """What is wrong with a template, without the names of files."""
    return "; ".join(_AT.sub("", mistake) for mistake in error.mistakes)[:4096]


# -- names that lead nowhere


def check_names(template: Template) -> None:
    """Each that a template refers to is one of its parameters or resources. Invalid."""
    known = PSEUDO | template.section("Parameters").keys() | template.section("Resources").keys()
    for section in ("Resources", "Outputs"):
        missing: set[str] = set()
        for function, name in (*_needed(template.section(section)), *_named(template.section(section))):
            if name in known:
                continue
            if function == "Fn::GetAtt":
                raise Invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
            missing.add(name)
        if missing:
            raise Invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(sorted(missing))}] "
                f"in the {section} block of the template"
            )


def _needed(section: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What its members depend on. Invalid."""
    for one in section.values():
        after = (one.get("DependsOn") or []) if isinstance(one, dict) else []
        for name in after if isinstance(after, list) else [after]:
            if not isinstance(name, str):
                raise Invalid("Template format error: Every DependsOn value must be a string.")
            yield "DependsOn", name


def _named(node: Any) -> Iterator[tuple[str, str]]:
    """Each name with the function that has it."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item)
    if not isinstance(node, dict):
        return
    if len(node) == 1:
        ((function, argument),) = node.items()
        if function == "Ref" and isinstance(argument, str):
            yield "Ref", argument
            return
        if function == "Fn::GetAtt" and argument:
            first = argument[0] if isinstance(argument, list) else argument
            first = first.split(".")[0] if isinstance(first, str) else None
            if isinstance(first, str):
                yield "Fn::GetAtt", first
            return
        if function == "Fn::Sub":
            yield from _in_text(argument)
            return
    yield from _named([*node.values()])


def _in_text(argument: Any) -> Iterator[tuple[str, str]]:
    text, *more = argument if isinstance(argument, list) and argument else (argument,)
    variables: Mapping[str, Any] = more[0] if more and isinstance(more[0], dict) else {}
    for found in _VARIABLE.finditer(text) if isinstance(text, str) else ():
        name = found[1].strip()
        if name not in variables:
            yield ("Fn::GetAtt" if "." in name else "Ref"), name.split(".")[0]
    yield from _named(list(variables.values()))
