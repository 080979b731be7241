"""What an environment waits for before it goes on: participants by name, and not a flag for each of them."""

from __future__ import annotations

Participant = str | int
"""A name; init's figures are named by the token (a number) they were asked for with."""

RUNTIME = "the runtime's next call"
KILL = "the kill"


class Barrier(set[Participant]):
    """Those who are not done yet, in whatever order they will be. It is passed when nobody is left."""

    __slots__ = ()

    def done(self, participant: Participant) -> bool:
        """Whether this was the last one; no, if it was not waited for at all."""
        if participant not in self:
            return False
        self.remove(participant)
        return not self
