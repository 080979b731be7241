"""Chooses an engine and opens it: Docker where one answers, else the process sandbox."""

from __future__ import annotations

import logging

from lambda_emu.clock import Clock
from lambda_emu.sandbox.base import Engine, Listen, NoEngine, SandboxError, Wanted
from lambda_emu.sandbox.init.link import InitAcceptor

log = logging.getLogger(__name__)


async def open_engine(wanted: Wanted, acceptor: InitAcceptor, listen: Listen, clock: Clock) -> Engine:
    """The engine that was asked for. SandboxError when it cannot be had, OSError without room for it.

    Where no Docker answers `auto` falls back and says so; one that answers and cannot be used is put right first.
    """
    if wanted.engine == "process":
        engine = await _open_process(wanted, acceptor, clock)
        log.warning("running functions as processes: %s", engine.abilities.weaker())
        return engine
    try:
        return await _open_docker(wanted, acceptor, listen, clock)
    except NoEngine as error:
        if wanted.engine == "docker":
            raise NoEngine(f"{error}; start it, or run functions as processes: --engine process") from error
        engine = await _open_process(wanted, acceptor, clock)
        log.warning("%s; running functions as processes: %s", error, engine.abilities.weaker())
        return engine
    except SandboxError as error:
        if wanted.engine == "docker":
            raise
        raise SandboxError(f"{error}; without Docker functions run as processes: --engine process") from error


async def _open_docker(wanted: Wanted, acceptor: InitAcceptor, listen: Listen, clock: Clock) -> Engine:
    from lambda_emu.sandbox.docker import engine as docker  # 100 ms that the process sandbox need not pay

    engine = await docker.open_engine(wanted, acceptor, listen, clock)
    if weaker := engine.abilities.weaker():
        log.warning("running functions in containers: %s", weaker)
    return engine


async def _open_process(wanted: Wanted, acceptor: InitAcceptor, clock: Clock) -> Engine:
    from lambda_emu.sandbox.process import engine as process

    return await process.open_engine(wanted, acceptor, clock)
