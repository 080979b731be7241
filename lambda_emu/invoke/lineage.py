"""How often one chain of events came through a function, as its trace header says. docs/contract/invoke.md#recursion.

The header travels with what a function sends, so the chain is known wherever it goes on. Its Lineage has AWS's form
`<requests>:<hash of a function>:<loops>`: invocations in the chain, one function of them, and how often that was run
again. Which function it counts is looked at anew at the 2nd, 4th, 8th … invocation, as long as it was not run again, so
a chain that begins elsewhere and then goes in circles is found too.
"""

from __future__ import annotations

import re

from msgspec import Struct

from lambda_emu.arn import Target

MOST_RUNS = 16
"""Of one function in one chain."""
MOST_REQUESTS, MOST_LOOPS = 32_767, 255
ANEW_AT = 256
"""From here on each power of two begins anew, however often the function was run again."""

_LINEAGE = re.compile(r"(\d{1,5}):([0-9a-f]{8}):(\d{1,3})", re.ASCII)


class Lineage(Struct, frozen=True):
    requests: int
    mark: str
    loops: int

    def __str__(self) -> str:
        return f"{self.requests}:{self.mark}:{self.loops}"

    def through(self, mark: str) -> Lineage:
        """One invocation more, of this function."""
        requests = min(self.requests + 1, MOST_REQUESTS)
        if mark == self.mark:
            return Lineage(requests, mark, min(self.loops + 1, MOST_LOOPS))
        is_power = requests & (requests - 1) == 0
        if is_power and (self.loops == 0 or requests >= ANEW_AT):
            return Lineage(requests, mark, 0)
        return Lineage(requests, self.mark, self.loops)


def go_on(header: str, target: Target) -> str:
    """A header for the next invocation of its chain. Its Lineage stands last; what is none counts as none."""
    rest, text = _take_apart(header)
    found = _LINEAGE.fullmatch(text)
    lineage = Lineage(1, target.mark, 0)
    if found is not None:
        lineage = Lineage(int(found[1]), found[2], int(found[3])).through(target.mark)
    return f"{rest};Lineage={lineage}" if rest else f"Lineage={lineage}"


def _take_apart(header: str) -> tuple[str, str]:
    """What else it says, and its Lineage, the first one; in ours that stands last, and it is the only one."""
    rest, said, text = header.rpartition(";Lineage=")
    if said and "Lineage=" not in rest and ";" not in text:
        return rest, text
    members = [member.strip() for member in header.split(";")]
    lineages = [member.removeprefix("Lineage=") for member in members if member.startswith("Lineage=")]
    return ";".join(one for one in members if one and not one.startswith("Lineage")), (*lineages, "")[0]


def came_again(header: str | None) -> bool:
    """Whether a function of this chain was run again: most chains are over before. header: as `go_on` made it."""
    return header is not None and not header.endswith(":0")


def runs_in_circles(header: str | None, target: Target) -> bool:
    """Whether the function was run as often in this chain as it may be. header: as `go_on` made it."""
    if header is None or not came_again(header):
        return False
    found = _LINEAGE.fullmatch(header.rpartition("Lineage=")[2])
    return found is not None and found[2] == target.mark and int(found[3]) >= MOST_RUNS
