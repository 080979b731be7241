"""Settings of REST APIs that have no effect are told to who makes them. docs/events.md#rest-apis."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_emu.services.child.program.patches.api_gateway import rest_unserved
from lambda_emu.services.child.program.patches.api_gateway.rest_unserved import tell, tell_patch


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_unserved, "_told", set())


def replaced(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/cacheClusterEnabled", "caches of stages"),
        ("/*/*/caching/enabled", "caches of stages"),
        ("/~1items/GET/caching/enabled", "caches of stages"),
        ("/accessLogSettings/destinationArn", "logs of stages"),
        ("/clientCertificateId", "client certificates"),
    ],
)
def test_what_has_no_effect_is_told_once(caplog: pytest.LogCaptureFixture, path: str, what: str) -> None:
    for _ in range(2):
        tell_patch([replaced(path, "true")])

    assert [what in record.getMessage() for record in caplog.records] == [True]


def test_what_has_one_or_is_switched_off_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    tell_patch([replaced("/variables/a", "true"), replaced("/cacheClusterEnabled", "false")])
    tell_patch([{"op": "remove", "path": "/accessLogSettings"}, replaced("/*/*/throttling/rateLimit", "1")])
    tell([("cacheClusterEnabled", None), ("tracingEnabled", False)])

    assert not caplog.records
