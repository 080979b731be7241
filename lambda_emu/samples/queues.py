"""Of queues: docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

from lambda_emu.event_sources.sqs.message import Messages
from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.services.sqs.message import Content, Received, md5_of

SQS = Samples("sqs")
SAMPLES = (SQS,)
QUEUE_ID = 1


@SQS.add("message", "A batch of one message of a queue.", body="Hello from SQS", queue="jobs", attributes="{}")
def message(asked: SampleRequest) -> bytes:
    return _batch(asked, asked["queue"], {})


@SQS.add(
    "fifo-message",
    "A batch of one message of a FIFO queue.",
    body="Hello from SQS",
    queue="jobs.fifo",
    group="customers",
    deduplication_id="order-1",
    attributes="{}",
)
def fifo_message(asked: SampleRequest) -> bytes:
    system = {"MessageGroupId": asked["group"], "MessageDeduplicationId": asked["deduplication-id"]}
    return _batch(asked, asked["queue"].removesuffix(".fifo") + ".fifo", system)


def _batch(asked: SampleRequest, queue: str, system: dict[str, str]) -> bytes:
    """attributes: texts by name."""
    body, now_s = asked["body"], asked.now_s
    attributes = {
        name: {"DataType": "String", "StringValue": str(value)} for name, value in asked.object("attributes").items()
    }
    content = Content(body, attributes, {"SenderId": asked.scope.account, **system})
    received = Received(QUEUE_ID, asked.clock.new_id(), 1, 1, now_s, now_s, content.row(), md5_of(body))
    record = Messages(asked.scope.arn(queue, "sqs")).received(received)
    return b'{"Records":[%b]}' % record.json
