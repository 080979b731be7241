"""Looking at an environment from inside: a function that runs the Python it is sent."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from lam import Answer, Lam

PROBE = """
scope = {}
def handler(event, context):
    scope.update(context=context, result=None)
    exec(event, scope)
    return scope["result"]
"""


@dataclass(frozen=True)
class Inside:
    """A function that has PROBE as its code, and one environment. What it is sent assigns its answer to `result`;
    other names stay for the next time."""

    lam: Lam
    name: str

    def invoke(self, code: str) -> Answer:
        return self.lam.invoke(self.name, textwrap.dedent(code))

    def run(self, code: str) -> Any:
        """What the code found; fails when it raised."""
        answer = self.invoke(code)
        assert answer.error is None, answer.payload
        return answer.payload


def probe(lam: Lam, name: str = "probe", **config: Any) -> Inside:
    """A new one."""
    return Inside(lam, lam.create(name, PROBE, **config))
