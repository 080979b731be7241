"""What others change while it is read is read again: a fact about an API must not fail since somebody deploys to it."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from lambda_emu.services.child.program.steady import READS, steadily


@pytest.mark.parametrize("kept", [dict.fromkeys("abc"), OrderedDict.fromkeys("abc"), set("abc")])
def test_what_changes_while_it_is_read_is_read_again(kept: dict[str, None] | set[str]) -> None:
    changes = iter(range(3))

    def read() -> list[str]:
        found = []
        for one in kept:
            found.append(one)
            if (number := next(changes, None)) is not None:
                kept.update([f"{number}"] if isinstance(kept, set) else {f"{number}": None})  # type: ignore[arg-type]
        return found

    assert set(steadily(read)) == {*"abc012"}


def test_what_fails_otherwise_or_never_holds_still_is_told() -> None:
    reads = []

    def fail() -> None:
        reads.append("fail")
        raise RuntimeError("something else")

    def change() -> None:
        reads.append("change")
        raise RuntimeError("dictionary changed size during iteration")

    with pytest.raises(RuntimeError, match="else"):
        steadily(fail)
    with pytest.raises(RuntimeError, match="changed"):
        steadily(change)
    assert reads == ["fail"] + ["change"] * (READS + 1)
