"""Runtimes that are started in stems, before it is known whose function they will run. docs/decisions/early-runtimes.md

Such a runtime waits, at the call `variables` of its Runtime API, for what its function's runtime would be started with.
"""

from __future__ import annotations

from msgspec.structs import replace

from lambda_emu.pool.deployment import LOCALE
from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.base import RUNTIME_ROLE, Program, Sandbox, StemKind

WAITS = "LAMBDA_EMU_WAITS"
ROOM = " " * 8192
"""What is kept free where the kernel shows a process's variables: for a function's 4 KB, and for ours."""
READ_AT_START = (
    *("PYTHON", "RUBY", "GEM_"),
    *("LD_", "LC_", "LANG", "LOCPATH", "TZ", "PATH", "HOME", "MALLOC_", "GLIBC_", "GCONV_PATH"),
)
"""How variables begin that the interpreter or the C library look at before there is any code of the function's."""
AWS_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


def start_early(kind: StemKind, program: Program, sandbox: Sandbox) -> None:
    """Start a stem's runtime. program: as the engine starts it."""
    found = catalogue().get(kind.runtime)
    assert found is not None, "the engine knows how to start it"
    environment = {
        **LOCALE,
        **program.environment,
        "AWS_EXECUTION_ENV": found.execution_env or "",
        "AWS_LAMBDA_RUNTIME_API": sandbox.runtime_api,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        WAITS: ROOM,
    }
    sandbox.early = replace(program, environment=environment, logs_records=True)
    sandbox.init.start(RUNTIME_ROLE, sandbox.early)


def may_become(early: Program, program: Program) -> bool:
    """Whether what was started as `early` can go on as if it had been started as `program`."""
    if (early.argv, early.directory, early.logs_records) != (program.argv, program.directory, program.logs_records):
        return False
    given, wanted = early.environment, program.environment
    if any(wanted.get(name) != value for name, value in given.items() if name != WAITS):
        return False
    more = wanted.keys() - given.keys()
    read = any(name.startswith(READ_AT_START) for name in more)
    return not read and AWS_WRAPPER not in more and not any("\0" in value for value in wanted.values())
