from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import fields

from lambda_emu.config import SETTINGS
from lambda_emu.project import DeclaredFunction, read_project
from lambda_emu.project.keys.events import CORS_KEYS, EVENTS
from lambda_emu.project.keys.functions import KEYS
from lambda_emu.project.keys.resources import HTTP_API, HTTP_API_KEYS, REDRIVE_KEYS, RESOURCES, SUBSCRIBED_KEYS
from lambda_emu.project.keys.rules import RULE_KEYS

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = (DOCS / "configuration.md").read_text()
PROJECT = (DOCS / "project.md").read_text()
SECTIONS = {name: kind.keys for kinds in (EVENTS, RESOURCES) for name, kind in kinds.items()} | {
    HTTP_API: HTTP_API_KEYS
}
WITHIN = {"url": CORS_KEYS, "queues": REDRIVE_KEYS, "topics": SUBSCRIBED_KEYS, "buses": RULE_KEYS}
"""Keys below one key of a section."""


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


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_of_events_and_resources_is_documented(name: str) -> None:
    section = PROJECT.partition(f"\n### {name}\n")[2].partition("\n##")[0]

    assert [row for row in rows_below(name) if row not in section.splitlines()] == []


def rows_below(name: str) -> Iterator[str]:
    for key in (*SECTIONS[name], *WITHIN.get(name, ())):
        default = "required" if key.required else key.default
        yield f"| `{key.name}` | {key.type.allowed} | {default} | {key.help} |"


def test_the_documented_events_and_resources_are_some(tmp_path: Path) -> None:
    (tmp_path / "lambda-emu.yaml").write_text(PROJECT.partition("```yaml\n")[2].partition("```")[0])
    (tmp_path / "thumbnail").mkdir()

    project = read_project(tmp_path)

    assert [event.kind for event in project.functions[0].events] == ["s3", "sqs", "http"]
    assert [(one.kind, one.name) for one in project.resources] == [
        ("bucket", "photos"),
        ("queue", "again"),
        ("table", "photos"),
        ("topic", "news"),
    ]


def test_the_documented_project_is_one(tmp_path: Path) -> None:
    (tmp_path / "lambda-emu.yaml").write_text(WRITTEN.partition("```yaml\n")[2].partition("```")[0])
    for folder in ("hello", "words"):
        (tmp_path / folder).mkdir()

    (function,) = read_project(tmp_path).functions

    assert function.name == "hello"
