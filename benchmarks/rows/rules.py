"""Rules of EventBridge: how long 10,000 of them take an event, and from an event that is put to its handler."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

from benchmarks.client import Address, Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import client_of
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns
from lambda_emu.services.eventbridge.patterns.index import RuleIndex
from lambda_emu.services.eventbridge.patterns.language import compile_rule, read_event

RULES = 10_000
ROUNDS = 200
BLOCKS = 100
EVENTS = 20
LIMIT_S = 30
FUNCTION, RULE = "tells", "tells"
EVENT = {"source": "shop", "detail-type": "t3", "detail": {"customer": "c403", "key": "in/403/x.png", "amount": 3}}
BUT = ({"anything-but": ["c1"]}, {"anything-but": ["c403"]})
KINDS: Mapping[str, Callable[[int], Any]] = {
    "a value each": lambda number: {"source": ["shop"], "detail": {"customer": [f"c{number}"]}},
    "a prefix each": lambda number: {"source": ["shop"], "detail": {"key": [{"prefix": f"in/{number}/"}]}},
    "a field each": lambda number: {"source": ["shop"], "detail": {f"f{number}": [{"exists": True}]}},
    "alternatives": lambda number: {"$or": [{"detail": {"customer": [f"c{number}"]}}, {"source": [f"s{number}"]}]},
    "a lower bound each": lambda number: {"detail": {"amount": [{"numeric": [">", number]}]}},
    "a range each": lambda number: {"detail": {"amount": [{"numeric": [">", number, "<=", number + 5]}]}},
    "500 found": lambda number: {"source": ["shop"], "detail-type": [f"t{number % 20}"]},
    "500 found by bounds": lambda number: {"detail": {"amount": [{"numeric": [">=", number / 166]}]}},
    "all but one": lambda number: {"source": [f"s{number}", "shop"], "detail": {"customer": [BUT[number > 500]]}},
}


def rules(_stage: Stage) -> list[Verdict]:
    """The reading of the event counts. As processes, so that the handler can tell when it began."""
    found = [Verdict(f"{RULES:,} rules, {name}", _matched_ms(of), "ms", 1.0, "1 ms", 1.0) for name, of in KINDS.items()]
    return [*found, _put_to_handler()]


def _matched_ms(pattern: Callable[[int], Any]) -> float:
    index: RuleIndex[int] = RuleIndex()
    for number in range(RULES):
        index.add(number, compile_rule(json.dumps(pattern(number))))
    text = json.dumps(EVENT)
    took: list[float] = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        index.matching(read_event(text))
        took.append((time.perf_counter() - begun) * 1000)
    return median(took)


def _put_to_handler() -> Verdict:
    with Emulator("--engine", "process") as emulator, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        emulator.functions.create([FUNCTION], "app.tells")
        _make_rule(emulator.address.url, listener.getsockname()[1])
        put, invoked = _put(emulator.address), invocation(emulator.address, FUNCTION, b"{}")
        with Connection(emulator.address) as one, Connection(emulator.address) as other:

            def heard() -> float:
                begun_s = time.time()
                one.send(put)
                with listener.accept()[0] as told:
                    took_ms = (float(told.recv(64)) - begun_s) * 1000
                one.answer()
                return took_ms

            def all_heard() -> float:
                return median(heard() for _ in range(EVENTS))

            all_heard()
            other.median_ms([invoked] * EVENTS)
            turns = in_turns(all_heard, lambda: other.median_ms([invoked] * EVENTS), BLOCKS)
    return of_turns("PutEvents to handler's start, p50", "ms", turns, "Invoke", 2.0)


def _make_rule(url: str, port: int) -> None:
    """Its function is told where to report."""
    events = client_of(url, "events")
    events.put_rule(Name=RULE, EventPattern='{"source": ["bench"]}')
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}"
    told = json.dumps({"Records": [{"s3": {"object": {"key": f"{port}/x"}}}]})
    events.put_targets(Rule=RULE, Targets=[{"Id": "1", "Arn": arn, "Input": told}])


def _put(address: Address) -> bytes:
    body = json.dumps({"Entries": [{"Source": "bench", "DetailType": "t", "Detail": '{"n": 1}'}]}).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: {address.host}:{address.port}\r\nContent-Type: application/x-amz-json-1.1\r\n"
        f"X-Amz-Target: AWSEvents.PutEvents\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
