"""What a template says that has no effect here, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lambda_emu.templates.found import BUILT
from lambda_emu.templates.kinds.functions import FUNCTION
from lambda_emu.templates.kinds.table import WITHOUT_EFFECT, kind_of
from lambda_emu.templates.stack import Stack
from lambda_emu.templates.transform.sam import local_path

DEPENDENCIES = {"requirements.txt": "*.dist-info", "package.json": "node_modules"}
"""Files that say what code needs, and what is beside it where that is installed."""
SAYS = " says in {} is not installed beside it; without --no-build it would be"
EXPECTED = frozenset(("AWS::CDK::Metadata",))
"""Types that do nothing on AWS either."""
INSTEAD: Mapping[str, str] = {
    "AWS::CodeDeploy::DeploymentGroup": ": an alias gets all of its traffic at once, and no hook is run",
}
"""What happens without a type, where somebody may wonder."""


def without_effect(stack: Stack) -> list[str]:
    """A line for each type and property, in the order of the template."""
    found = []
    template = stack.template
    for logical_id, resource in template.section("Resources").items():
        if not stack.is_wanted(logical_id) or resource["Type"] in EXPECTED:
            continue
        place = ("Resources", logical_id)
        if kind_of(resource["Type"]) is WITHOUT_EFFECT:
            said = f"{resource['Type']} is not served here{INSTEAD.get(resource['Type'], '')}"
            found.append((template.line(place), f"{template.where(place)}: {said}"))
            continue
        for name in _unknown(resource):
            at = (*place, "Properties", name)
            found.append((template.line(at), f"{template.where(at)}: has no effect here"))
    return [text for _, text in sorted(found)]


def not_installed(stack: Stack) -> list[str]:
    """A line for each folder of code whose dependencies are said beside it and are not there."""
    template = stack.template
    found: dict[Path, str] = {}
    for logical_id, resource in template.section("Resources").items():
        place = ("Resources", logical_id, "Properties", "Code")
        code = (resource.get("Properties") or {}).get("Code")
        path = local_path(code) if resource["Type"] == FUNCTION else None
        if path is None or BUILT.parent.parts[0] in template.file.parts:
            continue
        for name, there in DEPENDENCIES.items():
            folder = template.file.parent / path
            if _says_some(folder / name) and not any(folder.glob(there)):
                found.setdefault(folder / name, f"{template.where(place)}: what {path}{SAYS.format(name)}")
    return [*found.values()]


def _says_some(file: Path) -> bool:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return False
    if file.suffix == ".json":
        return any('"dependencies"' in line for line in lines)
    return any(line.strip() and not line.lstrip().startswith(("#", "-")) for line in lines)


def _unknown(resource: Mapping[str, Any]) -> Iterator[str]:
    known = kind_of(resource["Type"]).takes
    return (name for name in resource.get("Properties") or {} if name not in known)
