"""What is forgotten when an account is emptied, or every one, in which order. Not on the loop."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.served import Rooms, Served

STEP_LIMIT_S = 60.0


def empty_all(rooms: Rooms, served: Served, forget_events: Callable[[], None]) -> None:
    """And every environment ends. forget_events: those that wait, which a room on the loop knows of."""
    rooms.timekeeper.reset()  # first: nothing is emptied while somebody moves time
    served.end_jobs(None)  # before what they make is emptied: nothing is made in it after that
    rooms.loop.ask(rooms.around.clear, STEP_LIMIT_S)  # it makes work
    rooms.store.clear()
    served.context.changes.clear()
    rooms.loop.ask(forget_events, STEP_LIMIT_S)
    rooms.around.reset()
    rooms.loop.ask(rooms.pool.clear, STEP_LIMIT_S)
    served.forget()  # after their control planes


def empty_account(rooms: Rooms, served: Served, account: str) -> None:
    """Nobody else's time and environments are touched."""
    served.end_jobs(account)
    rooms.store.clear(account)
    served.context.changes.clear()
    rooms.around.empty(account)
    rooms.loop.ask(lambda: rooms.pool.clear(account), STEP_LIMIT_S)
    served.forget()  # after their control planes
