from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from lambda_emu.config import SETTINGS
from lambda_emu.project import DeclaredFunction, read_project
from lambda_emu.project.keys import KEYS

WRITTEN = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()


def rows_of_settings() -> Iterator[str]:
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else "none"
        yield f"| `{setting.name}` | {setting.kind.allowed} | {default} | {setting.help} |"


def rows_of_keys() -> Iterator[str]:
    defaults = {field.name: field.default for field in fields(DeclaredFunction)}
    for key in KEYS:
        default = defaults[key.field]
        shown = "required" if key.required else f"`{default}`" if isinstance(default, str | int) and default else "none"
        yield f"| `{key.name}` | {key.type.allowed} | {shown} | {key.help} |"


@pytest.mark.parametrize("row", [*rows_of_settings(), *rows_of_keys()])
def test_every_setting_and_key_is_documented(row: str) -> None:
    assert row in WRITTEN.splitlines()


def test_the_documented_project_is_one(tmp_path: Path) -> None:
    (tmp_path / "lambda-emu.yaml").write_text(WRITTEN.partition("```yaml\n")[2].partition("```")[0])
    for folder in ("hello", "words"):
        (tmp_path / folder).mkdir()

    (function,) = read_project(tmp_path).functions

    assert function.name == "hello"
