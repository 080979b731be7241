"""A mapping on each engine, from the message to its end."""

from __future__ import annotations

from lam import Lam
from queue_rig import PRINTS, Invocations, queues_of
from waiting import Eventually


def test_a_message_comes_to_the_function_whichever_engine_runs_it(lam: Lam, eventually: Eventually) -> None:
    with queues_of(lam, lam.emulator.url) as queues:
        name = lam.create("polled", PRINTS)
        url, arn = queues.create("polled")
        queues.map(arn, name)

        queues.send(url, "hello")

        eventually(lambda: Invocations(lam, name).bodies() == ["hello"], "the message")
        eventually(lambda: queues.left(url) == 0, "its deletion")
