"""What an earlier start has read and expanded of a template is taken from the cache, as long as it is the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.cached import MOST_KEPT, keep, kept
from lambda_emu.templates.read_before import read_file

TEMPLATE = """
Conditions: {Yes: !Equals [1, 1]}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: 5, QueueName: "jobs é 2001-01-01", Tags: [{Key: 1, Value: !Ref AWS::Region}]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path / "template.yaml"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "caches" / "templates"


def only(cache: Path) -> Path:
    (found,) = cache.glob("*.json")
    return found


def test_a_template_is_read_once_and_then_the_same_with_its_lines(file: Path, cache: Path) -> None:
    first = read_file(file, cache)
    kept_in = only(cache)
    written = kept_in.read_text()
    kept_in.write_text(written.replace("DelaySeconds", "VisibilityTimeout"))  # shows where it comes from

    second = read_file(file, cache)

    assert (
        second.where(("Resources", "Jobs")) == first.where(("Resources", "Jobs")) == "template.yaml:4: Resources.Jobs"
    )
    assert "VisibilityTimeout" in second.section("Resources")["Jobs"]["Properties"]
    kept_in.write_text(written)
    assert read_file(file, cache) == first


def test_a_template_that_changed_is_read_anew(file: Path, cache: Path) -> None:
    read_file(file, cache)
    file.write_text(TEMPLATE.replace("DelaySeconds: 5", "DelaySeconds: 6"))

    assert read_file(file, cache).section("Resources")["Jobs"]["Properties"]["DelaySeconds"] == 6


@pytest.mark.parametrize(
    "torn", ["", "{", "{}", "[]", "null", '{"body": {}}', "[" * 100_000], ids=lambda text: text[:9]
)
def test_what_is_kept_by_half_is_made_again(file: Path, cache: Path, torn: str) -> None:
    whole = read_file(file, cache)
    only(cache).write_text(torn)

    assert read_file(file, cache) == whole
    assert read_file(file, cache) == whole


def test_a_mistake_is_kept_nowhere(file: Path, cache: Path) -> None:
    file.write_text("Resources: [")

    for _ in range(2):
        with pytest.raises(ProjectError):
            read_file(file, cache)
    assert not list(cache.glob("*"))


def test_where_nothing_can_be_kept_a_template_is_read_all_the_same(file: Path, tmp_path: Path) -> None:
    (tmp_path / "strangers").mkdir()
    (tmp_path / "strangers" / "letter.txt").write_text("mine")
    whole = read_file(file, Path())

    assert read_file(file, tmp_path / "strangers" / "templates") == whole
    assert [one.name for one in (tmp_path / "strangers").iterdir()] == ["letter.txt"]


def test_the_oldest_go_where_too_many_are_kept(cache: Path) -> None:
    for number in range(MOST_KEPT + 3):
        keep(cache / f"{number}.json", {"number": number})
        os.utime(cache / f"{number}.json", (number, number))
    keep(cache / "last.json", {"number": -1})

    assert len(list(cache.glob("*.json"))) == MOST_KEPT
    assert kept(cache / "2.json") is None
    assert kept(cache / "last.json", "number") == {"number": -1}
