"""What a function is given to transform, and what its answer makes of each record. No I/O, no clock.

docs/contract/events.md#firehose.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import decode, encode

from lambda_emu.services.firehose.stream import StreamRecord
from lambda_emu.services.firehose.table import Row

OK, DROPPED, PROCESSING_FAILED = "Ok", "Dropped", "ProcessingFailed"


MOST_KEY_CHARACTERS = 512
"""Of the keys of a partition, which stand in the names of its objects."""


class Failure(Struct, frozen=True):
    """Why a record is an error, in AWS's words where they are recorded."""

    code: str
    text: str


FUNCTION_ERROR = Failure(
    "Lambda.FunctionError", "The Lambda function was successfully invoked but it returned an error result."
)
TIMED_OUT = Failure(
    "Lambda.FunctionTimedOut",
    "The Lambda function invocation timed out. Increase the Timeout setting in the Lambda function.",
)
MISSING = Failure(
    "Lambda.MissingRecordId",
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
)
DUPLICATED = Failure(
    "Lambda.DuplicatedRecordId",
    "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record "
    "Id for each record.",
)
FAILED_STATUS = Failure("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
NO_FORM = Failure(
    "Lambda.FunctionError",
    "Check your function and make sure the output is in required format. In addition to that, make sure the processed "
    "records contain valid result status of Dropped, Ok, or ProcessingFailed",
)
NO_KEYS = Failure("DynamicPartitioning.MissingKeys", "The record has no value for each key of its partition.")  # (?)
_REFUSALS: Mapping[str, Failure] = {
    "ResourceNotFoundException": Failure(
        "Lambda.ResourceNotFound",
        "The specified Lambda function does not exist. Use a different function that does exist.",
    ),
    "AccessDeniedException": Failure(
        "Lambda.InvokeAccessDenied",
        "Access was denied. Ensure that the access policy allows access to the Lambda function.",
    ),
    "TooManyRequestsException": Failure(
        "Lambda.InvokeLimitExceeded", "The Lambda execution limit is exceeded. Increase the concurrent execution limit."
    ),
}


class Answer(Struct, frozen=True):
    """What came of asking a function. refusal: the error code and text with which Lambda did not run it."""

    payload: bytes = b""
    has_failed: bool = False
    has_timed_out: bool = False
    refusal: tuple[str, str] | None = None

    @property
    def failure(self) -> Failure | None:
        """Why it may be asked again."""
        if self.refusal is not None:
            code, text = self.refusal
            return _REFUSALS.get(code, Failure(f"Lambda.{code.removesuffix('Exception')}", text))
        if self.has_timed_out:
            return TIMED_OUT
        return FUNCTION_ERROR if self.has_failed else None


class Verdict(Struct, frozen=True):
    """What becomes of a record. data: as it is delivered; neither: it is dropped. keys: of its partition."""

    data: bytes | None = None
    failure: Failure | None = None
    keys: str = ""


class _Returned(Struct):
    """A record as functions answer it; what is of another kind than it should be is left to be judged."""

    recordId: Any = None
    result: Any = None
    data: Any = None
    metadata: Any = None


class _Answered(Struct):
    records: list[_Returned]


def record_id(row: Row) -> str:
    """The same at each attempt."""
    if row.origin is not None:
        origin = json.loads(row.origin)
        return f"{origin['sequenceNumber']}{origin['subsequenceNumber']:06d}"
    return f"49{row.number:054d}000000"


def event(stream: StreamRecord, rows: Sequence[Row], invocation_id: str) -> bytes:
    """What the function is given."""
    source = {} if stream.source is None else {"sourceKinesisStreamArn": stream.source.arn}
    return encode(
        {
            "invocationId": invocation_id,
            **source,
            "deliveryStreamArn": stream.arn,
            "region": stream.region,
            "records": [_record(row) for row in rows],
        }
    )


def verdicts(rows: Sequence[Row], answer: bytes, wanted: Sequence[str]) -> list[Verdict]:
    """One for each. wanted: the keys of a partition, if there are partitions."""
    returned: dict[str, _Returned] = {}
    twice: set[str] = set()
    for one in _records(answer):
        if isinstance(one.recordId, str):
            (twice.add if one.recordId in returned else lambda _: None)(one.recordId)
            returned[one.recordId] = one
    return [_verdict(returned.get(id), wanted, is_twice=id in twice) for id in map(record_id, rows)]


def failed_line(row: Row, failure: Failure, attempts: int, ended_ms: int, arn: str) -> bytes:
    """As it is delivered, a line of JSON."""
    return (
        encode(
            {
                "rawData": row.data,
                "errorCode": failure.code,
                "errorMessage": failure.text,
                "attemptsMade": attempts,
                "arrivalTimestamp": row.at_ms,
                "attemptEndingTimestamp": ended_ms,
                "lambdaARN": arn,
            }
        )
        + b"\n"
    )


def _record(row: Row) -> dict[str, Any]:
    record = {
        "recordId": record_id(row),
        "approximateArrivalTimestamp": row.at_ms,
        "data": b64encode(row.data).decode(),
    }
    if row.origin is not None:
        record["kinesisRecordMetadata"] = Raw(row.origin.encode())
    return record


def _records(answer: bytes) -> list[_Returned]:
    """Those of an answer that is one; else none, so that all are missing."""
    try:
        return decode(answer, type=_Answered).records
    except (ValueError, RecursionError):
        return []


def _verdict(one: _Returned | None, wanted: Sequence[str], *, is_twice: bool) -> Verdict:
    if one is None:
        return Verdict(failure=MISSING)
    if is_twice:
        return Verdict(failure=DUPLICATED)
    if one.result == DROPPED:
        return Verdict()
    if one.result == PROCESSING_FAILED:
        return Verdict(failure=FAILED_STATUS)
    data = _data(one.data) if one.result == OK else None
    if data is None:
        return Verdict(failure=NO_FORM)
    return _partitioned(data, one.metadata, wanted) if wanted else Verdict(data)


def _data(given: object) -> bytes | None:
    if not isinstance(given, str):
        return None
    try:
        return b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None


def _partitioned(data: bytes, metadata: object, wanted: Sequence[str]) -> Verdict:
    given = metadata.get("partitionKeys") if isinstance(metadata, dict) else None
    found = {key: given.get(key) for key in wanted} if isinstance(given, dict) else {}
    keys = {key: str(value) for key, value in found.items() if isinstance(value, str | int | float) and value != ""}
    if sum(map(len, keys.values())) > MOST_KEY_CHARACTERS:
        return Verdict(failure=NO_KEYS)
    if len(keys) < len(wanted):
        return Verdict(failure=NO_KEYS)
    return Verdict(data, keys=encode(keys).decode())
