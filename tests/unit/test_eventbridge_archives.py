"""Archives keep what comes to a bus, and replays bring it there again."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import eventbridge_rig
import pytest
from botocore.exceptions import ClientError
from eventbridge_rig import ARN, QUEUE, Events, events, serving
from ground_rig import served_apart
from waiting import eventually

__all__ = ["events"]  # a fixture
ANY = {"source": ["app"]}
BUS = f"{ARN}event-bus/default"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def refused(call: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**members)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def replay(events: Events, name: str = "again", archive: str = "a", **members: Any) -> dict[str, Any]:
    """Of all day, unless it is said otherwise."""
    wanted = {
        "ReplayName": name,
        "EventSourceArn": f"{ARN}archive/{archive}",
        "EventStartTime": NOON - timedelta(days=1),
        "EventEndTime": NOON + timedelta(days=1),
        "Destination": {"Arn": BUS},
    }
    return dict(events.client.start_replay(**{**wanted, **members}))


def ended(events: Events, name: str = "again") -> dict[str, Any]:
    """What is told of it then."""

    def look() -> dict[str, Any]:
        found = dict(events.client.describe_replay(ReplayName=name))
        return {} if found["State"] in ("STARTING", "RUNNING", "CANCELLING") else found

    return eventually(look, f"replay {name} to end")


def texts(events: Events) -> list[Any]:
    return [json.loads(one.text()) for one in events.recorder.told]


def test_an_archive_keeps_what_its_pattern_wants_and_tells_how_much(events: Events) -> None:
    pattern = json.dumps({"detail": {"n": [{"numeric": [">", 1]}]}})
    made = events.client.create_archive(
        ArchiveName="a", EventSourceArn=BUS, EventPattern=pattern, Description="d", RetentionDays=3
    )
    events.rule("r", ANY, QUEUE)

    for number in range(5):
        events.put({"n": number})

    assert (made["ArchiveArn"], made["State"]) == (f"{ARN}archive/a", "ENABLED")
    found = events.client.describe_archive(ArchiveName="a")
    size = sum(len(one.text()) for one in events.recorder.told[2:])
    told = {name: found[name] for name in ("EventCount", "SizeBytes", "RetentionDays", "Description", "EventPattern")}
    assert told == {
        "EventCount": 3,
        "SizeBytes": size,
        "RetentionDays": 3,
        "Description": "d",
        "EventPattern": pattern,
    }
    (listed,) = events.client.list_archives(NamePrefix="a", EventSourceArn=BUS)["Archives"]
    assert (listed["ArchiveName"], listed["EventCount"], listed["EventSourceArn"]) == ("a", 3, BUS)
    assert events.client.list_archives(NamePrefix="b")["Archives"] == []


def test_a_replay_brings_the_events_of_a_time_again_with_its_name(events: Events) -> None:
    events.client.create_archive(ArchiveName="a", EventSourceArn=BUS)
    for hour in range(5):
        events.put({"n": hour}, Time=NOON + timedelta(hours=hour))
    events.rule("r", ANY, QUEUE)

    started = replay(events, EventStartTime=NOON + timedelta(hours=1), EventEndTime=NOON + timedelta(hours=3))
    done = ended(events)

    assert (started["ReplayArn"], started["State"]) == (f"{ARN}replay/again", "STARTING")
    assert done["State"] == "COMPLETED"
    assert done["EventLastReplayedTime"] == NOON + timedelta(hours=3)
    found = texts(events)
    assert [(one["detail"]["n"], one["time"], one["replay-name"]) for one in found] == [
        (n, f"2026-01-02T{12 + n}:00:00Z", "again") for n in (1, 2, 3)
    ]
    assert list(found[0])[6:] == ["region", "replay-name", "resources", "detail"]
    assert events.client.describe_archive(ArchiveName="a")["EventCount"] == 5  # what is replayed is not kept again


def test_a_replay_can_be_for_some_rules(events: Events) -> None:
    events.client.create_archive(ArchiveName="a", EventSourceArn=BUS)
    events.put({"n": 1}, Time=NOON)
    first = events.rule("first", ANY, QUEUE)
    events.rule("second", ANY, QUEUE)
    events.rule("replayed", {"replay-name": [{"prefix": "o"}]}, QUEUE)

    replay(events, "some", Destination={"Arn": BUS, "FilterArns": [first]})
    ended(events, "some")
    replay(events, "other")
    ended(events, "other")

    assert events.got() == [("first", "q"), ("first", "q"), ("replayed", "q"), ("second", "q")]


def test_many_events_are_replayed_in_their_order(events: Events) -> None:
    events.client.create_archive(ArchiveName="a", EventSourceArn=BUS)
    for begin in range(0, 200, 10):
        entries = [
            {"Source": "app", "DetailType": "t", "Detail": json.dumps({"n": n}), "Time": NOON + timedelta(seconds=n)}
            for n in range(begin, begin + 10)
        ]
        events.client.put_events(Entries=list(reversed(entries)))
    events.rule("r", ANY, QUEUE)

    replay(events)
    assert ended(events)["State"] == "COMPLETED"
    assert [one["detail"]["n"] for one in texts(events)] == list(range(200))

    assert refused(events.client.cancel_replay, ReplayName="again") == (
        "IllegalStatusException",
        "Replay again is not in a valid state for this operation.",
    )


def test_a_replay_that_cannot_be_kept_goes_on_later_and_can_be_cancelled(events: Events) -> None:
    events.client.create_archive(ArchiveName="a", EventSourceArn=BUS)
    events.put({"n": 1}, Time=NOON)
    events.rule("r", ANY, QUEUE)
    events.recorder.broken = True

    replay(events)
    replay(events, "other")
    assert events.client.cancel_replay(ReplayName="other")["State"] == "CANCELLING"
    events.recorder.broken = False
    events.clock.advance(2)

    assert ended(events)["State"] == "COMPLETED"
    cancelled = ended(events, "other")
    assert (cancelled["State"], cancelled.get("EventLastReplayedTime")) == ("CANCELLED", None)
    assert events.got() == [("r", "q")]


def test_what_is_too_old_is_kept_no_more(events: Events) -> None:
    events.client.create_archive(ArchiveName="a", EventSourceArn=BUS, RetentionDays=1)
    events.put({"n": 1})
    events.clock.advance(2 * 86_400)

    assert events.client.describe_archive(ArchiveName="a")["EventCount"] == 0
    events.client.update_archive(ArchiveName="a", RetentionDays=0)
    assert events.client.describe_archive(ArchiveName="a")["EventCount"] == 1
    events.client.update_archive(ArchiveName="a", RetentionDays=1)
    events.put({"n": 2})
    events.client.update_archive(ArchiveName="a", RetentionDays=0)
    assert events.client.describe_archive(ArchiveName="a")["EventCount"] == 1


def test_what_is_wrong_with_archives_and_replays_is_told_as_by_aws(events: Events) -> None:
    client = events.client
    client.create_event_bus(Name="other")
    client.create_archive(ArchiveName="a", EventSourceArn=BUS)
    replay(events, "there")
    other = {"Arn": f"{ARN}event-bus/other"}

    assert refused(client.create_archive, ArchiveName="b", EventSourceArn=f"{ARN}event-bus/none") == (
        "ResourceNotFoundException",
        "Event bus none does not exist.",
    )
    assert refused(client.create_archive, ArchiveName="a", EventSourceArn=BUS) == (
        "ResourceAlreadyExistsException",
        "Archive a already exists.",
    )
    assert refused(client.create_archive, ArchiveName="b", EventSourceArn=BUS, EventPattern="{") == (
        "InvalidEventPatternException",
        "Event pattern is not valid. Reason: Invalid JSON",
    )
    for call in (client.describe_archive, client.delete_archive):
        assert refused(call, ArchiveName="b") == ("ResourceNotFoundException", "Archive b does not exist.")
    assert refused(client.describe_replay, ReplayName="b") == (
        "ResourceNotFoundException",
        "Replay b does not exist.",
    )
    for changed, said in (
        ({"archive": "b"}, "Parameter EventSourceArn is not valid. Reason: Archive b does not exist."),
        (
            {"Destination": other},
            "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
        ),
        (
            {"EventEndTime": NOON - timedelta(days=1)},
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
        ),
    ):
        with pytest.raises(ClientError, match="ValidationException") as raised:
            replay(events, "new", **changed)
        assert raised.value.response["Error"]["Message"] == said
    with pytest.raises(ClientError, match="Replay there already exists"):
        replay(events, "there")
    assert [one["ReplayName"] for one in client.list_replays(NamePrefix="th")["Replays"]] == ["there"]


def test_an_archive_that_is_deleted_takes_its_events_with_it(events: Events) -> None:
    for _ in range(2):
        events.client.create_archive(ArchiveName="a", EventSourceArn=BUS)
        assert events.client.describe_archive(ArchiveName="a")["EventCount"] == 0
        events.put({"n": 1})
        events.client.delete_archive(ArchiveName="a")


def test_archives_and_a_replay_outlive_a_kill(tmp_path: Path) -> None:
    with served_apart(eventbridge_rig, "events", tmp_path) as (client, _):
        client.create_archive(ArchiveName="a", EventSourceArn=BUS)
        for begin in range(0, 500, 10):
            details = [json.dumps({"n": n}) for n in range(begin, begin + 10)]
            client.put_events(Entries=[{"Source": "app", "DetailType": "t", "Detail": detail} for detail in details])
        client.put_rule(Name="r", EventPattern=json.dumps({"replay-name": ["again"]}))
        client.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": QUEUE}])
        source, bounds = f"{ARN}archive/a", {"EventStartTime": 0, "EventEndTime": datetime.now(UTC) + timedelta(days=1)}
        client.start_replay(ReplayName="again", EventSourceArn=source, Destination={"Arn": BUS}, **bounds)

    with serving(tmp_path) as events:
        assert ended(events)["State"] == "COMPLETED"
        assert events.client.describe_archive(ArchiveName="a")["EventCount"] == 500
        assert handed(tmp_path) == list(range(500))  # each once: how far it is was written with what targets have


def handed(folder: Path) -> list[int]:
    """The numbers that the table of the recorder has, of both runs."""
    with sqlite3.connect(folder / "lambda-emu.db") as other:
        rows = other.execute("SELECT text FROM handed").fetchall()
    return sorted(json.loads(text)["detail"]["n"] for (text,) in rows)
