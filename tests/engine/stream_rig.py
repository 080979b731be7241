"""Streams as event sources, whoever serves them: what a test puts into one and finds in what its function was given."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from own import OwnLam, own_emulator
from queue_rig import PRINTS, Invocations, Queues
from services_rig import create_table, sdk
from waiting import eventually

# Of a record of either kind: the id and the number that were put, and what the function names it by.
READS = (
    """
from base64 import b64decode
def read(record):
    if "kinesis" in record:
        item = json.loads(b64decode(record["kinesis"]["data"]))
        return item["id"], item["n"], record["kinesis"]["sequenceNumber"]
    change = record["dynamodb"]
    return change["Keys"]["id"]["S"], int(change["NewImage"]["n"]["N"]), change["SequenceNumber"]
"""
    + PRINTS
    + """    read_all = [read(record) for record in event["Records"]]
"""
)
# Prints its event, and then does what the ids begin with.
DOES = (
    READS
    + """
    if any(id.startswith("fail") for id, _, _ in read_all):
        raise ValueError("no")
    return {"batchItemFailures": [
        {"itemIdentifier": sequence} for id, _, sequence in read_all if id.startswith("report")
    ]}
"""
)
SUMS = (
    READS
    + """
    state = event["state"]
    state["sum"] = state.get("sum", 0) + sum(n for _, n, _ in read_all)
    return {"state": state}
"""
)
# Answers no state the first time, nor in the end.
FORGETS = (
    "told = []"
    + READS
    + """
    told.append(event)
    return {} if len(told) == 1 or event["isFinalInvokeForWindow"] else {"state": {"n": 1}}
"""
)


class Streams:
    """Those of a running emulator, and what was made in it for one test."""

    service: str
    info: str
    """What a batch that failed is called in its destination."""
    arrival: str
    """How times of arrival are written there, as a pattern."""
    absent: str
    """An ARN that no stream has."""

    def __init__(self, lam: OwnLam, served: OwnLam | None = None) -> None:
        """served: who serves them, if it is somebody else."""
        self.lam = lam
        self.served = served or lam
        self.client = sdk(self.served, self.service, "test")

    def create(self, name: str) -> str:
        """The ARN of a stream of one shard."""
        raise NotImplementedError

    def put(self, name: str, *ids: str, n: int = 0) -> None:
        raise NotImplementedError

    def pattern(self, n: int) -> dict[str, Any]:
        """A filter that only records of this number pass."""
        raise NotImplementedError

    def read(self, record: Any) -> tuple[str, int, str]:
        """The id and the number that were put, and the sequence number."""
        raise NotImplementedError

    def function(self, name: str, code: str) -> str:
        """Its name, which tells the service too."""
        return self.lam.create(f"{self.service}-{name}", code)

    def map(self, arn: str, function: str, **wanted: Any) -> str:
        wanted = {"StartingPosition": "TRIM_HORIZON", **wanted}
        return str(
            self.lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, **wanted)["UUID"]
        )

    def mapping(self, uuid: str) -> dict[str, Any]:
        return dict(self.lam.client.get_event_source_mapping(UUID=uuid))

    def pass_time(self, seconds: float) -> None:
        """For whoever has a part in it."""
        for one in {self.lam, self.served}:
            one.pass_time(seconds)

    def ids(self, records: Sequence[Any]) -> list[str]:
        return [self.read(record)[0] for record in records]

    def batches(self, told: Invocations) -> list[list[str]]:
        return [self.ids(event["Records"]) for event in told.events()]


class TableStreams(Streams):
    service, info = "dynamodb", "DDBStreamBatchInfo"
    arrival = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    absent = "arn:aws:dynamodb:us-east-1:000000000000:table/nowhere/stream/2026-01-01T00:00:00.000"

    def create(self, name: str) -> str:
        return str(create_table(self.client, name)["LatestStreamArn"])

    def put(self, name: str, *ids: str, n: int = 0) -> None:
        for id in ids:
            self.client.put_item(TableName=name, Item={"id": {"S": id}, "n": {"N": str(n)}})

    def pattern(self, n: int) -> dict[str, Any]:
        return {"dynamodb": {"NewImage": {"n": {"N": [str(n)]}}}, "eventName": ["INSERT"]}

    def read(self, record: Any) -> tuple[str, int, str]:
        change = record["dynamodb"]
        return change["Keys"]["id"]["S"], int(change["NewImage"]["n"]["N"]), change["SequenceNumber"]


class KinesisStreams(Streams):
    """The id is the partition key too."""

    service, info = "kinesis", "KinesisBatchInfo"
    arrival = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    absent = "arn:aws:kinesis:us-east-1:000000000000:stream/nowhere"

    def create(self, name: str) -> str:
        self.client.create_stream(StreamName=name, ShardCount=1)
        return self.arn(name)

    def arn(self, name: str) -> str:
        return str(self.client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"])

    def put(self, name: str, *ids: str, n: int = 0) -> None:
        for id in ids:
            self.client.put_record(StreamName=name, Data=json.dumps({"id": id, "n": n}), PartitionKey=id)

    def pattern(self, n: int) -> dict[str, Any]:
        return {"data": {"n": [{"numeric": ["=", n]}]}, "partitionKey": [{"exists": True}]}

    def read(self, record: Any) -> tuple[str, int, str]:
        item = json.loads(b64decode(record["kinesis"]["data"]))
        return item["id"], item["n"], record["kinesis"]["sequenceNumber"]


STREAMS: Mapping[str, type[Streams]] = {"dynamodb": TableStreams, "kinesis": KinesisStreams}


@contextmanager
def streams_of(kind: str, lam: OwnLam, served: OwnLam | None = None) -> Iterator[Streams]:
    """All mappings go in the end, so that none is read on while another test asks for something."""
    streams = STREAMS[kind](lam, served)

    def are_gone() -> bool:
        """Those that are being changed are looked at again."""
        left = lam.client.list_event_source_mappings()["EventSourceMappings"]
        for made in left:
            if made["State"] in ("Enabled", "Disabled"):
                lam.client.delete_event_source_mapping(UUID=made["UUID"])
        return not left

    try:
        yield streams
    finally:
        eventually(are_gone, "all mappings to be gone")


@contextmanager
def kinesis_elsewhere(folder: Path) -> Iterator[tuple[OwnLam, OwnLam]]:
    """One that has functions, and one that has the streams."""
    (folder / "ours").mkdir()
    (folder / "theirs").mkdir()
    with (
        own_emulator(folder / "theirs", "process", stems=0) as theirs,
        own_emulator(folder / "ours", "process", service=f"kinesis={theirs.emulator.url}") as ours,
    ):
        yield ours, theirs


def passing(lam: OwnLam, question: Callable[[], Any]) -> Callable[[], Any]:
    """While it is asked, time passes: what failed is tried again."""

    def ask() -> Any:
        lam.pass_time(1)
        return question()

    return ask


def received(queues: Queues, url: str) -> Any:
    found = queues.client.receive_message(QueueUrl=url).get("Messages", [])
    return found[0] if found else None
