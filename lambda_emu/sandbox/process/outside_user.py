"""Who the user of a sandbox is outside of it, where root may choose: nobody that this machine has an account for.

Each sandbox has one of its own: what the kernel has for a user, as instances of inotify, one cannot take from all.

Inside it is 993, as on Lambda. Outside, 993 is often some service, which could read its variables by /proc, and
as which the sandbox would appear to whatever it can reach.
"""

from __future__ import annotations

from pathlib import Path

from lambda_emu.sandbox.process.private_root import GROUP, USER

BEYOND_ACCOUNTS = 1_879_048_192
"""From here on systemd's page on UIDs and GIDs knows of no use; accounts, containers and their ranges are all below."""
DIGITS = 6
"""Of a sandbox's name, hexadecimal: 16 million users, of whom two of 200 sandboxes are the same once in 800 times."""


def outside_ids(name: str, proc: Path = Path("/proc/self")) -> tuple[int, int]:
    """User and group of a sandbox. Those of inside where the machine, itself a container, has no others to give.

    name: hexadecimal and random. The group is that of all.
    """
    user, group = BEYOND_ACCOUNTS + USER + int(name[:DIGITS], 16), BEYOND_ACCOUNTS + GROUP
    if _is_had(proc / "uid_map", user) and _is_had(proc / "gid_map", group):
        return user, group
    return USER, GROUP


def _is_had(table: Path, number: int) -> bool:
    """Whether our own namespace maps a number; user_namespaces(7) has the columns."""
    rows = [list(map(int, line.split())) for line in table.read_text().splitlines()]
    return any(first <= number < first + count for first, _, count in rows)
