"""Time zones: the machine's own data if it has any, else that of the package tzdata. docs/decisions/time-zones.md."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

UTC_NAME = "UTC"
NO_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")
"""Files beside the zones that are none, or that count leap seconds."""


class UnknownZone(ValueError):
    """No time zone of IANA's list."""


@lru_cache(maxsize=1024)
def find_zone(name: str) -> tzinfo:
    """UnknownZone."""
    if name == UTC_NAME:
        return UTC
    if name.startswith(NO_ZONES):
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # such as no such file, a name that climbs, a folder
        raise UnknownZone(name) from error


def local_time(instant_s: float, zone: tzinfo) -> datetime:
    """What clocks show there, without its zone."""
    return datetime.fromtimestamp(instant_s, zone).replace(tzinfo=None, fold=0)


def instant_of(local: datetime, zone: tzinfo) -> int | None:
    """Epoch seconds of a local time in whole seconds: of the first, if it comes twice; None if it never comes."""
    instant_s = shifted_instant_of(local, zone)
    return instant_s if local_time(instant_s, zone) == local else None


def shifted_instant_of(local: datetime, zone: tzinfo) -> int:
    """The same, but a time that clocks leap over is as much later as they leap."""
    return int(local.replace(tzinfo=zone, fold=0).timestamp())
