"""What it costs to know who asks and whether he may: an Invoke that a user of IAM signs, enforced and not."""

from __future__ import annotations

import json
from collections.abc import Sequence

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.client import Connection
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import REGION, client_of
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

BLOCKS = 60
CALLS = 40
FUNCTION = "noop"
MAY_INVOKE = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}


def guarded(_stage: Stage) -> list[Verdict]:
    """In turns, of two servers; each request has a signature of its own, over an event of its own."""
    process = "--engine", "process"
    with Emulator(*process, "--iam", "enforce") as strict, Emulator(*process, "--iam", "off") as other:
        requests = [_signed(emulator, BLOCKS * CALLS + CALLS) for emulator in (strict, other)]
        with Connection(strict.address) as one, Connection(other.address) as two:
            one.median_ms(requests[0][:CALLS])
            two.median_ms(requests[1][:CALLS])
            ours, theirs = (iter(_blocks(each[CALLS:])) for each in requests)
            turns = in_turns(lambda: one.median_ms(next(ours)), lambda: two.median_ms(next(theirs)), BLOCKS)
    return [of_turns("signed Invoke, IAM enforced, p50", "ms", turns, "IAM off", 1.05)]


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
