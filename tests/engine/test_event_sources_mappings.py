"""Event source mappings that poll: their states, what an update does and when, and how they end.

docs/contract/events.md#states-of-mappings.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from lam import Lam
from own import own_emulator
from queue_rig import PRINTS, Invocations, Queues, queues, queues_of, shared
from waiting import Eventually

__all__ = ["queues", "shared"]

# Says when it begins and ends, and takes as long as its first message says.
SLEEPS = """
import json, time
def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    begun = time.time()
    time.sleep(float(bodies[0].split()[0]))
    print("GOT " + json.dumps(event | {"begun": begun, "ended": time.time()}))
"""


def refusal(act: Callable[[], Any]) -> tuple[str, str]:
    """The code and the text of what AWS would answer."""
    with pytest.raises(ClientError) as caught:
        act()
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_a_queue_must_be_there_and_hide_messages_for_as_long_as_the_function_may_run(lam: Lam, queues: Queues) -> None:
    name = lam.create("checks", PRINTS, Timeout=60)
    _, arn = queues.create("short", VisibilityTimeout="59")

    missing = refusal(lambda: queues.map(arn.replace("short", "other"), name))
    short = refusal(lambda: queues.map(arn, name))

    assert missing == (
        "InvalidParameterValueException",
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist.",
    )
    assert short == (
        "InvalidParameterValueException",
        "Queue visibility timeout: 59 seconds is less than Function timeout: 60 seconds",
    )


def test_a_function_may_not_run_for_longer_than_its_queues_hide_messages(lam: Lam, queues: Queues) -> None:
    name = lam.create("lengthens", PRINTS)
    _, arn = queues.create("lengthens", VisibilityTimeout="30")
    queues.map(arn, name)

    longer = refusal(lambda: lam.client.update_function_configuration(FunctionName=name, Timeout=31))
    lam.update(name, Timeout=30)

    assert longer == (
        "InvalidParameterValueException",
        "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds",
    )


def test_a_mapping_is_disabled_at_once_and_says_so_when_what_it_took_is_settled(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("pauses", SLEEPS)
    url, arn = queues.create("pauses")
    uuid = queues.map(arn, name)
    queues.wait_for(uuid, "Enabled")
    queues.send(url, "2")
    queues.wait_until_taken(url, 1)

    answer = lam.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    queues.send(url, "0")
    states = []
    while (state := queues.state(uuid)) != "Disabled":
        states.append((state, len(Invocations(lam, name).bodies())))

    assert (answer["State"], answer["StateTransitionReason"]) == ("Disabling", "USER_INITIATED")
    assert {state for state, _ in states} == {"Disabling"}
    assert states[0] == ("Disabling", 0)
    assert Invocations(lam, name).bodies() == ["2"]
    assert queues.left(url) == 1
    lam.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    eventually(lambda: Invocations(lam, name).bodies() == ["2", "0"], "what came meanwhile")


def test_a_deleted_mapping_takes_nothing_more_and_is_gone_when_what_it_took_is_settled(
    lam: Lam, queues: Queues
) -> None:
    name = lam.create("deletes", SLEEPS)
    url, arn = queues.create("deletes")
    uuid = queues.map(arn, name)
    queues.wait_for(uuid, "Enabled")
    queues.send(url, "2")
    queues.wait_until_taken(url, 1)

    lam.client.delete_event_source_mapping(UUID=uuid)
    queues.send(url, "0")
    while (state := queues.state(uuid)) != "gone":
        assert (state, Invocations(lam, name).bodies()) in (("Deleting", []), ("Deleting", ["2"]))

    assert Invocations(lam, name).bodies() == ["2"]
    assert queues.left(url) == 1


def test_an_update_holds_from_the_next_batch_on_whatever_still_runs(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    first, second = lam.create("before-update", SLEEPS), lam.create("after-update", PRINTS)
    url, arn = queues.create("updates")
    uuid = queues.map(arn, first)
    queues.wait_for(uuid, "Enabled")
    queues.send(url, "3")
    queues.wait_until_taken(url, 1)

    lam.client.update_event_source_mapping(UUID=uuid, FunctionName=second, BatchSize=1)
    queues.send(url, "a", "b")

    eventually(lambda: sorted(Invocations(lam, second).batches()) == [["a"], ["b"]], "what came after the update")
    assert Invocations(lam, first).bodies() == []
    eventually(lambda: Invocations(lam, first).bodies() == ["3"], "what ran meanwhile")


def test_a_mapping_whose_function_is_gone_stays_enabled_and_takes_nothing(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("comes-back", PRINTS)
    url, arn = queues.create("comes-back")
    uuid = queues.map(arn, name)
    queues.wait_for(uuid, "Enabled")

    lam.client.delete_function(FunctionName=name)
    queues.send(url, "x")
    lam.pass_time(60)
    assert queues.state(uuid) == "Enabled"
    lam.create(name, PRINTS)

    [record] = eventually(lambda: Invocations(lam, name).records(), "the message")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_a_queue_that_is_made_anew_is_polled_again(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("anew", PRINTS)
    url, arn = queues.create("anew")
    queues.map(arn, name)
    queues.client.delete_queue(QueueUrl=url)
    lam.pass_time(700)

    url, _ = queues.create("anew")
    queues.send(url, "x")
    lam.pass_time(31)  # after so many failures it is not looked for at once

    eventually(lambda: Invocations(lam, name).bodies() == ["x"], "a message of the new queue")


def test_no_more_batches_are_out_than_the_mapping_allows(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("narrow", SLEEPS)
    url, arn = queues.create("narrow")
    queues.send(url, *["0.1"] * 12)

    queues.map(arn, name, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})

    eventually(lambda: len(Invocations(lam, name).events()) == 12, "all of them")
    assert most_at_once(Invocations(lam, name).events()) == 2


def test_five_batches_and_then_more_are_out_where_nothing_bounds_them(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("wide", SLEEPS)
    url, arn = queues.create("wide")
    queues.send(url, *["2"] * 8)

    queues.map(arn, name, BatchSize=1)

    eventually(lambda: len(Invocations(lam, name).events()) == 8, "all of them")
    assert most_at_once(Invocations(lam, name).events()) >= 5


def most_at_once(events: list[Any]) -> int:
    """How many invocations ran at a time."""
    moments = sorted([(one["begun"], 1) for one in events] + [(one["ended"], -1) for one in events])
    running = most = 0
    for _, step in moments:
        running += step
        most = max(most, running)
    return most


def test_each_group_of_a_fifo_queue_keeps_its_order_and_others_run_beside_it(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("groups", SLEEPS)
    url, arn = queues.create("groups.fifo")
    for number in range(10):
        for group in "abc":
            queues.send(url, f"0.05 {group} {number}", MessageGroupId=group)

    queues.map(arn, name, BatchSize=2)

    eventually(lambda: len(Invocations(lam, name).bodies()) == 30, "all of them")
    events = sorted(Invocations(lam, name).events(), key=lambda one: float(one["begun"]))
    for group in "abc":
        its = [one for one in events if any(f" {group} " in record["body"] for record in one["Records"])]
        assert most_at_once(its) == 1
        bodies = [record["body"] for one in its for record in one["Records"]]
        assert [one for one in bodies if f" {group} " in one] == [f"0.05 {group} {number}" for number in range(10)]
    assert 1 < most_at_once(events) <= 3


def test_a_throttled_function_is_asked_ever_more_seldom_and_nothing_is_lost(
    lam: Lam, queues: Queues, eventually: Eventually
) -> None:
    name = lam.create("throttled", PRINTS, Timeout=2)
    lam.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    url, arn = queues.create("throttled", VisibilityTimeout="2")
    queues.send(url, *map(str, range(50)))
    begun_s = monotonic()

    queues.map(arn, name, BatchSize=1)
    hidden = "ApproximateNumberOfMessagesNotVisible"
    eventually(lambda: queues.attributes(url)[hidden] in ("2", "3"), "two attempts; the first gave others back")
    taken = int(queues.attributes(url)[hidden])

    assert taken <= 2 + math.log2((monotonic() - begun_s) / 0.5 + 1)
    lam.client.delete_function_concurrency(FunctionName=name)
    eventually(lambda: sorted(set(Invocations(lam, name).bodies())) == sorted(map(str, range(50))), "all of them")


def test_the_chain_of_a_message_goes_on_in_the_function(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    code = "import os\ndef handler(event, context): print('GOT', os.environ['_X_AMZN_TRACE_ID'])"
    name = lam.create("traced", code)
    url, arn = queues.create("traced")
    queues.map(arn, name)
    root = "Root=1-5e34a614-10bd00000000000000000001"
    trace = f"{root};Parent=07f5000000000001;Sampled=1;Lineage=3:0a1b2c3d:0"

    attributes = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    queues.client.send_message(QueueUrl=url, MessageBody="x", MessageSystemAttributes=attributes)

    [line] = eventually(lambda: [one for one in lam.own_events(name) if one.startswith("GOT")], "the message")
    assert root in line
    assert "Lineage=4:" in line


def test_a_mapping_goes_on_after_a_restart_and_what_waited_for_its_window_comes_again_at_once(
    tmp_path: Path, eventually: Eventually
) -> None:
    with own_emulator(tmp_path, "process") as lam, queues_of(lam, lam.emulator.url) as queues:
        lam.create("restarts", PRINTS)
        url, arn = queues.create("restarts", VisibilityTimeout="3600")
        wanted: Any = {"BatchSize": 2, "MaximumBatchingWindowInSeconds": 300}
        lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="restarts", **wanted)
        queues.send(url, "before")
        queues.wait_until_taken(url, 1)
        queues.forget()

    with own_emulator(tmp_path, "process") as lam, queues_of(lam, lam.emulator.url) as queues:
        url = queues.client.get_queue_url(QueueName="restarts")["QueueUrl"]
        queues.send(url, "after")
        batches = eventually(lambda: Invocations(lam, "restarts").batches(), "a batch")
        queues.wait_until_taken(url, 0)

        assert batches == [["before", "after"]]
        assert queues.left(url) == 0


def test_what_runs_when_the_server_stops_is_settled(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", grace_s=10) as lam, queues_of(lam, lam.emulator.url) as queues:
        lam.create("stops", SLEEPS)
        url, arn = queues.create("stops")
        lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="stops")
        queues.send(url, "2")
        queues.wait_until_taken(url, 1)
        queues.forget()

    with own_emulator(tmp_path, "process") as lam, queues_of(lam, lam.emulator.url) as queues:
        assert queues.left(queues.client.get_queue_url(QueueName="stops")["QueueUrl"]) == 0
        assert Invocations(lam, "stops").bodies() == ["2"]


def test_a_mapping_of_an_alias_runs_its_version_as_that_alias(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    code = "def handler(event, context): print('GOT', context.function_version, context.invoked_function_arn)"
    name = lam.create("aliased", code)
    lam.client.publish_version(FunctionName=name)
    lam.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    url, arn = queues.create("aliased")
    queues.map(arn, f"{name}:live")

    queues.send(url, "x")

    [line] = eventually(lambda: [one for one in lam.own_events(name) if one.startswith("GOT")], "the message")
    version, invoked = line.split()[1:]
    assert version == "1"
    assert invoked.endswith(f":function:{name}:live")


def test_accounts_have_mappings_of_their_own_queues(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    """Of the same names."""
    other = Lam(lam.emulator, access_key="111122223333", region="eu-west-1")
    name = lam.create("same", PRINTS)
    other.create(name, PRINTS)
    with queues_of(other, lam.url, "111122223333", "eu-west-1") as others:
        ours, arn = queues.create("same")
        theirs, other_arn = others.create("same")
        queues.map(arn, name)
        others.map(other_arn, name)

        others.send(theirs, "theirs")
        queues.send(ours, "ours")

        eventually(lambda: Invocations(lam, name).bodies() == ["ours"], "ours")
        eventually(lambda: others.left(theirs) == 0, "theirs")
        assert [one["awsRegion"] for one in Invocations(lam, name).records()] == ["us-east-1"]
    other.close()


# Of three messages one is filtered out, and one is reported as failed.
EVENT_COUNTS = {
    "PolledEventCount": 3,
    "FilteredOutEventCount": 1,
    "InvokedEventCount": 2,
    "FailedInvokeEventCount": 1,
    "DeletedEventCount": 1,
}


def test_events_are_counted_for_mappings_that_ask_for_it(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    code = """
def handler(event, context):
    return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
"""
    name = lam.create("counts-events", code)
    settings: Any = {
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "FilterCriteria": {"Filters": [{"Pattern": '{"body": [{"anything-but": "drop"}]}'}]},
    }
    uuids = []
    for queue, metrics in (("counted", {"MetricsConfig": {"Metrics": ["EventCount"]}}), ("uncounted", {})):
        url, arn = queues.create(queue, VisibilityTimeout="600")
        queues.send(url, "a", "b", "drop")
        uuids.append(queues.map(arn, name, **settings, **metrics))
        eventually(lambda: queues.left(url) == 1, "that one is left")  # noqa: B023
    watch = client_at(lam.url, "cloudwatch")

    def counted(uuid: str) -> dict[str, float]:
        now = datetime.fromtimestamp(lam.now_s(), UTC).replace(second=0, microsecond=0)
        found: dict[str, float] = {}
        for metric in EVENT_COUNTS:
            points = watch.get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=metric,
                Dimensions=[{"Name": "EventSourceMappingUUID", "Value": uuid}],
                StartTime=now - timedelta(hours=2),
                EndTime=now + timedelta(minutes=2),
                Period=86400,
                Statistics=["Sum"],
            )["Datapoints"]
            if points:
                found[metric] = sum(point["Sum"] for point in points)  # of two days, if this one ends meanwhile
        return found

    eventually(lambda: counted(uuids[0]) == EVENT_COUNTS, f"{EVENT_COUNTS}")
    assert counted(uuids[1]) == {}


def test_a_reset_ends_all_polling(lam: Lam, queues: Queues, eventually: Eventually) -> None:
    name = lam.create("reset", SLEEPS)
    url, arn = queues.create("reset")
    queues.map(arn, name)
    queues.send(url, "1")
    queues.wait_until_taken(url, 1)

    lam.emulator.reset()
    queues.forget()
    lam.create(name, PRINTS)
    url, arn = queues.create("reset")
    queues.send(url, "x")
    queues.wait_until_taken(url, 0)
    assert queues.left(url) == 1
    queues.map(arn, name)

    eventually(lambda: "x" in Invocations(lam, name).bodies(), "a message of the new queue")
