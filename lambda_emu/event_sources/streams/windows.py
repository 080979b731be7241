"""Tumbling windows: records of the same stretch of time share a state. docs/contract/events.md#tumbling-windows."""

from __future__ import annotations

import json

from msgspec import Struct

from lambda_emu.model.timestamps import whole_second

MOST_STATE_BYTES = 1024 * 1024


class Window(Struct, frozen=True):
    """One that has begun. state: what the function returned last, as JSON. is_full: it has to end before its time."""

    start_s: int
    size_s: int
    state: str = "{}"
    is_full: bool = False

    @classmethod
    def of(cls, at_s: float, size_s: int) -> Window:
        """That in which a record lies which came then (seconds since the epoch)."""
        return cls(int(at_s // size_s) * size_s, size_s)

    @property
    def end_s(self) -> int:
        return self.start_s + self.size_s

    def holds(self, at_s: float) -> bool:
        """Whoever comes late belongs to the one that is open."""
        return at_s < self.end_s

    def after(self, payload: bytes) -> Window:
        """As it goes on, by what the function answered: a state that is no object leaves none."""
        try:
            answer = json.loads(payload or b"null")
        except (ValueError, RecursionError):
            answer = None
        state = answer.get("state") if isinstance(answer, dict) else None
        text = json.dumps(state if isinstance(state, dict) else {}, separators=(",", ":"))
        if len(text) > MOST_STATE_BYTES:
            return Window(self.start_s, self.size_s, self.state, is_full=True)
        return Window(self.start_s, self.size_s, text)

    def members(self, shard: str, arn: str, *, is_last: bool) -> str:
        """What an event has beside its records, without braces."""
        window = json.dumps(
            {"start": whole_second(self.start_s), "end": whole_second(self.end_s)}, separators=(",", ":")
        )
        early = json.dumps(is_last and self.is_full)
        return (
            f'"window":{window},"state":{self.state},"shardId":{json.dumps(shard)},"eventSourceARN":{json.dumps(arn)},'
            f'"isFinalInvokeForWindow":{json.dumps(is_last)},"isWindowTerminatedEarly":{early}'
        )

    def kept(self) -> str:
        """As it is written down."""
        return json.dumps([self.start_s, self.size_s, self.state, self.is_full])

    @classmethod
    def read(cls, text: str | None) -> Window | None:
        return None if text is None else cls(*json.loads(text))
