"""How long it takes to find the rules of a bus that want an event: python -m benchmarks.rules [number of rules]."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.services.eventbridge.index import RuleIndex
from lambda_emu.services.eventbridge.patterns import compile_rule, read_event

EVENT = {"source": "shop", "detail-type": "t3", "detail": {"customer": "c403", "key": "in/403/x.png", "amount": 3}}
BUT = ({"anything-but": ["c1"]}, {"anything-but": ["c403"]})
KINDS: Mapping[str, Callable[[int], Any]] = {
    "a value each": lambda number: {"source": ["shop"], "detail": {"customer": [f"c{number}"]}},
    "a prefix each": lambda number: {"source": ["shop"], "detail": {"key": [{"prefix": f"in/{number}/"}]}},
    "a field each": lambda number: {"source": ["shop"], "detail": {f"f{number}": [{"exists": True}]}},
    "alternatives": lambda number: {"$or": [{"detail": {"customer": [f"c{number}"]}}, {"source": [f"s{number}"]}]},
    "twenty types": lambda number: {"source": ["shop"], "detail-type": [f"t{number % 20}"]},
    "a number's range": lambda number: {"detail": {"amount": [{"numeric": [">", number]}]}},
    "a narrow range": lambda number: {"detail": {"amount": [{"numeric": [">", number, "<=", number + 5]}]}},
    "500 of the ranges": lambda number: {"detail": {"amount": [{"numeric": [">=", number / 166]}]}},
    "all but one, few": lambda number: {"source": [f"s{number}", "shop"], "detail": {"customer": [BUT[number > 500]]}},
}
ROUNDS = 200


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    text = json.dumps(EVENT)
    print(f"{count} rules, an event of {len(text)} bytes, read and matched; microseconds, median of {ROUNDS}")
    for name, pattern in KINDS.items():
        index: RuleIndex[int] = RuleIndex()
        for number in range(count):
            index.add(number, compile_rule(json.dumps(pattern(number))))
        took: list[float] = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            found = index.matching(read_event(text))
            took.append(time.perf_counter() - begun)
        print(f"{name:20} {statistics.median(took) * 1e6:10.0f}   {len(found)} found")


if __name__ == "__main__":
    main()
