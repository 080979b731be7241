"""What is refused about new event source mappings, and in which words (tests/contract/event_source_mappings.yaml)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from api_rig import Api, serving
from mapping_rig import PASSING

CASES = yaml.safe_load((Path(__file__).parent.parent / "contract" / "event_source_mappings.yaml").read_text())


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        served.created("f")
        served.created("slow", Timeout=900)
        yield served


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_refusal_has_the_status_code_and_words_of_aws(api: Api, case: dict[str, Any]) -> None:
    passing = {"FunctionName": "f", **PASSING[case.get("kind", "sqs")]}

    reply = api.send("POST /2015-03-31/event-source-mappings", passing | case["create"])

    assert reply.json == case.get("body", {"Type": "User", "message": case.get("says")})
    assert reply.status == case.get("status", 400)
    assert reply.headers["x-amzn-errortype"] == case.get("code", "InvalidParameterValueException")
