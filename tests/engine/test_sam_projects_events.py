"""Projects in the shapes of public samples, whose functions events have run. examples/projects/README.md."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import pytest
from sam_projects_rig import Project, Serve, ask, emulator_of_samples, serve

__all__ = ["emulator_of_samples", "serve"]  # fixtures


def messages(project: Project, queue: str) -> list[Any]:
    """What is in a queue, once there is something."""
    sqs, url = project.client("sqs"), project.told[queue]

    def receive() -> Any:
        return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")

    found: list[Any] = project.eventually(receive, f"a message in {queue}")
    return [one["Body"] for one in found]


def test_parcels_without_an_address_alone_come_back_and_are_given_up(serve: Serve) -> None:
    parcels = serve("parcels")
    sqs, queue = parcels.client("sqs"), parcels.told["Parcels"]
    bad = json.dumps({"id": 2})
    bodies = (json.dumps({"id": 1, "address": "Rome"}), bad, json.dumps({"id": 3, "address": "Oslo"}))
    entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    parcels.lam.pass_time(1)
    parcels.heard("SortFunction", "sorted 1 to Rome", "sorted 3 to Oslo", "not sorted: no 'address'")

    for _ in range(2):
        parcels.lam.pass_time(40)

    assert messages(parcels, "Undeliverable") == [bad]
    printed = "".join(parcels.heard("SortFunction", "not sorted"))
    assert (printed.count("sorted 1"), printed.count("not sorted")) == (1, 2)


def png(width: int, height: int) -> bytes:
    """A picture of one grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(height * (b"\0" + width * b"\x80"))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_that_is_uploaded_is_small_in_the_other_bucket(serve: Serve) -> None:
    """By the packages of a layer, which is built."""
    pictures = serve("pictures")
    s3, small = pictures.client("s3"), pictures.told["Small"]
    for key in ("a picture.png", "text.txt"):
        s3.put_object(Bucket=pictures.told["Large"], Key=key, Body=png(300, 200))

    def listed() -> list[str]:
        return [one["Key"] for one in s3.list_objects_v2(Bucket=small).get("Contents", [])]

    assert pictures.eventually(listed, "the small picture") == ["a picture.png"]
    made = s3.get_object(Bucket=small, Key="a picture.png")["Body"].read()
    assert struct.unpack(">II", made[16:24]) == (64, 43)


@pytest.mark.parametrize(
    ("order", "status", "sale"),
    [
        ({"show": "late", "seats": 3, "card": "slow"}, "SUCCEEDED", ("late", "3750")),
        ({"show": "early", "seats": 3, "card": "any"}, "FAILED", None),
    ],
)
def test_tickets_are_sold_while_there_are_seats(
    serve: Serve, order: dict[str, Any], status: str, sale: tuple[str, str] | None
) -> None:
    tickets = serve("tickets")
    states, name = tickets.client("stepfunctions"), f"{order['show']}-1"
    begun = states.start_execution(stateMachineArn=tickets.told["SellTicketsArn"], name=name, input=json.dumps(order))

    def ended() -> Any:
        tickets.lam.pass_time(1)
        told = states.describe_execution(executionArn=begun["executionArn"])
        return told if told["status"] != "RUNNING" else None

    assert tickets.eventually(ended, "the end of the execution")["status"] == status
    key = {"Id": {"S": name}}
    found = tickets.client("dynamodb").get_item(TableName=tickets.told["SalesTable"], Key=key).get("Item")
    assert (found and (found["Show"]["S"], found["Cents"]["N"])) == sale


def test_the_agenda_runs_by_events_and_by_the_clock(serve: Serve) -> None:
    agenda = serve("agenda")

    def event(detail: Any, **more: str) -> dict[str, str]:
        return {"Source": "agenda", "DetailType": "meeting", "Detail": json.dumps(detail), **more}

    train = event({"to": "Paris"}, Source="station", EventBusName="trains")
    meetings = [event({"room": "south-1"}), event({"room": "north-2"})]
    agenda.client("events").put_events(Entries=[*meetings, train])
    printed = agenda.heard("OnEvent", "north-2", 'run for {"to": "Paris"}')
    assert "south-1" not in "".join(printed)

    agenda.lam.pass_time(3 * 60 * 60 + 60)

    def reasons() -> list[int]:
        printed = "".join(agenda.lam.own_events("OnTime"))
        return [printed.count(f'"{why}"') for why in ("rule", "schedule", "role")]

    agenda.eventually(lambda: reasons() == [3, 2, 2], "each as often as it is due; schedules at once too")


def test_readings_are_kept_and_frost_is_told(serve: Serve) -> None:
    readings = serve("readings")
    for reading in ({"place": "roof", "celsius": 1.5}, {"noise": True}, {"place": "roof", "celsius": -0.5}):
        readings.client("kinesis").put_record(
            StreamName=readings.told["Readings"], Data=json.dumps(reading).encode(), PartitionKey="one"
        )

    (message,) = messages(readings, "WarningsQueue")

    assert {name: json.loads(message)[name] for name in ("Subject", "Message")} == {
        "Subject": "Frost", "Message": "roof: -0.5"
    }  # fmt: skip
    found = readings.client("dynamodb").scan(TableName=readings.told["LatestTable"])["Items"]
    assert found == [{"place": {"S": "roof"}, "celsius": {"N": "-0.5"}}]


def test_news_are_heard_by_all_who_want_them(serve: Serve) -> None:
    news = serve("news")
    for text, topic, urgent in (("goal", "sport-ball", 9), ("rain", "weather", 1)):
        values = {"topic": ("String", topic), "urgent": ("Number", str(urgent))}
        attributes = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in values.items()}
        news.client("sns").publish(TopicArn=news.told["News"], Message=text, MessageAttributes=attributes)

    assert [json.loads(body)["Message"] for body in messages(news, "SportQueue")] == ["goal"]
    news.heard("PrintFunction", "news: goal", "news: rain")
    assert news.heard("TickerFunction", "news: goal") == ["news: goal\n"]
    assert set(messages(news, "AllQueue")) <= {"goal", "rain"}


def test_results_go_where_the_template_says(serve: Serve) -> None:
    results = serve("results")
    invoke = results.lam.client.invoke
    for event in ({"of": 6, "by": 4}, {"of": 6, "by": 0}):
        invoke(FunctionName=results.told["Calculate"], InvocationType="Event", Payload=json.dumps(event))

    results.heard("KeepFunction", "kept 6 1.5")
    (failure,) = messages(results, "Failures")
    assert json.loads(failure)["responsePayload"]["errorType"] == "ZeroDivisionError"
    assert ask(f"{results.told['Url']}?of=1&by=2") == (200, {"quotient": 0.5, "version": "1"})
