"""A client that is a nuisance until it is ended: `python -m benchmarks.pest heads|silence HOST PORT`.

heads: requests whose headers are as much work as a port lets them be, one after the other. silence: 300 connections
that say nothing, made anew as they are ended. It prints a line once it is at it. A process of its own, as in sender.py.
"""

from __future__ import annotations

import itertools
import socket
import sys
import time

SILENT = 300
CALL = b"POST /2015-03-31/functions/noop/invocations%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
END = b"\r\n{}"
HEADS = [
    CALL % b"" + b"Authorization: AWS4-HMAC-SHA256 " + b"Credential=" * 5_900 + b"\r\n" + END,
    CALL % b"" + b"Authorization: AWS4-HMAC-SHA256 " + b"Credential=" * 90_000 + b"\r\n" + END,
    CALL % b"" + b"x:y\r\n" * 97 + END,
    CALL % b"" + b"x:y\r\n" * 200_000 + END,
    CALL % (b"?" + b"a=&" * 20_000) + END,
    CALL % b"" + b"X-Amz-Client-Context: " + b"e30=" * 16_000 + b"\r\n" + END,
    CALL % b"" + b"X-Amzn-Trace-Id: " + b"Root=1;" * 9_000 + b"\r\n" + END,
]


def heads(address: tuple[str, int]) -> None:
    for request in itertools.cycle(HEADS):
        with socket.create_connection(address, timeout=60) as connection:
            try:
                connection.sendall(request)
                connection.recv(4096)
            except ConnectionError:
                continue  # hung up on before it had said all


def silence(address: tuple[str, int]) -> None:
    kept: list[socket.socket] = []
    while True:
        kept = [one for one in kept if _lasts(one)]
        while len(kept) < SILENT:
            kept.append(socket.create_connection(address, timeout=60))
            kept[-1].setblocking(False)
        time.sleep(0.1)


def _lasts(connection: socket.socket) -> bool:
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    except ConnectionError:
        pass
    connection.close()
    return False


if __name__ == "__main__":
    what, host, port = sys.argv[1:]
    socket.create_connection((host, int(port)), timeout=60).close()
    print("at it", flush=True)
    {"heads": heads, "silence": silence}[what]((host, int(port)))
