"""Which records of a source a mapping wants. docs/contract/events.md#filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from lambda_emu.model.mappings.filters import Fields, Leaf, compile_pattern, read
from lambda_emu.model.mappings.sources import SourceKind

# Under which name a pattern asks for the data of a record. A change of a DynamoDB table is JSON through and through.
DATA: Mapping[SourceKind, str] = {
    SourceKind.SQS: "body",
    SourceKind.SQS_FIFO: "body",
    SourceKind.KINESIS: "data",
    SourceKind.MSK: "value",
    SourceKind.KAFKA: "value",
    SourceKind.MQ: "data",
}


class RecordFilter:
    """Patterns, one of which is enough. Data is JSON or plain text, and so is what a pattern asks of it: if they differ
    the record is not wanted, unless the pattern does not ask for data.
    """

    def __init__(self, patterns: Sequence[str], data: str | None) -> None:
        compiled = [compile_pattern(pattern) for pattern in patterns]
        self._data = data
        self._all = compiled
        self._of_json = [one for pattern in compiled if (one := _only(pattern, data, Fields)) is not None]
        self._of_text = [one for pattern in compiled if (one := _only(pattern, data, Leaf)) is not None]

    @classmethod
    def of(cls, kind: SourceKind, settings: Mapping[str, Any]) -> RecordFilter | None:
        """None: every record is wanted."""
        filters = settings.get("FilterCriteria", {}).get("Filters", [])
        return cls([each["Pattern"] for each in filters], DATA.get(kind)) if filters else None

    def wants(self, record: Mapping[str, Any], text: str | None) -> bool:
        """record: what there is beside the data. text: the data, if this kind of source has some."""
        if self._data is None or text is None:
            return any(pattern.matches(record) for pattern in self._all)
        parsed = _parsed(text)
        if parsed is None:
            return any(pattern.matches({**record, self._data: text}) for pattern in self._of_text)
        return any(pattern.matches({**record, self._data: parsed}) for pattern in self._of_json)


def _parsed(text: str) -> Any:
    """An object or an array; None: it is plain text, though a number or a text in quotes were JSON too."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return read(text)
    except ValueError:
        return None


def _only(pattern: Fields, name: str | None, form: type[Fields] | type[Leaf]) -> Fields | None:
    """What is left of a pattern for data of this form; None: it wants no such."""
    asked = pattern.fields.get(name or "")
    if asked is not None and not isinstance(asked, form):
        return None
    if not pattern.alternatives:
        return pattern
    left = tuple(one for each in pattern.alternatives if (one := _only(each, name, form)) is not None)
    return replace(pattern, alternatives=left) if left else None
