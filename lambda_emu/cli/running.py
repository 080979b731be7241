"""The server as a command: what it says when it serves, and how it is told to stop."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing

from lambda_emu.api.token import OWN
from lambda_emu.config import ENFORCE, Settings
from lambda_emu.gateway.callers import is_loopback
from lambda_emu.server import Emulator
from lambda_emu.shutdown import stop_within_s
from lambda_emu.signals import until_told_to_stop, wait_for_signals
from lambda_emu.text.durations import write_duration


def run(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM. Prints a line when it serves; returns the exit code."""
    emulator = Emulator(settings)
    with until_told_to_stop(emulator.shutdown, stop_within_s(settings.grace_s)), closing(emulator):  # whenever it comes
        emulator.start()
        emulator.wait_until_ready()  # who reads the line invokes at once
        for line in _lines(emulator):
            print(line, flush=True)
        gc.freeze()  # a collection need not look through what stays until the end
        gc.enable()
        wait_for_signals(emulator.is_used)
        emulator.make_apps()
        wait_for_signals()
    return 0


def _lines(emulator: Emulator) -> Iterator[str]:
    """More of them tell the addresses of what the project declares, and how far the clock is ahead.

    Where others than this machine can ask, also the token: who started it may not sit at its files.
    """
    names = ", ".join(emulator.declared) or "an empty account"
    yield f"lambda-emu serves {names} on {emulator.url} ({emulator.engine.abilities.name})"
    for what, address in emulator.addresses:
        yield f"{what}: {address}"
    for one in emulator.neighbours:
        who = f"{one.url} serves" if one.url else "AWS itself serves, to whoever asks lambda-emu as you,"
        yield f"{who} {one.name}"
    if ahead_s := emulator.work_clock.lead.shown_s:
        ahead = f"{write_duration(ahead_s)} ahead of this machine's"
        yield f"its clock is {ahead}; `lambda-emu clock reset` sets it back"
    settings = emulator.settings
    is_secret_known = settings.iam == ENFORCE and "root_secret" not in settings.given
    if is_secret_known:
        yield f"who signs as its root user has the access key test and the secret {settings.root_secret}"
    if is_loopback(settings.host):
        return
    if is_secret_known:
        yield "everybody knows the root users' secret; LAMBDA_EMU_ROOT_SECRET sets another"
    yield f"its own pages, below {emulator.url}{OWN}, take the token {emulator.token}"
