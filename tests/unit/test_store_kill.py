"""What was acknowledged survives the emulator's death, whenever that comes."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from store_rig import ACCOUNT, REGION

from lambda_emu.arn import Scope
from lambda_emu.store import Store

KINDS = ("delivery", "timer")

WRITE_FOREVER = """
import itertools, os, sys
from pathlib import Path
from lambda_emu.store import Store
sys.path.insert(0, sys.argv[2])
from store_rig import new_event, new_function
def tell(name):
    os.write(1, f"{name}\\n".encode())  # whole, from either thread
store = Store.open(Path(sys.argv[1]))
for number in itertools.count():
    store.queue.put(new_event(f"e{number}"), lambda _, name=f"e{number}": tell(name))
    store.create(new_function(f"f{number}"))
    tell(f"f{number}")
"""


def test_a_kill_loses_no_function_and_no_event_that_was_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout is not None
        acknowledged = [writing.stdout.readline().strip() for _ in range(random.randint(20, 200))]
        writing.kill()
        acknowledged += writing.stdout.read().split()

    store = Store.open(tmp_path)
    found = {function.id.name for function in store.functions.all(Scope(ACCOUNT, REGION))}
    found |= {event.request_id for event in store.queue.find_unsettled()}
    store.close()

    assert set(acknowledged) - found == set()


STEP_FOREVER = """
import itertools, os, sys
from pathlib import Path
from lambda_emu.store import Store, WorkItem
sys.path.insert(0, sys.argv[2])
from store_rig import new_event
def tell(name):
    os.write(1, f"{name}\\n".encode())
store = Store.open(Path(sys.argv[1]))
for number in itertools.count():
    event = new_event(f"e{number}", payload=os.urandom(2000))
    then = [WorkItem(f"{kind}{number}", kind, 0, "{}", brought_by=event.request_id) for kind in ("delivery", "timer")]
    store.queue.put(event, lambda _: None)
    store.queue.finish(event.request_id, lambda _, number=number: tell(number), then)
    if number % 100 == 0:
        store.queue.next_due_s()
"""


def test_a_kill_leaves_a_step_done_with_all_that_follows_or_not_done(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STEP_FOREVER, str(tmp_path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writing:
        assert writing.stdout is not None
        acknowledged = {int(writing.stdout.readline()) for _ in range(random.randint(20, 2000))}
        writing.kill()
        acknowledged |= {int(line) for line in writing.stdout.read().split()}

    store = Store.open(tmp_path)
    events = {int(event.request_id[1:]) for event in store.queue.find_unsettled()}
    deliveries, timers = ({int(work.id.removeprefix(kind)) for work in store.work.all(kind)} for kind in KINDS)
    unpaid = [work.id for kind in KINDS for work in store.work.all(kind) if store.work.payload(work.id) is None]
    store.close()

    assert deliveries == timers
    assert deliveries & events == set()
    assert acknowledged <= deliveries
    assert unpaid == []
