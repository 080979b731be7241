"""`events: kinesis` and `resources: streams`: streams and their consumers, made where missing, never removed."""

from __future__ import annotations

from collections.abc import Mapping

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, Resource, ResourceKey
from lambda_emu.project.services.building import STREAM_DEFAULTS, Building
from lambda_emu.project.services.reach import Reach
from lambda_emu.project.services.stores import find_each, stays

DATA_STREAM, CONSUMER = "data stream", "stream consumer"
SHARDS = 1


def attach_stream(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach. With a consumer that is the source."""
    source, name = ResourceKey(DATA_STREAM, event.name), f"kinesis:{event.name}"
    building.need(source, event.place())
    fields = dict(event.fields)
    if (consumer := fields.pop("consumer", None)) is not None:
        stream = {"StreamARN": Reference(source)}
        source = building.add(CONSUMER, f"{event.name} {consumer}", stream, {}, event.place("consumer"))
        name = f"{name}/{consumer}"
    start = {"StartingPosition": fields.pop("StartingPosition", "TRIM_HORIZON")}
    building.map(function, name, {**STREAM_DEFAULTS, **fields}, source, event.place(), start)


def declare_stream(building: Building, declared: Declared) -> None:
    building.add(DATA_STREAM, declared.name, declared.fields, declared.fields, declared.place())


# -- streams


def _look_at_stream(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    found = reach.find("kinesis", "DescribeStreamSummary", StreamName=resource.key.name)
    if found is None:
        return None
    summary = found["StreamDescriptionSummary"]
    shown = {"ShardCount": summary["OpenShardCount"], "RetentionPeriodHours": summary["RetentionPeriodHours"]}
    return summary["StreamARN"], shown


def _create_stream(name: str, members: Members, reach: Reach) -> str:
    reach.call("kinesis", "CreateStream", StreamName=name, ShardCount=members.get("ShardCount", SHARDS))
    summary = reach.call("kinesis", "DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]
    if "RetentionPeriodHours" in members:
        _keep_for(name, summary["RetentionPeriodHours"], members["RetentionPeriodHours"], reach)
    return str(summary["StreamARN"])  # others may serve it, in an account of theirs


def _update_stream(present: Present, members: Members, reach: Reach) -> str:
    name = present.key.name
    if "RetentionPeriodHours" in members:
        _keep_for(name, present.shown["RetentionPeriodHours"], members["RetentionPeriodHours"], reach)
    if "ShardCount" in members:
        _scale(name, present.shown["ShardCount"], members["ShardCount"], reach)
    return present.identifier


def _keep_for(name: str, before_h: int, after_h: int, reach: Reach) -> None:
    if before_h != after_h:
        which = "Increase" if after_h > before_h else "Decrease"
        reach.call("kinesis", f"{which}StreamRetentionPeriod", StreamName=name, RetentionPeriodHours=after_h)


def _scale(name: str, count: int, target: int, reach: Reach) -> None:
    """At most twice as many at once, and at least half."""
    while count != target:
        count = min(max(target, (count + 1) // 2), count * 2)
        how = {"TargetShardCount": count, "ScalingType": "UNIFORM_SCALING"}
        reach.call("kinesis", "UpdateShardCount", StreamName=name, **how)


# -- consumers: named `STREAM CONSUMER`


def _look_at_consumer(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    stream, consumer = resource.key.name.split(" ")
    found = reach.find("kinesis", "DescribeStreamSummary", StreamName=stream)
    if found is None:
        return None
    arn = found["StreamDescriptionSummary"]["StreamARN"]
    one = reach.find("kinesis", "DescribeStreamConsumer", StreamARN=arn, ConsumerName=consumer)
    return None if one is None else (str(one["ConsumerDescription"]["ConsumerARN"]), {})


def _register(name: str, members: Members, reach: Reach) -> str:
    made = reach.call("kinesis", "RegisterStreamConsumer", ConsumerName=name.split(" ")[1], **members)
    return str(made["Consumer"]["ConsumerARN"])


def _leave(present: Present, _: Members, __: Reach) -> str:
    """All that is declared of one is its name."""
    return present.identifier


STREAMS: Mapping[str, ResourceKind[Reach]] = {
    DATA_STREAM: ResourceKind("", find_each(DATA_STREAM, _look_at_stream), _create_stream, _update_stream, stays),
    CONSUMER: ResourceKind("", find_each(CONSUMER, _look_at_consumer), _register, _leave, stays),
}
