"""Whose turn it is among target groups that share requests by their weights."""

from __future__ import annotations

from lambda_emu.triggers.load_balancers.balancer import Forward, TargetGroup

MOST_KNOWN = 1024


class Turns:
    """Each group has its share as evenly as can be: of weights 3 and 1 every fourth request goes to the second."""

    def __init__(self) -> None:
        self._credit: dict[Forward, list[int]] = {}

    def choose(self, forward: Forward) -> TargetGroup | None:
        """None: there is no group, or none that has a weight."""
        total = sum(weight for _, weight in forward.groups)
        if total <= 0:
            return None
        if len(forward.groups) == 1:
            return forward.groups[0][0]
        credit = self._credit.get(forward)
        if credit is None:
            if len(self._credit) >= MOST_KNOWN:
                self._credit.clear()
            credit = self._credit[forward] = [0] * len(forward.groups)
        for at, (_, weight) in enumerate(forward.groups):
            credit[at] += weight
        chosen = max(range(len(credit)), key=credit.__getitem__)
        credit[chosen] -= total
        return forward.groups[chosen][0]
