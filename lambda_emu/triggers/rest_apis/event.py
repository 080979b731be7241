"""The event that a request to a REST API becomes for a function by AWS_PROXY. docs/contract/events.md#rest-apis."""

from __future__ import annotations

from typing import NamedTuple

from lambda_emu.http.message import Head
from lambda_emu.triggers.http_event import parameters_of, quoted, to_json
from lambda_emu.triggers.rest_apis.binary import as_text
from lambda_emu.triggers.rest_apis.context import Moment, context_of
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.headers import headers_in

TRACE = "x-amzn-trace-id"
AT = "\x00"
"""Stands where a value of the moment is put: no header, path or name has it."""


class EventTemplate(NamedTuple):
    """The event but for its trace, time, id and body: `pieces` stand around those, in the order of `event`."""

    pieces: tuple[str, ...]
    is_binary: bool

    def event(self, moment: Moment, body: bytes) -> bytes:
        """As JSON in UTF-8."""
        trace, request_id, pieces = quoted(moment.trace), moment.request_id, self.pieces
        said = to_json(as_text(body, binary=self.is_binary)) if body else "null"
        encoded = "true" if self.is_binary and body else "false"
        text = (
            f"{pieces[0]}{trace}{pieces[1]}{trace}{pieces[2]}{request_id}{pieces[3]}{moment.time}{pieces[4]}"
            f'{moment.epoch_ms}{pieces[5]}{request_id}{pieces[6]},"body":{said},"isBase64Encoded":{encoded}}}'
        )
        return text.encode()


def make_template(entered: Entered, is_binary: bool) -> EventTemplate:
    """Of every request with this head that takes this method. is_binary: whether its body is bytes."""
    asked = entered.request
    headers = headers_of(asked.head)
    parameters = parameters_of(asked.query.decode("latin-1"))
    before = {
        "resource": entered.resource.path,
        "path": entered.path,
        "httpMethod": asked.method,
        "headers": {name: values[-1] for name, values in headers.items()},
    }
    told = {
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": entered.parameters or None,
        "stageVariables": entered.variables or None,
    }
    context = to_json(context_of(entered, Moment(AT, AT, 0, "")))
    to_id, to_time, to_epoch, to_last_id, after = _around_the_moment(context)
    pieces = (
        f'{to_json(before)[:-2]},"X-Amzn-Trace-Id":',
        f'}},"multiValueHeaders":{to_json(headers)[:-1]},"X-Amzn-Trace-Id":[',
        f']}},{to_json(told)[1:-1]},"requestContext":{to_id}',
        to_time,
        to_epoch,
        to_last_id,
        after,
    )
    return EventTemplate(pieces, is_binary)


def _around_the_moment(context: str) -> tuple[str, str, str, str, str]:
    """JSON, at what stands for extendedRequestId, requestTime, requestTimeEpoch and requestId."""
    mark = to_json(AT)[1:-1]
    to_id, to_time, rest, after = context.split(mark)
    epoch = '"requestTimeEpoch":'
    to_epoch, _, to_last_id = rest.partition(f"{epoch}0")
    return to_id, to_time, to_epoch + epoch, to_last_id, after


def headers_of(head: Head) -> dict[str, list[str]]:
    """All values of each but the trace; names that differ in case alone are one."""
    found: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for name, value in headers_in(head):
        if name.lower() != TRACE:
            found.setdefault(spelled.setdefault(name.lower(), name), []).append(value)
    return found
