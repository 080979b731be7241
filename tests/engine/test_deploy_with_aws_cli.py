"""The real AWS CLI deploys a function: from its creation over shifted traffic to its deletion."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lam import REPORT, ROLE, zipped
from own import ENGINES, served

pytestmark = pytest.mark.slow

ARN = "arn:aws:lambda:us-east-1:000000000000:function:shop"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:queue"
SAYS = "def handler(event, context): return {'says': %r, 'to': event['name']}"
INVOCATIONS = 200

MANY_TIMES = """
import sys
from awscli.clidriver import create_clidriver
driver = create_clidriver()
for _ in range(int(sys.argv[1])):
    assert driver.main(sys.argv[2:]) == 0
"""
"""What `aws` does, without starting it anew each time."""


class AwsCli:
    """`aws lambda` against one server, in a folder of its own."""

    def __init__(self, program: Path, folder: Path, url: str) -> None:
        self._program = program
        self._options = ["--endpoint-url", url, "--output", "json"]
        self._folder = folder
        self._environment = {
            "HOME": str(folder),  # nobody's configuration
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def __call__(self, *words: str) -> Any:
        """What one command prints, decoded; None where it prints nothing."""
        printed = self._done([self._program, "lambda", *words])
        return json.loads(printed) if printed else None

    def refused(self, *words: str) -> str:
        """What one command says that must fail."""
        run = self._run([self._program, "lambda", *words])
        assert run.returncode != 0, run.stdout
        return run.stderr

    def repeat(self, times: int, *words: str) -> list[Any]:
        """What one command prints each time."""
        python = self._program.with_name("python")
        printed = self._done([python, "-c", MANY_TIMES, str(times), "lambda", *words])
        return [json.loads(answer + "}") for answer in printed.split("}\n")[:-1]]

    def invoke(self, *words: str) -> tuple[Any, Any]:
        """The answer's members, and the payload it left in the file."""
        event = ["--payload", '{"name": "Ada"}', "out.json"]
        answer = self("invoke", "--function-name", "shop", *words, *event)
        return answer, json.loads((self._folder / "out.json").read_text())

    def keep_code(self, says: str) -> str:
        """A zip in the folder, as an argument names it."""
        (self._folder / f"{says}.zip").write_bytes(zipped({"app.py": SAYS % says}))
        return f"fileb://{says}.zip"

    def _done(self, command: list[str | Path]) -> str:
        run = self._run(command)
        assert run.returncode == 0, f"{command}: {run.stderr}"
        return run.stdout

    def _run(self, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
        whole = [*command, *self._options]
        return subprocess.run(
            whole, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture(params=ENGINES)
def aws(request: pytest.FixtureRequest, aws_cli: Path, tmp_path: Path) -> Iterator[AwsCli]:
    """The command in front of an empty account."""
    with served(tmp_path, request.param) as lam:
        yield AwsCli(aws_cli, tmp_path, lam.url)


def test_a_deploy_from_the_first_version_to_the_last_deletion(aws: AwsCli) -> None:
    create_and_run(aws)
    update_and_publish(aws)
    shift_traffic(aws)
    roll_back(aws)
    open_to_others(aws)
    tag(aws)
    delete_all(aws)


def create_and_run(aws: AwsCli) -> None:
    described = ["--function-name", "shop", "--runtime", "python3.11", "--handler", "app.handler", "--role", ROLE]
    created = aws("create-function", *described, "--zip-file", aws.keep_code("one"))
    assert (created["FunctionArn"], created["State"], created["Version"]) == (ARN, "Pending", "$LATEST")

    assert aws("wait", "function-active-v2", "--function-name", "shop") is None

    answer, payload = aws.invoke("--log-type", "Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert payload == {"says": "one", "to": "Ada"}
    assert tail.startswith("START RequestId: ")
    assert REPORT.search(tail)


def update_and_publish(aws: AwsCli) -> None:
    first = aws("publish-version", "--function-name", "shop", "--description", "first")
    assert (first["Version"], first["FunctionArn"], first["Description"]) == ("1", f"{ARN}:1", "first")

    updated = aws("update-function-code", "--function-name", "shop", "--zip-file", aws.keep_code("two"))
    assert updated["LastUpdateStatus"] == "InProgress"
    assert updated["CodeSha256"] != first["CodeSha256"]
    assert aws("wait", "function-updated-v2", "--function-name", "shop") is None
    assert aws.invoke()[1]["says"] == "two"

    second = aws("publish-version", "--function-name", "shop", "--code-sha256", updated["CodeSha256"])
    listed = aws("list-versions-by-function", "--function-name", "shop")["Versions"]
    assert second["Version"] == "2"
    assert [version["Version"] for version in listed] == ["$LATEST", "1", "2"]


def shift_traffic(aws: AwsCli) -> None:
    alias = aws("create-alias", "--function-name", "shop", "--name", "live", "--function-version", "1")
    assert (alias["AliasArn"], alias["FunctionVersion"]) == (f"{ARN}:live", "1")
    assert aws.invoke("--qualifier", "live")[1]["says"] == "one"

    weights = '{"AdditionalVersionWeights": {"2": 0.1}}'
    shifted = aws("update-alias", "--function-name", "shop", "--name", "live", "--routing-config", weights)
    assert shifted["RoutingConfig"] == json.loads(weights)
    assert shifted["RevisionId"] != alias["RevisionId"]

    words = ["invoke", "--function-name", "shop:live", "--payload", '{"name": "Ada"}', "out.json"]
    counts = Counter(answer["ExecutedVersion"] for answer in aws.repeat(INVOCATIONS, *words))
    assert set(counts) == {"1", "2"}
    assert counts.total() == INVOCATIONS
    assert 3 <= counts["2"] <= 45  # a share of 10 % leaves this range once in some million runs


def roll_back(aws: AwsCli) -> None:
    back = aws("update-alias", "--function-name", "shop", "--name", "live", "--routing-config", "{}")
    assert (back["FunctionVersion"], back.get("RoutingConfig")) == ("1", None)

    words = ["invoke", "--function-name", f"{ARN}:live", "--payload", '{"name": "Ada"}', "out.json"]
    assert {answer["ExecutedVersion"] for answer in aws.repeat(20, *words)} == {"1"}


def open_to_others(aws: AwsCli) -> None:
    live = ["--function-name", "shop", "--qualifier", "live"]
    grant = ["--statement-id", "bucket", "--action", "lambda:InvokeFunction", "--principal", "s3.amazonaws.com"]
    statement = json.loads(aws("add-permission", *live, *grant, "--source-arn", "arn:aws:s3:::b")["Statement"])
    assert (statement["Sid"], statement["Resource"]) == ("bucket", f"{ARN}:live")
    assert json.loads(aws("get-policy", *live)["Policy"])["Statement"] == [statement]

    failure = json.dumps({"OnFailure": {"Destination": QUEUE}})
    events = ["--maximum-retry-attempts", "1", "--destination-config", failure]
    config = aws("put-function-event-invoke-config", *live, *events)
    assert (config["FunctionArn"], config["MaximumRetryAttempts"]) == (f"{ARN}:live", 1)
    assert aws("get-function-event-invoke-config", *live) == config

    url = aws("create-function-url-config", *live, "--auth-type", "NONE", "--cors", "AllowOrigins=*,MaxAge=60")
    assert (url["AuthType"], url["Cors"]) == ("NONE", {"AllowOrigins": ["*"], "MaxAge": 60})
    assert aws("get-function-url-config", *live)["FunctionUrl"] == url["FunctionUrl"]


def tag(aws: AwsCli) -> None:
    assert aws("tag-resource", "--resource", ARN, "--tags", "team=blue,stage=test") is None
    assert aws("untag-resource", "--resource", ARN, "--tag-keys", "stage") is None
    assert aws("list-tags", "--resource", ARN) == {"Tags": {"team": "blue"}}
    assert aws("get-function", "--function-name", "shop")["Tags"] == {"team": "blue"}


def delete_all(aws: AwsCli) -> None:
    live = ["--function-name", "shop", "--qualifier", "live"]
    in_use = "Unable to delete version because the following aliases reference it: [live]"
    assert in_use in aws.refused("delete-function", "--function-name", "shop", "--qualifier", "1")

    for words in (
        ["delete-function-url-config", *live],
        ["delete-function-event-invoke-config", *live],
        ["remove-permission", *live, "--statement-id", "bucket"],
        ["delete-alias", "--function-name", "shop", "--name", "live"],
    ):
        assert aws(*words) is None
    for qualified in (["--qualifier", "1"], []):
        assert aws("delete-function", "--function-name", "shop", *qualified) in (None, {"StatusCode": 204})

    assert aws("list-functions") == {"Functions": []}
    assert "Function not found" in aws.refused("get-function", "--function-name", "shop")
