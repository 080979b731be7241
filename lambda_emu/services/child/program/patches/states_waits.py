"""State machines wait by the clock of work: in Wait states, and before they try again."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from lambda_emu.services.child.program.clock import clock


def replace_waits() -> None:
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import timestamp
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

    def wait(_: Any, env: Any, wait_seconds: int) -> None:
        clock.wait(wait_seconds, env.is_running)

    replaced: Any = retrier_decl, timestamp, WaitFunction
    replaced[2]._wait_interval = wait
    replaced[0].time = SimpleNamespace(sleep=lambda seconds: clock.wait(seconds, lambda: True))
    replaced[1].datetime = SimpleNamespace(datetime=_Dates)


class _Dates(datetime):
    @classmethod
    def now(cls, _: Any = None) -> Any:
        """UTC, and says no zone, as what it is compared with."""
        return datetime.fromtimestamp(clock.now_s(), UTC).replace(tzinfo=None)
