"""What an environment does with the Runtime API's port inside, and with its output, harms nobody and leaves nothing."""

from __future__ import annotations

from descriptors_rig import accepted_at
from inside import probe
from lam import Lam
from waiting import Eventually

from lambda_emu.sandbox.init.ports import RUNTIME_API_PORT

CONNECT = """
    import os, socket
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    def connect():
        connection = socket.create_connection((host, int(port)), 5)
        connection.sendall(b"GET /2018-06-01/ping HTTP/1.1\\r\\n\\r\\n")
        assert connection.recv(1000).endswith(b"pong")
        return connection
"""


def test_the_last_line_comes_before_the_end_however_much_is_printed(lam: Lam) -> None:
    """The tail is put together without a word of init's, most times."""
    inside = probe(lam, MemorySize=1769)

    for i in range(150):
        lines = (1, 2, 30, 300, 3000)[i % 5]
        answer = inside.invoke(f"for i in range({lines}): print('line', {i}, i)")

        *_, last, end, report = answer.tail.splitlines()
        assert (last, end[:4], report[:7]) == (f"line {i} {lines - 1}", "END ", "REPORT ")


def test_six_megabytes_go_there_and_back(lam: Lam) -> None:
    name = lam.create("echo", "def handler(event, context): return event", MemorySize=1769)
    event = "x" * (6 * 1024 * 1024 - 2)

    for _ in range(3):
        assert lam.invoke(name, event, LogType="None").payload == event


def test_connections_that_are_open_at_a_crash_end_with_it(lam: Lam, eventually: Eventually) -> None:
    others = accepted_at(RUNTIME_API_PORT)
    inside = probe(lam)
    inside.run("result = 1")
    assert accepted_at(RUNTIME_API_PORT) - others, "its runtime waits by one"

    for _ in range(4):
        crash = inside.invoke(f"{CONNECT}\n    kept = [connect() for _ in range(30)]; os._exit(1)")
        assert crash.payload["errorType"] == "Runtime.ExitError"
        assert inside.run(f"{CONNECT}\n    kept = [connect() for _ in range(30)]; result = len(kept)") == 30

    inside.invoke("import os; os._exit(1)")
    eventually(lambda: len(accepted_at(RUNTIME_API_PORT) - others) <= 1, "all but its runtime's to end")
    assert len(lam.environments("probe")) == 1


def test_a_runtime_killed_in_the_midst_of_its_answer_is_told(lam: Lam) -> None:
    inside = probe(lam)

    answer = inside.invoke(f"""{CONNECT}
    import signal, time
    connection = connect()
    path = f"/2018-06-01/runtime/invocation/{{context.aws_request_id}}/response"
    head = f"POST {{path}} HTTP/1.1\\r\\nContent-Length: 1000000\\r\\n\\r\\n"
    connection.sendall(head.encode() + b"x" * 500_000)
    os.kill(os.getpid(), signal.SIGKILL)
    """)

    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] in ("Runtime.TruncatedResponse", "Runtime.ExitError")
    assert inside.run("result = 'well'") == "well"


def test_connections_too_many_are_told_and_their_end_makes_room(lam: Lam, eventually: Eventually) -> None:
    inside = probe(lam, Timeout=20)

    told = inside.run(f"""{CONNECT}
    kept, told = [], ""
    try:
        while len(kept) < 100: kept.append(connect())
    except AssertionError: pass
    with socket.create_connection((host, int(port)), 5) as another:
        while chunk := another.recv(1000): told += chunk.decode()
    result = [len(kept), told]
    """)

    assert told[0] == 63  # its runtime has one
    assert told[1].startswith("HTTP/1.1 429 ")
    eventually(lambda: inside.invoke("for one in kept: one.close()").error is None, "room again")
    assert inside.run(f"{CONNECT}\n    result = connect() is not None")


def test_descriptors_that_a_function_sends_to_itself_keep_nobody_from_starting(lam: Lam) -> None:
    """Those on their way in Unix sockets are counted for all processes of a user together."""
    hoarder = probe(lam, "hoarder")

    refused = hoarder.run("""
        import socket
        kept, refused = [], 0
        for _ in range(20):
            kept.append(socket.socketpair())
            try:
                socket.send_fds(kept[-1][0], [b"x"], [1] * 200)
            except OSError as error:
                refused = error.errno
        result = refused
    """)

    assert refused != 0
    assert probe(lam, "other").run("result = 'well'") == "well"
    assert hoarder.invoke("import os; os._exit(1)").error == "Unhandled"
    assert hoarder.run("result = 'well'") == "well"


def test_code_inside_cannot_call_where_its_init_did(lam: Lam) -> None:
    told = probe(lam).run("""
        import socket
        try:
            socket.socket(socket.AF_UNIX).connect("/var/rapid/line/emu.sock")
            result = "connected"
        except OSError as error:
            result = type(error).__name__
    """)

    assert told == "FileNotFoundError"
