"""Looking at an environment from inside: a function that runs the Python it is sent."""

from __future__ import annotations

import textwrap
from typing import Any

from lam import Answer, Lam

PROBE = """
scope = {}
def handler(event, context):
    scope.update(context=context, result=None)
    exec(event, scope)
    return scope["result"]
"""


class Inside:
    """One function's environment. What the code assigns to `result` is the answer; other names stay for the next."""

    def __init__(self, lam: Lam, name: str = "probe", **config: Any) -> None:
        self.lam = lam
        self.name = lam.create(name, PROBE, **config)

    def invoke(self, code: str) -> Answer:
        return self.lam.invoke(self.name, textwrap.dedent(code))

    def run(self, code: str) -> Any:
        """What the code found; fails when it raised."""
        answer = self.invoke(code)
        assert answer.error is None, answer.payload
        return answer.payload
