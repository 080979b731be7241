"""Our own server as the child sees it: it runs functions and keeps queues, for the account that owns what happened."""

from __future__ import annotations

import http.client
import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

from msgspec import Struct

from lambda_emu.model.credentials import Credentials, Issuer
from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.current_request import trace
from lambda_emu.services.child.program.queue_policies import QueuePolicies
from lambda_emu.signatures.signing import Unsigned, signature_headers

log = logging.getLogger(__name__)

ACCEPT_LIMIT_S = 30.0
RUN_LIMIT_S = 910.0
"""No function runs longer than 900 s."""
OF_A_SERVICE = "X-Lambda-Emu-Source"
"""Of events of a service that is served here: they may have a source that begins with `aws.`."""
INVOKED_BY = "X-Lambda-Emu-Invoked-By"
"""As access.services reads it: whose policy of a function has to let it run."""
FUNCTIONS = "/2015-03-31/functions/"


class Invoker(NamedTuple):
    """Of which service it is, as policies name it, and for what: the ARN of a bucket, topic or rule."""

    principal: str
    source: str


class FrontError(Exception):
    """It refused, or cannot be reached."""


class FrontGone(FrontError):
    """Nobody listens: the server is ending. Who asked for what others cannot be told of has to ask again."""


class FrontSlow(FrontError):
    """It did not answer in time."""


class Answered(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Front:
    """url: http://HOST:PORT. issuer: of credentials, also of those by which the server knows us.

    Used by any thread; each call has a connection of its own.
    """

    def __init__(self, url: str, issuer: Issuer) -> None:
        self.url = url
        self.issuer = issuer
        self.is_silent = False
        """Whether nobody is to be told of what is made once more; functions are there, and messages are sent."""
        parts = urlsplit(url)
        self.policies = QueuePolicies(self.queue_policy)
        self._credentials: dict[str, Credentials] = {}  # by account, of which there are few
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def find_function(self, arn: str) -> dict[str, Any]:
        """Its configuration. FrontError: there is none."""
        answered = self._call("GET", f"{FUNCTIONS}{quote(arn, safe='')}/configuration", arn)
        if answered.status != 200:
            raise _refusal(arn, answered)
        found: dict[str, Any] = json.loads(answered.body)
        return found

    def send_event(self, arn: str, event: object, by: Invoker | None = None) -> None:
        """Have the function run some time: it is kept when this returns. FrontError. by: None: whoever may."""
        self._invoke(arn, json.dumps(event).encode(), "Event", by=by)

    def run(self, arn: str, payload: bytes, limit_s: float = RUN_LIMIT_S, by: Invoker | None = None) -> Answered:
        """Run the function and wait for what it answers; a function's own error is an answer too. FrontError."""
        return self._invoke(arn, payload, "RequestResponse", limit_s, by)

    def try_run(self, arn: str, payload: bytes, limit_s: float) -> Answered:
        """As `run`, and what the server refuses is an answer too. FrontSlow after limit_s, FrontError."""
        path = f"{FUNCTIONS}{quote(arn, safe='')}/invocations"
        return self._call("POST", path, arn, payload, {"X-Amz-Invocation-Type": "RequestResponse"}, limit_s)

    def function_policy(self, arn: str) -> str:
        """JSON; empty where there is none, or no such function. FrontError."""
        answered = self._call("GET", f"{FUNCTIONS}{quote(arn, safe='')}/policy", arn)
        try:
            return str(json.loads(answered.body).get("Policy", "")) if answered.status == 200 else ""
        except (ValueError, AttributeError) as error:
            raise FrontError(f"{arn}: {error!r}") from error

    def data_key(self, key_arn: str) -> tuple[bytes, bytes, str]:
        """A new one of KMS for AES-256: as it is, encrypted, and the ARN of the key that did it. FrontError."""
        asked = json.dumps({"KeyId": key_arn, "KeySpec": "AES_256"}).encode()
        headers = {"X-Amz-Target": "TrentService.GenerateDataKey", "Content-Type": "application/x-amz-json-1.1"}
        answered = self._call("POST", "/", key_arn, asked, headers)
        if answered.status != 200:
            raise _refusal(key_arn, answered)
        said = json.loads(answered.body)
        return b64decode(said["Plaintext"]), b64decode(said["CiphertextBlob"]), said["KeyId"]

    def send_message(self, queue_arn: str, body: str, by: Invoker | None = None, **members: object) -> None:
        """members: more of SendMessage's own, but None. FrontError. by: None: whoever may."""
        account, name = queue_arn.split(":")[4:6]
        asked = {"QueueUrl": f"http://{self._host}:{self._port}/{account}/{name}", "MessageBody": body}
        asked |= {key: value for key, value in members.items() if value is not None}  # type: ignore[misc]
        headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
        if by is not None:
            headers[INVOKED_BY] = f"{by.principal} {by.source}"
        answered = self._call("POST", "/", queue_arn, json.dumps(asked).encode(), headers)
        if answered.status != 200:
            raise _refusal(queue_arn, answered)

    def put_event(self, bus_arn: str, source: str, type: str, resources: list[str], detail: str) -> None:
        """In the name of a service of AWS. FrontError."""
        entry = {"Source": source, "DetailType": type, "Resources": resources, "Detail": detail}
        self.put_events(bus_arn, source, [entry])

    def put_events(self, bus_arn: str, source: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """In the name of a service of AWS, ten at most. FrontError."""
        body = json.dumps({"Entries": [{**entry, "EventBusName": bus_arn} for entry in entries]}).encode()
        headers = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}
        answered = self._call("POST", "/", bus_arn, body, {**headers, OF_A_SERVICE: source})
        if answered.status != 200 or json.loads(answered.body).get("FailedEntryCount"):
            raise _refusal(bus_arn, answered)

    def put_log_events(self, group_arn: str, stream: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Into a stream that is made if there is none. events: `timestamp` and `message`. FrontError."""
        where = {"logGroupName": group_arn.split(":", 6)[6], "logStreamName": stream}
        asked = {**where, "logEvents": list(events)}
        answered = self._ask_logs("PutLogEvents", group_arn, asked)
        if b"ResourceNotFoundException" in answered.body:
            self._ask_logs("CreateLogStream", group_arn, where)
            answered = self._ask_logs("PutLogEvents", group_arn, asked)
        if answered.status != 200:
            raise _refusal(group_arn, answered)

    def _ask_logs(self, operation: str, group_arn: str, members: Mapping[str, Any]) -> Answered:
        headers = {"X-Amz-Target": f"Logs_20140328.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        return self._call("POST", "/", group_arn, json.dumps(members).encode(), headers)

    def put_record(self, stream_arn: str, data: str) -> None:
        """A record of a delivery stream. FrontError."""
        record = {"Data": b64encode(data.encode()).decode()}
        asked = {"DeliveryStreamName": stream_arn.rpartition("/")[2], "Record": record}
        headers = {"X-Amz-Target": "Firehose_20150804.PutRecord", "Content-Type": "application/x-amz-json-1.1"}
        answered = self._call("POST", "/", stream_arn, json.dumps(asked).encode(), headers)
        if answered.status != 200:
            raise _refusal(stream_arn, answered)

    def queue_policy(self, queue_arn: str) -> str:
        """JSON; empty where there is none, or nobody tells."""
        account, name = queue_arn.split(":")[4:6]
        asked = {"QueueUrl": f"http://{self._host}:{self._port}/{account}/{name}", "AttributeNames": ["Policy"]}
        headers = {"X-Amz-Target": "AmazonSQS.GetQueueAttributes", "Content-Type": "application/x-amz-json-1.0"}
        try:
            answered = self._call("POST", "/", queue_arn, json.dumps(asked).encode(), headers)
            return str(json.loads(answered.body).get("Attributes", {}).get("Policy", ""))
        except (FrontError, ValueError, AttributeError):
            return ""

    def find_topic(self, arn: str) -> None:
        """FrontError: there is none."""
        self._ask_sns(arn, Action="GetTopicAttributes")

    def publish(self, topic_arn: str, subject: str, message: str) -> None:
        """It is sent when this returns. FrontError."""
        self._ask_sns(topic_arn, Action="Publish", Subject=subject, Message=message)

    def find_bucket(self, bucket: str, account: str, region: str) -> None:
        """FrontError: there is none."""
        self._ask_s3("HEAD", bucket, "", account, region)

    def put_object(self, bucket: str, key: str, body: bytes, account: str, region: str) -> None:
        """It is there when this returns. FrontError."""
        self._ask_s3("PUT", bucket, key, account, region, body)

    def _ask_sns(self, topic_arn: str, **members: str) -> None:
        form = urlencode({"TopicArn": topic_arn, "Version": "2010-03-31", **members}).encode()
        answered = self._call("POST", "/", topic_arn, form, {"Content-Type": "application/x-www-form-urlencoded"})
        if answered.status != 200:
            raise _refusal(topic_arn, answered)

    def _ask_s3(self, method: str, bucket: str, key: str, account: str, region: str, body: bytes = b"") -> None:
        whose = f"arn:aws:s3:{region}:{account}:{bucket}"
        answered = self._call(method, f"/{quote(bucket)}/{quote(key)}", whose, body)
        if answered.status >= 300:
            raise _refusal(whose, answered)

    def _credentials_of(self, account: str) -> Credentials:
        found = self._credentials.get(account)
        if found is None:
            found = self._credentials[account] = self.issuer.of_service(account, uuid4().hex)
        return found

    def _invoke(
        self, arn: str, payload: bytes, kind: str, limit_s: float = ACCEPT_LIMIT_S, by: Invoker | None = None
    ) -> Answered:
        headers = {"X-Amz-Invocation-Type": kind}
        if by is not None:
            headers[INVOKED_BY] = f"{by.principal} {by.source}"
        path = f"{FUNCTIONS}{quote(arn, safe='')}/invocations"
        answered = self._call("POST", path, arn, payload, headers, limit_s)
        if answered.status >= 300:
            raise _refusal(arn, answered)
        return answered

    def _call(
        self,
        method: str,
        path: str,
        arn: str,
        body: bytes = b"",
        headers: Mapping[str, str] = {},
        limit_s: float = ACCEPT_LIMIT_S,
    ) -> Answered:
        if self.is_silent:
            return Answered(200, {}, b"{}")
        service, region, account = arn.split(":")[2:5]
        credentials = self._credentials_of(account)
        host = f"{self._host}:{self._port}"
        asked = Unsigned(method, path, host, body, service, region)
        signed = signature_headers(asked, credentials, clock.machine_s())
        with closing(http.client.HTTPConnection(self._host, self._port, timeout=limit_s)) as connection:
            try:
                connection.request(method, path, body, {**headers, **signed, **trace()})
                answer = connection.getresponse()
                return Answered(answer.status, dict(answer.getheaders()), answer.read())
            except ConnectionError as error:
                raise FrontGone(f"{arn} cannot be told, since lambda-emu is ending; try again.") from error
            except TimeoutError as error:
                raise FrontSlow(f"{arn} did not answer within {limit_s:g} s") from error
            except (OSError, http.client.HTTPException) as error:
                raise FrontError(f"{arn}: {error!r}") from error


def _refusal(arn: str, answered: Answered) -> FrontError:
    """What it says, without the form that it says it in."""
    text = answered.body.decode("utf-8", "replace")
    with suppress(ValueError, AttributeError):
        said = json.loads(text)
        text = said.get("Message") or said.get("message") or text
    return FrontError(f"{arn}: {text}")
