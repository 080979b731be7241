"""What is told of records that are given up. docs/contract/events.md#stream-on-failure-record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.arn import service_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import Delivery, object_key, timestamp, work_of
from lambda_emu.event_sources.poller import BatchVerdict, Record, Result
from lambda_emu.event_sources.streams.mapping import StreamMapping
from lambda_emu.store import WorkItem


class Failures:
    """Makes deliveries for one shard of one mapping. event: of records, as the function would be given them."""

    def __init__(self, mapping: StreamMapping, shard: str, clock: Clock) -> None:
        self._mapping = mapping
        self._shard = shard
        self._clock = clock

    def deliveries(
        self,
        records: Sequence[Record],
        condition: str,
        invocations: int,
        result: Result | None,
        event: bytes,
    ) -> Sequence[WorkItem]:
        """For the mapping's destination; none if it has none. result: of the last invocation, None: there was none."""
        wanted = self._mapping.settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if not wanted or not records:
            return ()
        now_s = self._clock.now_s()
        record: dict[str, Any] = {
            "requestContext": {
                "requestId": self._clock.new_id() if result is None else result.request_id,
                "functionArn": self._mapping.target.id.arn(),
                "condition": condition,
                "approximateInvokeCount": invocations,
            }
        }
        if result is not None and result.verdict is not BatchVerdict.REFUSED:
            failed = "Unhandled" if result.function_failed else None
            version = result.executed_version
            record["responseContext"] = {"statusCode": 200, "executedVersion": version, "functionError": failed}
        record |= {"version": "1.0", "timestamp": timestamp(now_s), self._mapping.form.info: self._info(records)}
        key = None
        if service_in(wanted) == "s3":
            record["payload"] = event.decode()
            key = object_key(f"{self._mapping.uuid}/{self._shard}", now_s, self._clock.new_id())
        about = f"{len(records)} records of {self._shard}"
        delivery = Delivery(self._clock.new_id(), wanted, self._mapping.target.id, about, key=key)
        return [work_of(delivery, self._clock.steady_s(), json.dumps(record, separators=(",", ":")).encode())]

    def _info(self, records: Sequence[Record]) -> Mapping[str, object]:
        first, last, time = records[0], records[-1], self._mapping.form.time
        return {
            "shardId": self._shard,
            "startSequenceNumber": first.id,
            "endSequenceNumber": last.id,
            "approximateArrivalOfFirstRecord": time(first.place.at_s),
            "approximateArrivalOfLastRecord": time(last.place.at_s),
            "batchSize": len(records),
            "streamArn": self._mapping.form.stream(self._mapping.arn),
        }
