"""Of delivery streams: docs/contract/events.md#firehose."""

from __future__ import annotations

from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.services.firehose.judging import event
from lambda_emu.services.firehose.stream import StreamRecord
from lambda_emu.services.firehose.table import Row

FIREHOSE = Samples("firehose")
SAMPLES = (FIREHOSE,)


@FIREHOSE.add(
    "transform", "A record that a function transforms on its way.", data="Hello from Firehose", stream="clicks-to-s3"
)
def transform(asked: SampleRequest) -> bytes:
    data, scope = asked["data"].encode(), asked.scope
    stream = StreamRecord(1, scope.account, scope.region, asked["stream"], asked.now_s, {})
    return event(stream, [Row(1, int(asked.now_s * 1000), len(data), None, data)], asked.clock.new_id())
