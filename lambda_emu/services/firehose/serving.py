"""How a request is served: read, given to its operation, answered as JSON 1.1. Every operation by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.services.callers import caller_of
from lambda_emu.services.firehose import control, putting
from lambda_emu.services.firehose.errors import UnknownFirehoseOperation
from lambda_emu.services.firehose.members import parse
from lambda_emu.services.firehose.request import FirehoseRequest
from lambda_emu.services.firehose.streams import DeliveryStreams
from lambda_emu.services.json_wire import JSON_1_1, json_error, operation_of, teller
from lambda_emu.services.shapes import Shapes, load_model

TARGET = b"Firehose_20150804."
UNCHECKED = ("HttpEndpointUrl",)
"""It may be of HTTP without TLS here."""

Operation = Callable[[FirehoseRequest, DeliveryStreams], None]
OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateDeliveryStream": control.create_delivery_stream,
        "DeleteDeliveryStream": control.delete_delivery_stream,
        "DescribeDeliveryStream": control.describe_delivery_stream,
        "ListDeliveryStreams": control.list_delivery_streams,
        "ListTagsForDeliveryStream": control.list_tags_for_delivery_stream,
        "PutRecord": putting.put_record,
        "PutRecordBatch": putting.put_record_batch,
        "StartDeliveryStreamEncryption": control.start_delivery_stream_encryption,
        "StopDeliveryStreamEncryption": control.stop_delivery_stream_encryption,
        "TagDeliveryStream": control.tag_delivery_stream,
        "UntagDeliveryStream": control.untag_delivery_stream,
        "UpdateDestination": control.update_destination,
    }
)


class FirehoseServer:
    """Serves requests, on the loop or, where reading one takes long, on a worker."""

    def __init__(self, streams: DeliveryStreams, clock: Clock, scope: Scope) -> None:
        """scope: of callers who sign nothing."""
        self._streams = streams
        self._clock = clock
        self._scope = scope
        self._shapes = Shapes(load_model("firehose"), list(OPERATIONS), UNCHECKED)

    def serve(self, request: Request, call: Call) -> Answer | None:
        try:
            name = operation_of(request, TARGET)
            if name not in OPERATIONS:
                raise UnknownFirehoseOperation
            members = parse(name, request.body, self._shapes)
        except LambdaError as error:
            return json_error(error, request, JSON_1_1)
        asked = FirehoseRequest(members, caller_of(request, self._scope), self._clock, teller(call))
        call.detach(self._begin, OPERATIONS[name], asked)
        return None

    def _begin(self, operation: Operation, asked: FirehoseRequest) -> None:
        """On the loop."""
        try:
            operation(asked, self._streams)
        except LambdaError as error:
            asked.told(error, None)
