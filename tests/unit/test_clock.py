"""Ids and tokens: nobody else has any of them. Real threads, real processes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from lambda_emu.clock import Clock

COUNT = 2_000


def made(_: int = 0) -> list[str]:
    clock = Clock()
    return [text for _ in range(COUNT) for text in (clock.new_id(), clock.new_token())]


def test_threads_make_no_id_twice() -> None:
    with ThreadPoolExecutor(8) as threads:
        texts = [text for some in threads.map(made, range(8)) for text in some]

    assert len(set(texts)) == 8 * 2 * COUNT


def test_a_forked_process_makes_ids_of_its_own() -> None:
    Clock().new_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "".join(made()[:100]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        theirs = pipe.read().decode()
    os.waitpid(child, 0)

    ours = made()
    assert len(theirs) == 50 * (36 + 32)
    assert not [text for text in ours if text in theirs]
