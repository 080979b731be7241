"""A role that is there, and that IAM is told of when somebody first asks it, or any service beside it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class LateRole(Struct, frozen=True):
    """id: as IAM has it. document: who may become it, as JSON. policies: ARNs of AWS's own. tags: keys and values.

    made_s: epoch seconds, of work.
    """

    name: str
    id: str
    document: str
    policies: Sequence[str]
    tags: Sequence[tuple[str, str]]
    made_s: float
