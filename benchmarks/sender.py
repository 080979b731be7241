"""Send a file that holds one HTTP request, and exit with 0 if the answer is 201: `python -m benchmarks.sender`.

A process of its own, so that the sending takes nothing from the interpreter that times invocations beside it.
"""

from __future__ import annotations

import os
import socket
import sys


def main(host: str, port: str, path: str) -> int:
    with socket.create_connection((host, int(port)), timeout=120) as connection, open(path, "rb") as body:
        connection.sendfile(body)
        answer = connection.recv(4096)
    if answer.startswith(b"HTTP/1.1 201"):
        return os.EX_OK
    sys.stderr.write(answer.decode(errors="replace"))
    return os.EX_DATAERR


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
