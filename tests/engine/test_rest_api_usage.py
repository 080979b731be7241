"""API keys, usage plans and throttling of REST APIs. docs/contract/events.md#rest-apis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, RestApi
from services_rig import ACCOUNT

FORBIDDEN = {"message": "Forbidden"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("usage"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def api(shared: OwnLam) -> Iterator[RestApi]:
    """`GET /` is open, `GET /keyed` needs a key."""
    shared.create("echo", ECHO)
    let_in(shared, "echo")
    made = RestApi(shared)
    made.proxy("GET /", "echo")
    made.proxy("GET /keyed", "echo", apiKeyRequired=True)
    made.deploy()
    yield made
    shared.close()


def plan(api: RestApi, key: str = "", **plan: Any) -> str:
    """A plan of the API's stage with a key of this value, or another one; the value."""
    told = {"value": key} if key else {}
    made = api.client.create_api_key(name="key", enabled=True, **told)
    stage = {"apiId": api.id, "stage": "dev"}
    usage = api.client.create_usage_plan(name="plan", apiStages=[stage | plan.pop("stage", {})], **plan)
    api.client.create_usage_plan_key(usagePlanId=usage["id"], keyId=made["id"], keyType="API_KEY")
    value: str = made["value"]
    return value


def test_a_key_of_a_plan_lets_in_and_is_told(api: RestApi) -> None:
    without, unknown = api.ask("/keyed"), api.ask("/keyed", X_API_Key="nobody's")
    value = plan(api)

    got = api.ask("/keyed", X_API_Key=value)

    assert [(one.status, one.json) for one in (without, unknown)] == [(403, FORBIDDEN)] * 2
    assert without.headers["x-amzn-ErrorType"] == "ForbiddenException"
    assert got.status == 200
    assert got.json["requestContext"]["identity"]["apiKey"] == value
    assert api.ask("/").status == 200


def test_a_key_that_is_disabled_or_of_no_plan_of_the_stage_lets_nobody_in(api: RestApi) -> None:
    value = plan(api)
    loose = api.client.create_api_key(name="loose", enabled=True)
    assert api.ask("/keyed", X_API_Key=value).status == 200

    assert api.ask("/keyed", X_API_Key=loose["value"]).status == 403
    key = next(one for one in api.client.get_api_keys(includeValues=True)["items"] if one["value"] == value)
    operation = {"op": "replace", "path": "/enabled", "value": "false"}
    api.client.update_api_key(apiKey=key["id"], patchOperations=[operation])
    assert api.ask("/keyed", X_API_Key=value).status == 403


def test_a_hint_says_why_a_key_does_not_let_in(api: RestApi) -> None:
    value = plan(api)
    none, unknown = (api.ask("/keyed", **key).headers["X-Lambda-Emu-Hint"] for key in ({}, {"X_API_Key": "nobody's"}))
    key = next(one for one in api.client.get_api_keys(includeValues=True)["items"] if one["value"] == value)
    operation = {"op": "replace", "path": "/enabled", "value": "false"}
    api.client.update_api_key(apiKey=key["id"], patchOperations=[operation])
    disabled = api.ask("/keyed", X_API_Key=value).headers["X-Lambda-Emu-Hint"]

    assert "has no API key" in none
    assert unknown == "There is no such API key in a usage plan of this API."
    assert disabled == f"The API key {key['id']} is disabled, as CreateApiKey makes it unless `enabled` is given."


def test_a_plan_throttles_each_of_its_keys(api: RestApi) -> None:
    throttle = {"rateLimit": 0.001, "burstLimit": 2}
    first, second = plan(api, throttle=throttle), plan(api, throttle=throttle)

    got = [api.ask("/keyed", X_API_Key=first) for _ in range(3)]

    assert [one.status for one in got] == [200, 200, 429]
    assert got[2].json == {"message": "Too Many Requests"}
    assert got[2].headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert api.ask("/keyed", X_API_Key=second).status == 200


def test_a_plan_may_throttle_a_method_of_a_stage(api: RestApi) -> None:
    of_method = {"throttle": {"/keyed/GET": {"rateLimit": 0.001, "burstLimit": 1}}}
    value = plan(api, stage=of_method)

    assert [api.ask("/keyed", X_API_Key=value).status for _ in range(2)] == [200, 429]


def test_a_quota_is_used_up(api: RestApi) -> None:
    value = plan(api, quota={"limit": 2, "period": "MONTH"})

    got = [api.ask("/keyed", X_API_Key=value) for _ in range(3)]

    assert [one.status for one in got] == [200, 200, 429]
    assert got[2].json == {"message": "Limit Exceeded"}
    assert got[2].headers["x-amzn-ErrorType"] == "LimitExceededException"


def test_settings_of_logs_throttle_nobody(api: RestApi) -> None:
    operation = {"op": "replace", "path": "/*/*/logging/loglevel", "value": "INFO"}

    told = api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=[operation])

    settings = told["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (10_000.0, 5000)
    assert api.ask("/").status == 200


@pytest.mark.parametrize("of", ["/*/*", "/~1/GET"])
def test_a_stage_throttles_its_methods(api: RestApi, of: str) -> None:
    told = {"rateLimit": "0.001", "burstLimit": "1"}
    operations = [{"op": "replace", "path": f"{of}/throttling/{name}", "value": value} for name, value in told.items()]
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=operations)

    assert [api.ask("/").status for _ in range(2)] == [200, 429]


def test_what_keys_have_used_is_told_day_by_day_and_what_is_left_can_be_changed(api: RestApi) -> None:
    value = plan(api, quota={"limit": 3, "period": "MONTH"})
    usage_id = api.client.get_usage_plans()["items"][-1]["id"]
    key_id = api.client.get_usage_plan_keys(usagePlanId=usage_id)["items"][0]["id"]
    today = datetime.fromtimestamp(api.lam.clock.now_s(), UTC).date()
    days = {"startDate": f"{today - timedelta(days=1)}", "endDate": f"{today}"}
    assert [api.ask("/keyed", X_API_Key=value).status for _ in range(4)] == [200, 200, 200, 429]

    used = api.client.get_usage(usagePlanId=usage_id, **days)
    granted = api.client.update_usage(
        usagePlanId=usage_id, keyId=key_id, patchOperations=[{"op": "replace", "path": "/remaining", "value": "2"}]
    )

    assert (used["usagePlanId"], used["startDate"], used["endDate"]) == (usage_id, days["startDate"], days["endDate"])
    assert used["items"][key_id][1] == [3, 0]
    assert granted["items"] == {key_id: [[3, 2]]}
    assert [api.ask("/keyed", X_API_Key=value).status for _ in range(3)] == [200, 200, 429]
    assert api.client.get_usage(usagePlanId=usage_id, keyId=key_id, **days)["items"][key_id][1] == [5, 0]


@pytest.mark.parametrize(
    ("usage", "code"),
    [
        ({"usagePlanId": "absent"}, "NotFoundException"),
        ({"keyId": "absent"}, "NotFoundException"),
        ({"startDate": "yesterday"}, "BadRequestException"),
        ({"startDate": "2026-01-02"}, "BadRequestException"),
        ({"endDate": "2027-01-01"}, "BadRequestException"),
    ],
)
def test_a_usage_of_nobody_or_of_no_days_is_refused(api: RestApi, usage: dict[str, str], code: str) -> None:
    plan(api)
    usage_id = api.client.get_usage_plans()["items"][-1]["id"]
    asked = {"usagePlanId": usage_id, "startDate": "2026-01-01", "endDate": "2026-01-01"}

    with pytest.raises(ClientError) as refused:
        api.client.get_usage(**(asked | usage))

    assert refused.value.response["Error"]["Code"] == code
