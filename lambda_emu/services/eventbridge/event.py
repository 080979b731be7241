"""An event as targets get it, and what is wrong with an entry that is to become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from msgspec import DecodeError, Raw, Struct
from msgspec.json import encode
from msgspec.json import format as reformat

from lambda_emu.arn import Scope
from lambda_emu.model.timestamps import whole_second
from lambda_emu.services.eventbridge.errors import EntriesTooLarge
from lambda_emu.services.eventbridge.paths import read_raw, write_raw

MOST_BYTES = 262_144
MOST_TRACE_CHARACTERS = 500
TIME_BYTES = 14
"""That AWS counts for a time, however it is written."""

Entry = Mapping[str, Any]


class Refused(Struct, frozen=True):
    """Why an entry becomes no event."""

    code: str
    text: str


class Envelope(Struct, frozen=True, dict=True):
    """Of an event. detail: an object, as JSON without spaces. at_s: when it happened, by who sent it.

    replay: the name of the one that it comes by.
    """

    id: str
    detail_type: str
    source: str
    scope: Scope
    at_s: float
    resources: Sequence[str]
    detail: str
    trace: str | None = None
    replay: str | None = None

    def members(self, *, with_detail: bool = True) -> dict[str, Any]:
        """In the order in which AWS writes them."""
        members: dict[str, Any] = {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.scope.account,
            "time": whole_second(self.at_s),
            "region": self.scope.region,
        }
        members |= {"replay-name": self.replay} if self.replay else {}
        members |= {"resources": list(self.resources)}
        return members | ({"detail": Raw(self.detail)} if with_detail else {})

    @cached_property
    def text(self) -> str:
        return encode(self.members()).decode()

    @cached_property
    def parts(self) -> Any:
        """The event to take parts of, whose numbers are written again as they were."""
        return read_raw(self.text)


def size_bytes(entry: Entry) -> int:
    """As AWS counts it."""
    texts = (entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *entry.get("Resources", ()))
    return sum(len(text.encode(errors="replace")) for text in texts if text) + TIME_BYTES * ("Time" in entry)


def check_size(entries: Sequence[Entry]) -> None:
    """EntriesTooLarge."""
    if sum(map(size_bytes, entries)) > MOST_BYTES:
        raise EntriesTooLarge


def refusal_of(entry: Entry, *, is_of_service: bool = False) -> Refused | None:
    """is_of_service: whether one of AWS's services says it, as S3 does."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return Refused("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if entry["Source"].startswith("aws.") and not is_of_service:
        return Refused("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        if isinstance(read_raw(entry["Detail"]), dict):
            return None
    except ValueError:
        pass
    return Refused("MalformedDetail", "Detail is malformed.")


def trace_of(header: str | None) -> str | None:
    """What of a request's tracing header goes on with its events: AWS follows no loop of functions through them."""
    if not header or len(header) > MOST_TRACE_CHARACTERS or not (header.isascii() and header.isprintable()):
        return None
    return ";".join(member for member in header.split(";") if not member.strip().startswith("Lineage=")) or None


def envelope_of(entry: Entry, id: str, scope: Scope, now_s: float, trace: str | None = None) -> Envelope:
    """Of an entry that is not refused. scope: whose it is. trace: unless it says another."""
    return Envelope(
        id,
        entry["DetailType"],
        entry["Source"],
        scope,
        entry.get("Time", now_s),
        tuple(entry.get("Resources", ())),
        _compact(entry["Detail"]),
        entry.get("TraceHeader", trace),
    )


def read_envelope(text: str) -> Envelope:
    """Of an event as targets get it. ValueError, LookupError, TypeError: it is none."""
    members = read_raw(text)
    scope = Scope(members["account"], members["region"])
    at_s = datetime.fromisoformat(members["time"]).timestamp()
    detail = write_raw(members["detail"])
    return Envelope(
        members["id"], members["detail-type"], members["source"], scope, at_s, tuple(members["resources"]), detail
    )


def _compact(text: str) -> str:
    try:
        return reformat(text.encode(), indent=-1).decode()
    except (DecodeError, UnicodeEncodeError):  # Python reads what is not quite JSON
        return write_raw(read_raw(text))


def ingested(at_s: float) -> str:
    """`YYYY-MM-DDThh:mm:ss.sssZ`, when an event came to its bus."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
