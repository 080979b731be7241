"""From an object that is put to the handler that hears of it, beside the put itself and three warm Invokes."""

from __future__ import annotations

import socket
import time
from uuid import uuid4

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import client_of
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

BLOCKS = 150
INVOKES = 3
LIMIT_S = 30
FUNCTION = "tells"
EVENTS = "s3:ObjectCreated:*"


def pushed(_stage: Stage) -> list[Verdict]:
    """As processes, so that the handler can tell when it began."""
    with Emulator("--engine", "process") as emulator, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT_S)
        emulator.functions.create([FUNCTION], "app.tells")
        s3 = client_of(emulator.address.url, "s3")
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}"
        for bucket in ("told", "quiet"):
            s3.create_bucket(Bucket=bucket)
        wanted = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": [EVENTS]}]}
        s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration=wanted)
        key = f"{listener.getsockname()[1]}/{{}}"
        request = invocation(emulator.address, FUNCTION, b"{}")

        def heard() -> float:
            begun_s = time.time()
            s3.put_object(Bucket="told", Key=key.format(uuid4()), Body=b"photo")
            with listener.accept()[0] as told:
                return (float(told.recv(64)) - begun_s) * 1000

        with Connection(emulator.address) as connection:

            def put_and_invoked() -> float:
                begun_s = time.perf_counter()
                s3.put_object(Bucket="quiet", Key=key.format(uuid4()), Body=b"photo")
                put_ms = (time.perf_counter() - begun_s) * 1000
                return put_ms + INVOKES * connection.median_ms([request])

            heard()
            put_and_invoked()
            turns = in_turns(heard, put_and_invoked, BLOCKS)
    return [of_turns("S3 put to handler's start, p50", "ms", turns, f"put and {INVOKES} Invokes", 1.0)]
