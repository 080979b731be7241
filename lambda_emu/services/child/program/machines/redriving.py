"""RedriveExecution: an execution that failed goes on with the state that it failed in."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from lambda_emu.services.child.program.checks.refused import Refused
from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.machines.answers import why_not_redriven
from lambda_emu.services.child.program.machines.executions import Environ, Executions, Members, check_kept, operation
from lambda_emu.services.child.program.machines.finding import find_machine
from lambda_emu.services.child.program.machines.table import RUNNING, Execution

MOST_TOKENS = 10
TOKEN_S = 15 * 60
"""As long as the same token of a client means the same redrive."""


@operation
def redrive_execution(executions: Executions, environ: Environ, asked: Members) -> Any:
    """Refused: it may not be; the text is the reason that DescribeExecution tells. (?)"""
    known, token, now_s = check_kept(executions, asked["executionArn"]), asked.get("clientToken"), clock.now_s()
    tokens = [(one, at_s) for one, at_s in known.tokens if now_s - at_s <= TOKEN_S]
    if token in dict(tokens):
        return {"redriveDate": dict(tokens)[token]}
    last = executions.table.number_of(known.arn)[1]
    why_not = why_not_redriven(known, last, now_s)
    if why_not is not None or executions.running(known.arn) is not None:
        raise Refused("ExecutionNotRedrivable", why_not or "Execution is RUNNING and cannot be redriven")
    if token is not None:
        tokens.append((token, now_s))
    again = replace(
        known,
        status=RUNNING,
        ended_s=None,
        output=None,
        error=None,
        cause=None,
        redrives=known.redrives + 1,
        redriven_s=now_s,
        tokens=tuple(tokens[-MOST_TOKENS:]),
    )
    machine = find_machine(environ, known.version or known.machine)
    executions.begin(again, machine, redriven=_event(again, last, now_s))
    return {"redriveDate": now_s}


def _event(again: Execution, last: int, now_s: float) -> dict[str, Any]:
    """last: the event before it."""
    said = {"executionRedrivenEventDetails": {"redriveCount": again.redrives}}
    return {"timestamp": now_s, "type": "ExecutionRedriven", "id": last + 1, "previousEventId": 0} | said
