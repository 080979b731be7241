"""A large body on its way to a file, when the emulator stops."""

from __future__ import annotations

import threading
from pathlib import Path

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import ShuttingDown
from lambda_emu.gateway.spool import SPOOLING, Spool
from lambda_emu.http.loop import Loop

LIMIT_S = 30.0


class Client:
    """Whose body it is; remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[LambdaError] = []

    def hold(self, held: bool) -> None: ...

    def failed(self, error: LambdaError) -> None:
        self.told.append(error)


def test_a_body_that_still_waits_to_be_written_at_the_end_is_handed_to_nobody_and_its_client_told(
    tmp_path: Path,
) -> None:
    loop, client, disk, whole = Loop(), Client(), threading.Event(), list[Path]()
    loop.start()
    spool = Spool(client, tmp_path, loop)

    def arrive() -> None:
        for _ in range(SPOOLING.threads):  # a slow disk has all of them
            loop.work(SPOOLING, disk.wait, LIMIT_S)
        spool.add(b"the beginning")
        spool.end(whole.append)

    loop.ask(arrive, LIMIT_S)
    loop.stop()
    disk.set()

    assert [type(error) for error in client.told] == [ShuttingDown]
    assert whole == []
    assert list(tmp_path.iterdir()) == []
