"""Code that attacks its init, the emulator or its neighbours from inside: it harms at most its own environment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from descriptors_rig import opened
from inside import Inside, probe
from lam import Lam
from waiting import Eventually

from lambda_emu.clock import SteppingClock

WELL = "result = 'well'"


def own_address(inside: Inside) -> str:
    """The address of an environment on its network."""
    code = """
        import socket
        with socket.socket(type=socket.SOCK_DGRAM) as unsent:
            unsent.connect(("192.0.2.1", 9))  # nobody's
            result = unsent.getsockname()[0]
    """
    return str(inside.run(code))


def test_an_environment_cannot_reach_another_ones_address(lam: Lam) -> None:
    if not lam.emulator.engine.abilities.isolates_network:
        pytest.skip("functions share this machine's network here, and the engine says so")
    server, client = probe(lam, "server", Timeout=20), probe(lam, "client")
    address = own_address(server)
    listening = "import socket; server = socket.create_server(('0.0.0.0', 8080)); server.settimeout(1)\n"
    itself = server.run(f"{listening}result = socket.create_connection(({address!r}, 8080), 1).getsockname()[0]")
    accepting = threading.Thread(target=server.invoke, args=("import time; time.sleep(3)",))
    accepting.start()  # so that it is not frozen, which would be no answer either

    reached = client.run(f"""
        import socket
        try:
            result = socket.create_connection(({address!r}, 8080), 2).getpeername()
        except OSError as error:
            result = type(error).__name__
    """)

    accepting.join()
    assert itself == address
    assert reached == "TimeoutError"


ATTACKS = {
    "read its environment": "open('/proc/1/environ').read()",
    "read its memory": "open('/proc/1/mem', 'rb').read(1)",
    "see its files": "import os; os.listdir('/proc/1/fd')",
    "trace it": """
        import ctypes
        if ctypes.CDLL(None, use_errno=True).ptrace(16, 1, 0, 0) != 0: raise OSError(ctypes.get_errno(), "ptrace")
    """,
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_init_keeps_itself_to_itself(lam: Lam, attack: str) -> None:
    if not lam.emulator.engine.abilities.isolates_files:
        pytest.skip("without a PID namespace init is a process like others")
    inside = probe(lam)

    answer = inside.invoke(attack)

    assert answer.payload["errorType"] == "PermissionError"
    assert inside.run(WELL) == "well"


def test_init_cannot_be_killed(lam: Lam) -> None:
    if not lam.emulator.engine.abilities.isolates_files:
        pytest.skip("without a PID namespace init is a process like others")
    inside = probe(lam)

    inside.run("import os, signal\nfor number in range(1, 65): os.kill(1, number)")

    assert inside.run(WELL) == "well"
    assert [info.invocations for info in lam.environments("probe")] == [2]


SPEAK = """
import os, socket, struct, threading, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
def connect():
    return socket.create_connection((host, int(port)), 5)
def say(data):
    "What is answered until the other side hangs up; None when it does not."
    heard = b""
    with connect() as connection:
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536): heard += chunk
        except ConnectionError:
            pass
        except TimeoutError:
            return None
    return heard.decode("latin-1")
def frame(kind, payload): return struct.pack(">IBB", len(payload), ord(kind), 0) + payload
"""
WRONG = {
    "another's secret": "b'\\0' + frame('H', bytes([4, 0]) + b'0' * 32)",
    "no secret": "b'\\0' + frame('H', bytes([4, 0]))",
    "another protocol": "b'\\0' + frame('H', bytes([9, 9]))",
    "no hello": "b'\\0' + frame('X', bytes(6))",
    "a frame without end": "b'\\0' + struct.pack('>IBB', 0xFFFFFFFF, ord('H'), 0) + b'x' * 100_000",
    "no HTTP": "b'what is this?\\r\\n\\r\\n'",
    "TLS": "bytes([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]) + b'x' * 189",
    "headers without end": "b'GET / HTTP/1.1\\r\\nHost: x\\r\\nX: ' + b'x' * 3_000_000",
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_who_speaks_wrongly_to_the_emulator_is_hung_up_on(lam: Lam, data: str) -> None:
    inside, other = probe(lam), probe(lam, "other")
    other.run(WELL)

    answers = inside.run(f"{SPEAK}\nresult = [say({data}) for _ in range(3)]")

    assert all(answer is not None and "200 OK" not in answer for answer in answers)
    assert (inside.run(WELL), other.run(WELL)) == ("well", "well")


FLOODS = {
    "calls out of place": """
def flood():
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    while time.monotonic() < end:
        connection.request("POST", "/2018-06-01/runtime/invocation/nobody/response", b"x" * 1000, {"Host": host})
        done.append(connection.getresponse().read())
""",
    "calls whose answers it does not read": """
request = f"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode()
def flood():
    while time.monotonic() < end:
        try:
            with connect() as connection:
                while time.monotonic() < end:
                    connection.send(request)
                    done.append(1)
        except OSError:
            pass
""",
    "connections": """
def flood():
    kept = []
    while time.monotonic() < end:
        try:
            kept.append(connect())
            kept[-1].send(b"GET / HT")
            done.append(1)
        except OSError:
            time.sleep(0.01)
""",
}
THREADS = """
import http.client
done, end = [], time.monotonic() + 2
threads = [threading.Thread(target=flood) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
result = len(done)
"""


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_the_runtime_api_leaves_others_served(lam: Lam, flood: str, eventually: Eventually) -> None:
    flooder, other = probe(lam, "flooder", MemorySize=1769, Timeout=20), probe(lam, "other")
    other.run(WELL)

    with ThreadPoolExecutor(1) as thread:
        flooding = thread.submit(flooder.run, SPEAK + flood + THREADS)
        served = [other.run(WELL) for _ in iter(flooding.done, True)]

    assert flooding.result() > 100
    assert len(served) > 10
    # What it sent may still be taken for its runtime's next call, and cost it that runtime: then it has a new one.
    eventually(lambda: flooder.invoke(WELL).error is None, "the flooder to be served again")


HOARD = """
kept = []
def hoard(say, count):
    "Open connections that say this, and keep those that last."
    for _ in range(count):
        try:
            kept.append(connect())
            kept[-1].sendall(say)
            if say.endswith(b"\\r\\n\\r\\n"): kept[-1].recv(65536)
        except OSError:
            pass
ping = f"GET /2018-06-01/ping HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode()
"""
KNOWN, TURNED_AWAY, PRETENDERS = 64, 8, 30


def test_one_function_cannot_take_every_descriptor(lam: Lam, eventually: Eventually) -> None:
    """Neither by connections that say nothing, nor by those that do, nor by those that pretend to be an init."""
    hoarder, other = probe(lam, "hoarder", Timeout=60), probe(lam, "other")
    hoarder.run(WELL)
    other.run(WELL)
    clock, before = lam.emulator.clock, opened()
    assert isinstance(clock, SteppingClock)

    hoarder.run(f"{SPEAK}{HOARD}\nhoard(ping, 200); hoard(b'', 350); hoard(b'GET', 350); hoard(b'\\0', {PRETENDERS})")

    assert other.run(WELL) == "well"
    assert len(opened() - before) < KNOWN + TURNED_AWAY + 16
    for _ in range(5):
        clock.advance(4)
    eventually(lambda: len(opened() - before) < KNOWN + 16, "those that said nothing to be ended")
    assert (hoarder.run(WELL), other.run(WELL)) == ("well", "well")
    assert [info.invocations for info in lam.environments("hoarder")] == [3]
