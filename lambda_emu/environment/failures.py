"""What a caller and the log are told when a function fails by itself. docs/contract/invoke.md#function-errors."""

from __future__ import annotations

import json
import os
import re
import signal

from msgspec import Struct

from lambda_emu.runtime_api.session import MAX_RESPONSE_BYTES, ResponseTooLarge, Spoiled, Truncated
from lambda_emu.sandbox.base import GROWTH_BYTES_PER_MS, Exit, ExitKind, Program, Usage

# Signals by the names that Lambda's supervisor, a Go program, prints.
SIGNAL_NAMES = {
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGHUP: "hangup",
    signal.SIGILL: "illegal instruction",
    signal.SIGINT: "interrupt",
    signal.SIGKILL: "killed",
    signal.SIGPIPE: "broken pipe",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGTERM: "terminated",
    signal.SIGTRAP: "trace/breakpoint trap",
}

OUT_OF_MEMORY = "Runtime.OutOfMemory"


class Failure(Struct, frozen=True):
    """Why an environment failed. status and error_type go to REPORT; payload to the caller, if it has no answer yet."""

    status: str  # "failure" (the handler raised) | "error" | "timeout"
    error_type: str | None
    payload: bytes


def _payload(error_type: str, request_id: str | None, text: str) -> bytes:
    message = text if request_id is None else f"RequestId: {request_id} Error: {text}"
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def timeout_failure(request_id: str, timeout_s: int) -> Failure:
    """The function did not finish within its timeout."""
    return Failure(
        "timeout", None, _payload("Sandbox.Timedout", request_id, f"Task timed out after {timeout_s:.2f} seconds")
    )


def exit_failure(request_id: str, exit: Exit, program: Program) -> Failure:
    """The runtime's process ended though it should have asked for the next event; or it did not begin."""
    if exit.out_of_memory:
        kind, text = OUT_OF_MEMORY, "Runtime exited with error: signal: killed"
    elif exit.kind is ExitKind.NOT_STARTED:
        kind, text = "Runtime.InvalidEntrypoint", f"fork/exec {program.argv[0]}: {_errno_words(exit.value)}"
    elif exit.kind is ExitKind.NO_DIRECTORY:
        kind, text = "Runtime.InvalidWorkingDir", f"chdir {program.directory}: {_errno_words(exit.value)}"
    elif exit.kind is ExitKind.SIGNAL:
        kind, text = "Runtime.ExitError", f"Runtime exited with error: signal: {_signal_name(exit.value)}"
    elif exit.value:
        kind, text = "Runtime.ExitError", f"Runtime exited with error: exit status {exit.value}"
    else:
        kind, text = "Runtime.ExitError", "Runtime exited without providing a reason"
    return Failure("error", kind, _payload(kind, request_id, text))


def bootstrap_failure(request_id: str) -> Failure:
    """A custom runtime whose code has no bootstrap."""
    kind, text = "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    return Failure("error", kind, _payload(kind, request_id, text))


def response_failure(request_id: str, why: Spoiled) -> Failure:
    """What the runtime posted cannot be the caller's; the environment itself is well."""
    if isinstance(why, ResponseTooLarge):
        text = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
        payload = {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}
        return Failure("error", "Function.ResponseSizeTooLarge", json.dumps(payload, separators=(",", ":")).encode())
    # The words are the Runtime API's; those of a truncated one are not recorded.
    kind = "Runtime.TruncatedResponse" if isinstance(why, Truncated) else "Runtime.InvalidResponseModeHeader"
    return Failure("error", kind, _payload(kind, request_id, str(why)))


def init_failure(body: bytes, error_type: str | None) -> Failure:
    """An error the runtime itself described; its bytes go to the caller unchanged."""
    return Failure("error", normalise(error_type or ""), body)


def handler_failure(error_type: str | None) -> Failure:
    """The handler raised: an answer like any other, and no reason to reset the environment."""
    return Failure("failure", normalise(error_type or ""), b"")


def may_be_out_of_memory(usage: Usage, limit_bytes: int, elapsed_ms: float) -> bool:
    """Whether memory, as it was known elapsed_ms ago or more, may have been over the limit since."""
    return (usage.memory_bytes or limit_bytes) + elapsed_ms * GROWTH_BYTES_PER_MS > limit_bytes


def normalise(error_type: str) -> str:
    """An error type as the log shows it: the runtime's word if it has the known form, else Unknown."""
    if re.fullmatch(r"(Runtime|Function|Extension)\.[A-Z][a-zA-Z]+", error_type):
        return error_type
    return "Function.Unknown" if error_type.startswith("Function.") else "Runtime.Unknown"


def _errno_words(number: int) -> str:
    """As Go, in which Lambda's supervisor is written, says it."""
    return os.strerror(number).lower()


def _signal_name(number: int) -> str:
    try:
        return SIGNAL_NAMES[signal.Signals(number)]
    except (KeyError, ValueError):
        return f"signal {number}"
