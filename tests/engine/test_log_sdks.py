"""AWS's SDK for JavaScript uses CloudWatch Logs from within a function, told nothing. docs/services.md#logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from own import QUICKER, OwnLam, own_emulator
from packages import node_loop, sdk_for_javascript

PROGRAM = Path(__file__).parent / "sdks" / "logs" / "logs.js"
ARN = "arn:aws:logs:us-east-1:000000000000:log-group:node"


@pytest.fixture(scope="module", params=QUICKER)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("logs"), request.param, stems=0, pull_images=False) as lam:
        yield lam


@pytest.mark.slow
def test_node_pushes_follows_finds_and_queries(shared: OwnLam, request: pytest.FixtureRequest) -> None:
    is_image = shared.emulator.engine.abilities.name == "docker"
    code: dict[str, str | bytes] = {
        "logs.js": PROGRAM.read_bytes(),
        "bootstrap": node_loop("./logs.js"),
        **sdk_for_javascript(request.config, "cloudwatch-logs"),
    }
    shared.create(
        "node",
        code,
        Runtime="nodejs24.x" if is_image else "provided.al2023",
        Handler="logs.handler",
        MemorySize=1769,
        Timeout=120,
    )

    answer = shared.invoke("node", {"arn": ARN})

    assert answer.error is None, answer.payload
    assert answer.payload == {"followed": ['{"n": 1}'], "found": ['{"n": 1}'], "n": "1"}
