"""The handlers that are measured; both emulators run this very file."""

import os
import socket
import time
from typing import Any


def answering(_event: Any, _context: object) -> Any:
    return {"statusCode": 200, "body": '{"answer":1}'}


def noop(event: Any, _context: object) -> Any:
    return event


def sleep(event: Any, _context: object) -> Any:
    time.sleep(0.1)
    return event


def crash(event: Any, _context: object) -> Any:
    if event.get("crash"):
        os._exit(1)
    return event


def tells(event: Any, _context: object) -> Any:
    """Says when it began to who listens on the port that an object's key begins with."""
    begun_s = time.time()
    for record in event.get("Records", ()):
        port = int(record["s3"]["object"]["key"].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as listener:
            listener.sendall(repr(begun_s).encode())


def counts(event: Any, _context: object) -> None:
    """Says how many records there are to who listens on the port that their partition keys begin with."""
    records = event["Records"]
    port = int(records[0]["kinesis"]["partitionKey"].partition("/")[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as told:
        told.sendto(str(len(records)).encode(), ("127.0.0.1", port))
