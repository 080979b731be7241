"""A function's first invocation finds a runtime that was started before its function was known.

Code must not be able to tell. docs/decisions/early-runtimes.md
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from lam import Answer, Lam
from own import EITHER_ENGINE
from waiting import Eventually

TIMES = """
import os, time
ticks = int(open("/proc/self/stat").read().rpartition(")")[2].split()[19])
AGE_S = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
"""
"""How long the runtime's process had been there when the code was imported."""

SEEN = (
    TIMES
    + """
import sys
STATE = {
    "modules": sorted(set(sys.modules) - {"_socket"}),
    "path": sys.path,
    "importers": sorted(sys.path_importer_cache),
    "argv": [sys.argv, sys.orig_argv],
    "flags": [str(sys.flags), sys.flags.hash_randomization],
    "encodings": [sys.getfilesystemencoding(), sys.stdout.encoding, sys.getdefaultencoding()],
    "program": [sys.executable, sys.prefix],
    "directory": os.getcwd(),
    "descriptors": sorted(os.listdir("/proc/self/fd")),
    "command": open("/proc/self/cmdline").read(),
    "ids": [os.getuid(), os.getgid(), os.getsid(0) == os.getpid(), os.umask(0o022)],
    "zone": time.tzname,
    "names": sorted(os.environ),
}
VARIABLES = dict(os.environ)
SHOWN = [pair.partition("=")[::2] for pair in open("/proc/self/environ").read().split("\\0") if pair]

def handler(event, context):
    if event.get("exit"):
        os._exit(1)
    return {"age_s": AGE_S, "state": STATE, "variables": VARIABLES, "shown": SHOWN}
"""
)
ADDED = {"PYTHONPATH", "LC_CTYPE"}  # by our bootstrap, and by an interpreter that does not know the locale
TICK_S = 0.01


@pytest.fixture
def names() -> Iterator[str]:
    """Functions' names without end."""
    return (f"early-{number}" for number in itertools.count())


def early(lam: Lam, names: Iterator[str], eventually: Eventually, code: str, **config: Any) -> tuple[str, Answer]:
    """A function and the answer of its first invocation, which found a runtime that had waited for it."""
    pauses_s = (0.05 * 2**number for number in itertools.count())
    lam.create(next(names), code, **config)  # once this is active, its image is there

    def first() -> tuple[str, Answer] | None:
        """Each takes a stem: the next one is given longer to start its runtime."""
        Event().wait(next(pauses_s))
        name = lam.create(next(names), code, **config)
        answer = lam.invoke(name, {})
        assert answer.error is None, answer
        init_s = float(answer.report["init"] or 0) / 1000
        return (name, answer) if answer.payload["age_s"] > init_s + TICK_S else None

    found: tuple[str, Answer] = eventually(first, "a runtime that was started before its function")
    return found


def test_code_sees_what_it_would_see_in_a_runtime_started_for_it(
    lam: Lam, names: Iterator[str], eventually: Eventually
) -> None:
    name, first = early(lam, names, eventually, SEEN, Environment={"Variables": {"MINE": "\u00e4=b\nc"}})

    lam.invoke(name, {"exit": True})

    again = lam.invoke(name, {}).payload
    assert first.payload["state"] == again["state"]
    assert first.payload["variables"] == again["variables"]
    assert sorted(first.payload["shown"]) == sorted(again["shown"])
    shown = dict(first.payload["shown"])
    assert shown["MINE"] == "\u00e4=b\nc"
    assert shown.keys() | ADDED >= first.payload["variables"].keys()


@pytest.mark.parametrize(
    "config",
    [
        lambda number: {"MemorySize": 311 + number},
        lambda number: {"MemorySize": 411 + number, "Environment": {"Variables": {"TZ": "UTC0"}}},
    ],
    ids=["limits have to be set first", "it has to be another"],
)
def test_a_runtime_that_waited_says_nothing_in_its_functions_log(
    lam: Lam, names: Iterator[str], eventually: Eventually, config: Callable[[int], dict[str, Any]]
) -> None:
    """It has called before anybody listens; who answered it too soon made it fail."""
    made = []
    for number in range(3):
        early(lam, names, eventually, SEEN)  # there are stems whose runtimes wait, and for other limits
        made.append(lam.create(next(names), SEEN, **config(number)))
        lam.invoke(made[-1], {})

    assert [event for name in made for event in lam.own_events(name)] == []


AT_START = {
    "PYTHONHASHSEED": ("0", "sys.flags.hash_randomization", 0),
    "PYTHONOPTIMIZE": ("1", "sys.flags.optimize", 1),
    "PYTHONPATH": ("/tmp/mine", "'/tmp/mine' in sys.path", True),
    "TZ": ("Asia/Tokyo", "time.tzname[0]", "JST"),
    "LC_ALL": ("C", "sys.flags.utf8_mode", 1),
    "MALLOC_ARENA_MAX": ("1", "os.environ['MALLOC_ARENA_MAX']", "1"),
    "AWS_LAMBDA_EXEC_WRAPPER": ("/var/task/wrap", "os.environ['WRAPPED']", "yes"),
}


@pytest.mark.parametrize("name", AT_START)
@EITHER_ENGINE
def test_what_counts_at_a_runtimes_start_is_there_when_it_starts(
    lam: Lam, names: Iterator[str], eventually: Eventually, name: str
) -> None:
    value, seen, expected = AT_START[name]
    if name == "TZ" and not lam.emulator.engine.abilities.limits_cpu:
        value = "JST-9"  # this machine's zones may be anywhere
    code = TIMES + f"import sys\ndef handler(event, context):\n    return {{'age_s': AGE_S, 'seen': {seen}}}\n"
    early(lam, names, eventually, code.replace(seen, "0"))

    files = {"app.py": code, "wrap": '#!/bin/sh\nWRAPPED=yes exec "$@"\n'}
    function = lam.create(next(names), files, Environment={"Variables": {name: value}})

    assert lam.invoke(function, {}).payload["seen"] == expected


def test_nobody_but_the_runtime_that_waited_gets_the_variables(
    lam: Lam, names: Iterator[str], eventually: Eventually
) -> None:
    ask = """
import http.client
def status():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request("GET", "/lambda-emu/variables")
    return api.getresponse().status
STATUS = status()
def handler(event, context):
    return {"age_s": AGE_S, "asked": [STATUS, status()]}
"""

    _, first = early(lam, names, eventually, TIMES + ask)

    assert first.payload["asked"] == [404, 404]


def test_init_is_billed_from_when_its_function_is_known(lam: Lam, names: Iterator[str], eventually: Eventually) -> None:
    code = TIMES + "time.sleep(0.2)\ndef handler(event, context):\n    return {'age_s': AGE_S}\n"

    _, first = early(lam, names, eventually, code)

    assert 200 <= float(first.report["init"] or 0) < (first.payload["age_s"] + 0.2) * 1000


LIMIT = """
def limit():
    for path in ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"):
        if os.path.exists(path):
            return int(open(path).read()) >> 20
LIMIT_MB, TMP = limit(), os.statvfs("/tmp")
def handler(event, context):
    return {"age_s": AGE_S, "limit_mb": LIMIT_MB, "tmp_mb": TMP.f_frsize * TMP.f_blocks >> 20}
"""
HEADROOM_MB = 19  # what is charged and not counted, less what Lambda's own processes would take


@pytest.mark.parametrize("before_mb", [256, 512], ids=["as the function before", "another one than before"])
def test_memory_and_tmp_are_limited_before_codes_first_line(
    lam: Lam, names: Iterator[str], eventually: Eventually, before_mb: int
) -> None:
    early(lam, names, eventually, TIMES + LIMIT, MemorySize=before_mb)

    _, first = early(lam, names, eventually, TIMES + LIMIT, MemorySize=256)

    assert first.payload["tmp_mb"] == 512
    if lam.emulator.engine.abilities.limits_cpu:  # without an engine init alone holds the memory
        assert first.payload["limit_mb"] == 256 + 512 + HEADROOM_MB
