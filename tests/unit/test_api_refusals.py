"""What is refused, and in which words (tests/contract/refusals.yaml), past clients that would not even send it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_rig import ROLE, Api, Reply, serving, zipped

CASES = yaml.safe_load((Path(__file__).parent.parent / "contract" / "refusals.yaml").read_text())
ZIP = base64.b64encode(zipped({"app.py": ""})).decode()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        served.created("f")
        yield served


def send(api: Api, case: dict[str, Any]) -> Reply:
    if "create" in case:
        passing = {
            "FunctionName": "new",
            "Runtime": "python3.13",
            "Handler": "a.b",
            "Role": ROLE,
            "Code": {"ZipFile": ZIP},
        }
        return api.send("POST /2015-03-31/functions", passing | case["create"])
    if "update" in case:
        return api.send("PUT /2015-03-31/functions/f/configuration", case["update"])
    return api.send(case["request"], case["bytes"].encode() if "bytes" in case else case.get("json"))


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_refusal_has_the_status_code_and_words_of_aws(api: Api, case: dict[str, Any]) -> None:
    reply = send(api, case)

    assert reply.status == case.get("status", 400)
    assert reply.headers["x-amzn-errortype"] == case.get("code", "InvalidParameterValueException")
    assert reply.json == case.get("body", {"Type": "User", "message": case.get("says")})
    assert reply.headers["content-type"] == "application/json"
    assert len(reply.headers["x-amzn-requestid"]) == 36


def test_an_environment_above_4_kb_is_measured_aloud(api: Api) -> None:
    most = "é" * 2043  # as {"KEY":"é…"} 4096 bytes

    fits = api.send("POST /2015-03-31/functions", creation("fits", {"KEY": most}))
    reply = api.send("POST /2015-03-31/functions", creation("big", {"KEY": most + "x"}))

    assert fits.status == 201
    assert reply.json["message"].endswith(f'exceeded the 4KB limit. String measured: {{"KEY":"{most}x"}}')


def creation(name: str, variables: dict[str, str]) -> dict[str, Any]:
    wanted = {"FunctionName": name, "Runtime": "python3.13", "Handler": "a.b", "Role": ROLE, "Code": {"ZipFile": ZIP}}
    return wanted | {"Environment": {"Variables": variables}}


def test_members_the_model_does_not_know_are_ignored(api: Api) -> None:
    reply = api.send("PUT /2017-10-31/functions/f/concurrency?x=y", {"ReservedConcurrentExecutions": 1, "Other": 2})

    assert reply.json == {"ReservedConcurrentExecutions": 1}


def test_a_fraction_is_cut_off(api: Api) -> None:
    reply = api.send("PUT /2017-10-31/functions/f/concurrency", {"ReservedConcurrentExecutions": 7.9})

    assert reply.json == {"ReservedConcurrentExecutions": 7}


def test_a_path_may_end_in_a_slash_as_older_clients_write_it(api: Api) -> None:
    assert api.send("GET /2015-03-31/functions/").status == 200


@pytest.mark.parametrize("name", ["../../lambda-emu.db", "x", "A" * 43 + "=", "..%2F" * 14 + "etc="])
def test_the_artifact_view_shows_nothing_but_artifacts(api: Api, name: str) -> None:
    assert api.send(f"GET /_lambda-emu/artifacts/{name}").status == 404


@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        ("PUT /2015-03-31/functions/f/code", {"ZipFile": ZIP}),
        ("POST /2015-03-31/functions/f/versions", {}),
    ],
)
def test_only_functions_on_managed_instances_have_a_latest_published_version(
    api: Api, request_line: str, body: dict[str, str]
) -> None:
    reply = api.send(request_line, body | {"PublishTo": "LATEST_PUBLISHED"})

    assert reply.json == {"Type": "User", "message": "PublishTo isn't supported for Lambda Default functions."}
