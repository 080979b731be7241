"""What it costs to know who asks and whether he may: an Invoke that a user of IAM signs, enforced and not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.client import Connection
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns
from benchmarks.functions import REGION, client_of
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

PAIRS = 4
"""Of servers: what one process happens to have for itself, as its place in caches, is none of what is measured."""
BLOCKS = 16
CALLS = 40
FUNCTION = "noop"
MAY_INVOKE = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}


def guarded(_stage: Stage) -> list[Verdict]:
    """In turns, of two servers at a time; each request has a signature of its own, over an event of its own."""
    pairs = [_measured(("enforce", "off") if number % 2 else ("off", "enforce")) for number in range(PAIRS)]
    turns = Turns([each for pair in pairs for each in pair.ours], [each for pair in pairs for each in pair.theirs])
    return [of_turns("signed Invoke, IAM enforced, p50", "ms", turns, "IAM off", 1.05)]


def _measured(order: tuple[str, str]) -> Turns:
    """order: which of both starts first."""
    with ExitStack() as undo:
        servers = {mode: undo.enter_context(Emulator("--engine", "process", "--iam", mode)) for mode in order}
        requests = {mode: _signed(server, BLOCKS * CALLS + CALLS) for mode, server in servers.items()}
        connections = {mode: undo.enter_context(Connection(server.address)) for mode, server in servers.items()}
        blocks = {mode: iter(_blocks(each)) for mode, each in requests.items()}

        def block(mode: str) -> float:
            return connections[mode].median_ms(next(blocks[mode]))

        for mode in order:
            block(mode)
        return in_turns(lambda: block("enforce"), lambda: block("off"), BLOCKS)


def _blocks(requests: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [requests[at : at + CALLS] for at in range(0, len(requests), CALLS)]


def _signed(emulator: Emulator, count: int) -> list[bytes]:
    """By a user who may do no more than that."""
    emulator.functions.create([FUNCTION], "app.noop")
    iam = client_of(emulator.address.url, "iam")
    iam.create_user(UserName="ada")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [MAY_INVOKE]})
    iam.put_user_policy(UserName="ada", PolicyName="invokes", PolicyDocument=policy)
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    signer = SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "lambda", REGION)
    return [_request(emulator, signer, json.dumps({"number": number}).encode()) for number in range(count)]


def _request(emulator: Emulator, signer: SigV4Auth, event: bytes) -> bytes:
    path, address = f"/2015-03-31/functions/{FUNCTION}/invocations", emulator.address
    headers = {"Host": f"{address.host}:{address.port}", "Content-Type": "application/json"}
    request = AWSRequest("POST", address.url + path, data=event, headers=headers)
    signer.add_auth(request)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(event)}", "", ""]).encode() + event
