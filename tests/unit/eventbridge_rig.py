"""EventBridge over a real store, served to real clients; handovers are recorded. As a program: until it is killed."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from ground_rig import ACCOUNT, REGION, ground_in, run_until_killed

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock, SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.delivery import Handover
from lambda_emu.services.eventbridge.service import EventsService, LateBuses
from lambda_emu.services.eventbridge.serving import EventsServer
from lambda_emu.services.timetable.timetable import Timetable

ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
ANY = {"source": ["app"]}


@dataclass
class Recorder:
    """Where handovers go here: into a table of the transaction, and then into a list. broken: the disk takes none."""

    told: list[Handover] = field(default_factory=list)
    broken: bool = False

    def prepare(self, handovers: Sequence[Handover]) -> Recorded:
        return Recorded(self, handovers)


@dataclass(frozen=True)
class Recorded:
    recorder: Recorder
    handovers: Sequence[Handover]

    def make(self) -> None:
        pass

    def write(self, connection: sqlite3.Connection) -> None:
        if self.recorder.broken:
            raise sqlite3.OperationalError("database or disk is full")
        connection.execute("CREATE TABLE IF NOT EXISTS handed (id TEXT PRIMARY KEY, target TEXT, text TEXT)")
        rows = [(one.id, one.target["Arn"], one.text()) for one in self.handovers]
        connection.executemany("INSERT INTO handed VALUES (?, ?, ?)", rows)

    def begin(self) -> None:
        pass

    def kept(self, error: BaseException | None) -> None:
        if error is None:
            self.recorder.told.extend(self.handovers)


@dataclass(frozen=True)
class Events:
    """A served EventBridge. client: boto3's."""

    port: int
    client: Any
    clock: SteppingClock
    buses: Buses
    loop: Loop
    recorder: Recorder

    def rule(self, name: str, pattern: Any, *targets: dict[str, Any] | str, bus: str = "default") -> str:
        """Its ARN. targets: each a whole one, or an ARN."""
        made = self.client.put_rule(Name=name, EventPattern=json.dumps(pattern), EventBusName=bus)
        if targets:
            whole = [{"Id": f"t{n}", "Arn": one} if isinstance(one, str) else one for n, one in enumerate(targets)]
            assert self.client.put_targets(Rule=name, EventBusName=bus, Targets=whole)["FailedEntryCount"] == 0
        return str(made["RuleArn"])

    def put(self, detail: Any, **changes: Any) -> dict[str, Any]:
        """The answer to one entry."""
        entry = {"Source": "app", "DetailType": "Changed", "Detail": json.dumps(detail), **changes}
        (result,) = self.client.put_events(Entries=[entry])["Entries"]
        return dict(result)

    def got(self) -> list[tuple[str, str]]:
        """The names of the rules that had something for a target, and of that target's ARN the end."""
        return [
            (one.occasion.rule_arn.rpartition("/")[2], one.target["Arn"].rpartition(":")[2])
            for one in self.recorder.told
        ]


def client_of(port: int, account: str = ACCOUNT, region: str = REGION) -> Any:
    return client_at(f"http://127.0.0.1:{port}", "events", account, region)


@contextmanager
def serving(folder: Path, clock: Clock | None = None) -> Iterator[Events]:
    """Until the block ends."""
    moved: Any = clock or SteppingClock(stands=True)
    recorder = Recorder()
    with ground_in(folder, moved) as ground:
        timetable = Timetable(ground.store, ground.loop, moved, {})
        late = LateBuses(ground.store, ground.loop, moved, lambda: recorder, lambda: timetable)
        buses = late.open()
        service = EventsService(lambda: EventsServer(buses, moved, Scope(ACCOUNT, REGION), lambda text: text))
        with ground.serve(service, "events", timetable.close) as client:
            yield Events(ground.port, client, moved, buses, ground.loop, recorder)


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Events]:
    """An empty account of one's own."""
    with serving(tmp_path) as events:
        yield events


if __name__ == "__main__":
    with serving(Path(sys.argv[1]), Clock()) as served:
        run_until_killed(f"http://127.0.0.1:{served.port}")


def refused(call: Any, **members: Any) -> tuple[str, str]:
    """The code and the text of an error."""
    with pytest.raises(ClientError) as raised:
        call(**members)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]
