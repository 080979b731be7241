"""`lambda-emu event`: which samples there are, what can be told of them, and what is said of mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from lambda_emu.arn import Scope
from lambda_emu.cli import main
from lambda_emu.clock import Clock
from lambda_emu.samples.catalogue import SOURCES, all_samples
from lambda_emu.samples.sample import Sample

ALL = list(all_samples())
SCOPE = Scope("123456789012", "eu-west-1")


def event(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["event", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("sample", ALL, ids=lambda one: f"{one.source} {one.type}")
def test_each_member_of_a_sample_can_be_told(sample: Sample) -> None:
    told = {name: f"{value}" for name, value in sample.members.items()}

    made = sample.event(told, SCOPE, Clock())

    assert isinstance(made, dict)
    assert sample.told.endswith(".")
    assert not {name for name in sample.members if not name.replace("-", "").isalpha()}


@pytest.mark.parametrize("sample", ALL, ids=lambda one: f"{one.source} {one.type}")
def test_what_is_told_of_a_member_is_in_the_event(sample: Sample) -> None:
    plain = [name for name, value in sample.members.items() if value.replace(" ", "").isalpha() and name not in CHOSEN]

    for name in plain:
        made = sample.event({name: "Told"}, SCOPE, Clock())

        packed = sample.source in ("logs", "kinesis", "firehose")
        assert packed or "told" in json.dumps(made).lower(), name


CHOSEN = ("step", "reason", "version", "method")
"""Members that can be one of a few words, or are written in capitals."""


def test_members_are_told_by_options() -> None:
    said = event(
        "sqs", "message", "--body", "--x", "--queue=orders", "--region", "eu-west-1", "--account", "123456789012"
    )

    (record,) = json.loads(said.stdout)["Records"]
    assert record["body"] == "--x"
    assert record["eventSourceARN"] == "arn:aws:sqs:eu-west-1:123456789012:orders"


def test_all_sources_are_listed_and_the_types_and_members_of_one() -> None:
    listed = event("--list").stdout
    types = event("s3", "--list").stdout
    members = event("s3", "put", "--list").stdout

    assert {line.split()[0] for line in listed.splitlines()[1:]} == set(SOURCES)
    assert "s3      delete " in types
    assert "sqs" not in types
    assert "--bucket" in members


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sq", "message"], "Error: There are no sample events of 'sq'; did you mean 'sqs'?"),
        (["sqs", "massage"], "Error: sqs has no sample 'massage'; did you mean 'message'?"),
        (["sqs", "message", "--bodi", "x"], "Error: sqs message has no member --bodi; did you mean 'body'?"),
        (["s3", "put", "--x", "1"], "; there are bucket, etag, key, size, version-id."),
        (["s3", "put", "--size", "big"], "Error: --size must be a whole number."),
        (["dynamodb", "insert", "--keys", "{"], "Error: --keys must be JSON: "),
        (["dynamodb", "insert", "--keys", "[]"], "Error: --keys must be an object of JSON."),
        (["secretsmanager", "rotation", "--step", "x"], "Error: --step must be one of createSecret, setSecret,"),
        (["rest", "request", "--resource", "/a", "--path", "/x"], "Error: --path /x is none of the --resource /a."),
        (["rest", "request", "--path", "x"], "Error: --path must begin with a slash."),
        (["alarms", "metric", "--threshold", "nan"], "Error: --threshold must be a number."),
        (["sqs", "message", "--body"], "Error: --body needs a value."),
        (["sqs", "message", "body"], "Error: 'body' is no member: write --MEMBER VALUE"),
        (["sqs"], "Error: Name a TYPE of sqs; --list has them."),
        ([], "Error: Name a SOURCE; --list has them."),
    ],
)
def test_a_mistake_is_told_with_what_there_is(arguments: list[str], said: str) -> None:
    result = event(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_no_service_of_others_is_needed_for_samples() -> None:
    """A bare install has neither moto nor botocore's services, and events of S3 all the same."""
    look = "import sys; from lambda_emu.samples.catalogue import all_samples; from lambda_emu.arn import Scope; "
    look += "from lambda_emu.clock import Clock; [one.event({}, Scope('0' * 12, 'us-east-1'), Clock()) for one in "
    look += "all_samples()]; print({'moto', 'boto3', 'cryptography', 'flask'} & set(sys.modules))"

    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=120, check=True)

    assert said.stdout == "set()\n"
