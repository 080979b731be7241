"""The end of the way of an event: whoever wants the outcome at once hears all of it, however it comes."""

from __future__ import annotations

import pytest
from sandbox_rig import RigReply

from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError


@pytest.mark.parametrize("pieces", [[b"ab", b"c"], [b""], []])
def test_an_outcome_in_pieces_arrives_whole(pieces: list[bytes]) -> None:
    heard: list[Outcome | LambdaError] = []
    reply = RigReply(heard.append)

    reply.begin("$LATEST", "text/plain")
    wanted = [reply.chunk(piece) for piece in pieces]
    reply.end(Outcome(b"d", failed=False, executed_version="$LATEST"))

    assert all(wanted)
    assert heard == [Outcome(b"".join(pieces) + b"d", failed=False, executed_version="$LATEST")]


def test_one_that_comes_at_once_stays_what_it_is() -> None:
    heard: list[Outcome | LambdaError] = []
    outcome = Outcome(b"{}", failed=True, tail=b"END\n")

    RigReply(heard.append).end(outcome)

    assert heard == [outcome]
