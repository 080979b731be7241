"""docs/sam.md says which types of resources templates may have, and which properties of each have an effect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from lambda_emu.templates.kinds.table import KINDS

SCHEMAS = Path(str(files("cfnlint"))) / "data" / "schemas"
PAGE = Path(__file__).parents[2] / "docs" / "sam.md"


def rows() -> Iterator[str]:
    for name, kind in sorted(KINDS.items()):
        yield f"| `{name}` | {', '.join(sorted(kind.takes))} |"


def test_every_type_and_property_is_documented() -> None:
    written = [line for line in PAGE.read_text().splitlines() if line.startswith("| `AWS::")]

    assert written == [*rows()], "write them anew: python tests/unit/test_templates_docs.py"


OWN = "AWS::CloudFormation::"
"""CloudFormation's own types have their own rules, and their own tests: tests/engine/test_custom_resources.py."""
NAMES_TOO = {"AWS::Scheduler::Schedule": {"GroupName"}}
"""What is taken for such a property beyond CloudFormation's schemas: no operation could change it."""


def of_schemas(type: str, *members: str) -> set[str]:
    """The names of properties that a schema of CloudFormation, as cfn-lint has them, lists so."""
    index = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
    schema = json.loads((SCHEMAS / "resources" / f"{index[type]}.json").read_text())
    listed = [path.removeprefix("/properties/") for member in members for path in schema.get(member, ())]
    return {name for name in listed if "/" not in name}


@pytest.mark.parametrize("type", [type for type in sorted(KINDS) if not type.startswith(OWN)])
def test_what_makes_another_resource_is_what_cloudformation_says_does(type: str) -> None:
    fixed = of_schemas(type, "createOnlyProperties", "conditionalCreateOnlyProperties")

    assert KINDS[type].fixed == (fixed & KINDS[type].takes) | NAMES_TOO.get(type, set())


if __name__ == "__main__":
    kept = [line for line in PAGE.read_text().splitlines() if not line.startswith("| `AWS::")]
    PAGE.write_text("\n".join([*kept, *rows()]) + "\n")
