"""lambda-emu: run AWS Lambda functions on your machine, with Lambda's limits, logs and prices."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from os import PathLike

    from lambda_emu.testing.emu import Emu


def running(project: str | PathLike[str] | None = None, **settings: object) -> AbstractContextManager[Emu]:
    """A server for as long as a block takes, in a process of its own: `with lambda_emu.running() as emu:`.

    project: what it serves, else an empty account. settings: by name, `engine="process"`, as docs/configuration.md has
    them. testing.NotStarted.
    """
    from lambda_emu.testing.running import run_server  # here: nobody else needs it

    return run_server(project, settings)
