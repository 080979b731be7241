"""EventBridge Scheduler as boto3 sees it, and what its schedules send when they are due."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from api_rig import refused, signed
from ground_rig import ACCOUNT, REGION
from scheduler_rig import TARGET, Scheduler, client_of, scheduler, serving

__all__ = ["scheduler"]

ARN = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:"
HOUR = 3600


def later(scheduler: Scheduler, seconds: float) -> datetime:
    return datetime.fromtimestamp(int(scheduler.clock.now_s() + seconds), UTC)


# -- schedules ---------------------------------------------------------------------------------------


def test_a_schedule_is_shown_as_it_was_made_with_the_defaults_of_aws(scheduler: Scheduler) -> None:
    start = later(scheduler, HOUR)
    arn = scheduler.create(
        "nightly", "cron(0 3 * * ? *)", StartDate=start, Description="d", ScheduleExpressionTimezone="Europe/Berlin"
    )

    found = scheduler.get("nightly")
    assert arn == ARN + "schedule/default/nightly"
    assert found.pop("CreationDate") == found.pop("LastModificationDate")
    assert found == {
        "Arn": arn,
        "GroupName": "default",
        "Name": "nightly",
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": start,
        "Description": "d",
        "State": "ENABLED",
        "ActionAfterCompletion": "NONE",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {**TARGET, "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}},
    }


def test_an_update_replaces_all_that_it_does_not_say(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(1 hour)", Description="d", State="DISABLED")
    scheduler.clock.advance(5)
    scheduler.update("a", "rate(2 hours)")

    found = scheduler.get("a")
    assert (found["ScheduleExpression"], found["State"]) == ("rate(2 hours)", "ENABLED")
    assert "Description" not in found
    assert found["LastModificationDate"] > found["CreationDate"]


def test_a_name_is_there_once_in_its_group_account_and_region(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(1 hour)")
    scheduler.client.create_schedule_group(Name="other")
    scheduler.create("a", "rate(1 hour)", GroupName="other")
    elsewhere = client_of(scheduler.port, region="eu-west-1")

    with refused("ConflictException", "Schedule a already exists."):
        scheduler.create("a", "rate(1 hour)")
    with refused("ResourceNotFoundException", "Schedule a does not exist."):
        elsewhere.get_schedule(Name="a")


def test_the_same_token_makes_one_schedule_however_often_it_is_sent(scheduler: Scheduler) -> None:
    arns = {scheduler.create("a", "rate(1 hour)", ClientToken="t") for _ in range(3)}

    assert len(arns) == 1
    with refused("ConflictException"):
        scheduler.create("a", "rate(1 hour)", ClientToken="u")
    scheduler.client.create_schedule_group(Name="g", ClientToken="t")
    scheduler.client.create_schedule_group(Name="g", ClientToken="t")
    with refused("ConflictException", "Schedule group g already exists."):
        scheduler.client.create_schedule_group(Name="g", ClientToken="u")


def test_what_is_deleted_is_gone(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(1 hour)")
    scheduler.client.delete_schedule(Name="a")

    for ask in (scheduler.client.get_schedule, scheduler.client.delete_schedule):
        with refused("ResourceNotFoundException", "Schedule a does not exist."):
            ask(Name="a")
    with refused("ResourceNotFoundException", "Schedule a does not exist."):
        scheduler.update("a", "rate(1 hour)")


def test_schedules_are_listed_by_group_prefix_and_state_a_page_at_a_time(scheduler: Scheduler) -> None:
    scheduler.client.create_schedule_group(Name="g")
    for number in range(5):
        scheduler.create(f"job-{number}", "rate(1 hour)", State="DISABLED" if number % 2 else "ENABLED")
    scheduler.create("job-9", "rate(1 hour)", GroupName="g")
    scheduler.create("Job_x", "rate(1 hour)")

    def names(**wanted: Any) -> list[str]:
        pages = scheduler.client.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 2}, **wanted)
        return [one["Name"] for page in pages for one in page["Schedules"]]

    assert names() == ["Job_x", *[f"job-{number}" for number in range(5)], "job-9"]
    assert names(GroupName="g") == ["job-9"]
    assert names(NamePrefix="job-", State="ENABLED") == ["job-0", "job-2", "job-4", "job-9"]
    [first, *_] = scheduler.client.list_schedules()["Schedules"]
    assert first["Target"] == {"Arn": TARGET["Arn"]}
    with refused("ResourceNotFoundException", "Schedule group nope does not exist."):
        names(GroupName="nope")
    with refused("ValidationException"):
        scheduler.client.list_schedules(NextToken="x")


# -- groups and tags -----------------------------------------------------------------------------------


def test_a_group_goes_with_its_schedules_and_the_default_one_stays(scheduler: Scheduler) -> None:
    arn = scheduler.client.create_schedule_group(Name="g")["ScheduleGroupArn"]
    scheduler.create("a", "rate(1 minute)", GroupName="g")
    found = scheduler.client.get_schedule_group(Name="g")
    listed = [one["Name"] for one in scheduler.client.list_schedule_groups()["ScheduleGroups"]]
    scheduler.settle()
    scheduler.client.delete_schedule_group(Name="g")
    sent = len(scheduler.sent)

    assert arn == ARN + "schedule-group/g"
    assert (found["Arn"], found["State"]) == (arn, "ACTIVE")
    assert listed == ["default", "g"]
    assert len(scheduler.after(HOUR)) == sent
    with refused("ResourceNotFoundException", "Schedule group g does not exist."):
        scheduler.create("b", "rate(1 minute)", GroupName="g")
    with refused("ValidationException"):
        scheduler.client.delete_schedule_group(Name="default")


def test_groups_have_tags(scheduler: Scheduler) -> None:
    arn = scheduler.client.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    scheduler.client.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.client.untag_resource(ResourceArn=arn, TagKeys=["a"])

    assert scheduler.client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with refused("ResourceNotFoundException"):
        scheduler.client.list_tags_for_resource(ResourceArn=arn + "x")


# -- what is refused -------------------------------------------------------------------------------------


def test_what_is_wrong_is_refused_in_the_words_of_aws(scheduler: Scheduler) -> None:
    with refused("ValidationException", "Invalid Schedule Expression cron(0 1 * * * *)."):
        scheduler.create("a", "cron(0 1 * * * *)")
    with refused("ValidationException", "The StartDate you specify cannot be earlier than 5 minutes ago."):
        scheduler.create("a", "rate(1 hour)", StartDate=later(scheduler, -301))
    with refused("ValidationException"):
        scheduler.create("a", "rate(1 hour)", StartDate=later(scheduler, HOUR), EndDate=later(scheduler, 60))
    with refused("ValidationException"):
        scheduler.create("a", "rate(1 hour)", ScheduleExpressionTimezone="Mars/Base")
    with refused("ValidationException"):
        scheduler.create("a", "rate(1 hour)", FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    with refused("ValidationException"):
        scheduler.create("a", "rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF", "MaximumWindowInMinutes": 5})
    with refused("ValidationException"):
        scheduler.create("a b", "rate(1 hour)")
    with refused("ValidationException"):
        scheduler.create("a", "rate(1 hour)", Target={**TARGET, "RoleArn": "nobody"})
    assert scheduler.client.list_schedules()["Schedules"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/schedules/a", b"{", 400),
        ("POST", "/schedules/a", b"[]", 400),
        ("POST", "/schedules/a", b"{}", 400),
        ("POST", "/schedules/a", b'{"ScheduleExpression": 5}', 400),
        ("POST", "/schedules/a", b'{"StartDate": 1e300}', 400),
        ("POST", "/schedules/a", b'{"Target": {"RetryPolicy": {"MaximumRetryAttempts": true}}}', 400),
        ("PATCH", "/schedules/a", b"", 404),
        ("GET", "/nothing", b"", 404),
        ("GET", "/schedules?MaxResults=many", b"", 400),
        ("GET", "/schedules?MaxResults=1000", b"", 400),
        ("GET", "/schedules/%00", b"", 400),
        ("GET", "/schedules/%ff%fe", b"", 400),
    ],
)
def test_what_no_client_sends_is_refused_and_told(
    scheduler: Scheduler, method: str, path: str, body: bytes, status: int
) -> None:
    headers = {"Authorization": signed(ACCOUNT).replace("/lambda/", "/scheduler/"), "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{scheduler.port}{path}"

    with pytest.raises(HTTPError) as told:
        urlopen(Request(url, body or None, headers, method=method), timeout=10)

    assert told.value.code == status
    assert told.value.headers["x-amzn-ErrorType"]
    assert "Message" in json.loads(told.value.read())


# -- firing ------------------------------------------------------------------------------------------------


def test_a_rate_without_a_start_fires_at_once_and_then_at_its_rate(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(5 minutes)")

    assert [name for name, _ in scheduler.after(1)] == ["a"]
    assert len(scheduler.after(298)) == 1
    assert len(scheduler.after(2)) == 2


def test_a_rate_with_a_start_fires_first_then(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(5 minutes)", StartDate=later(scheduler, HOUR), EndDate=later(scheduler, HOUR + 600))

    assert scheduler.after(HOUR - 2) == []
    assert len(scheduler.after(2)) == 1
    assert len(scheduler.after(HOUR)) == 3


def test_an_update_that_changes_no_time_lets_a_rate_keep_its_step(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(5 minutes)")
    scheduler.after(100)
    scheduler.update("a", "rate(5 minutes)", Description="other")

    assert len(scheduler.after(100)) == 1
    assert len(scheduler.after(110)) == 2


def test_what_is_disabled_does_not_fire_until_it_is_enabled(scheduler: Scheduler) -> None:
    scheduler.create("a", "rate(5 minutes)", State="DISABLED")
    assert scheduler.after(HOUR) == []

    scheduler.update("a", "rate(5 minutes)")

    assert len(scheduler.after(300)) == 1


def test_its_target_gets_its_input_or_the_event_of_scheduler(scheduler: Scheduler) -> None:
    once = later(scheduler, 100)
    at = f"at({once:%Y-%m-%dT%H:%M:%S})"
    words = {"arn": "<aws.scheduler.schedule-arn>", "time": "<aws.scheduler.scheduled-time>"}
    scheduler.create("a", at)
    scheduler.create("b", at, Target={**TARGET, "Input": json.dumps(words)})

    sent = dict(scheduler.after(101))
    assert sent["a"] == {
        "version": "0",
        "id": "id",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": f"{once:%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [ARN + "schedule/default/a"],
        "detail": "{}",
    }
    assert sent["b"] == {"arn": ARN + "schedule/default/b", "time": f"{once:%Y-%m-%dT%H:%M:%SZ}"}


def test_after_its_last_time_a_schedule_stays_or_is_deleted_as_it_says(scheduler: Scheduler) -> None:
    at = f"at({later(scheduler, 100):%Y-%m-%dT%H:%M:%S})"
    scheduler.create("stays", at)
    scheduler.create("goes", at, ActionAfterCompletion="DELETE")

    scheduler.after(101)

    assert [one["Name"] for one in scheduler.client.list_schedules()["Schedules"]] == ["stays"]
    assert len(scheduler.after(HOUR)) == 2


def test_a_single_time_in_the_past_is_taken_and_never_comes(scheduler: Scheduler) -> None:
    scheduler.create("a", "at(2022-12-31T23:59:59)")

    assert scheduler.after(HOUR) == []
    assert scheduler.get("a")["State"] == "ENABLED"


def test_schedules_outlive_their_server(tmp_path: Path) -> None:
    with serving(tmp_path) as scheduler:
        scheduler.create("once", f"at({later(scheduler, HOUR):%Y-%m-%dT%H:%M:%S})")
        scheduler.create("often", "rate(1 minute)", StartDate=later(scheduler, 60))

    with serving(tmp_path, 2 * HOUR) as scheduler:
        assert sorted(name for name, _ in scheduler.sent) == ["often", "once"]
        assert len(scheduler.after(60)) == 3
