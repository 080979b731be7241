"""What is done to archives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from lambda_emu.services.eventbridge import archive_table
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import AlreadyThere, EventsError, NoSuch, TooMany
from lambda_emu.services.eventbridge.kept import Change
from lambda_emu.services.eventbridge.records import Archive
from lambda_emu.services.eventbridge.request import EventsRequest

MOST_ARCHIVES = 1_000
"""Of an account in a region. AWS has 10 unless raised."""


def create_archive(asked: EventsRequest, buses: Buses) -> None:
    """Its pattern was looked at before."""
    members, name = asked.members, asked.members["ArchiveName"]

    def work() -> Change:
        bus = buses.directory.find(asked.scope, members["EventSourceArn"])
        if bus.scope != asked.scope:
            raise EventsError("Cross account or region archives are not permitted.")  # (?)
        if buses.directory.record(Archive, asked.scope, name) is not None:
            raise AlreadyThere("Archive", name)
        if len(buses.directory.records(Archive)) >= MOST_ARCHIVES:
            raise TooMany
        archive = Archive(asked.scope, name, bus.name, asked.clock.now_s())
        return _changed(replace(archive, **_said(members)))

    buses.change(work, asked.told)


def update_archive(asked: EventsRequest, buses: Buses) -> None:
    buses.change(lambda: _changed(replace(_named(asked, buses), **_said(asked.members))), asked.told)


def delete_archive(asked: EventsRequest, buses: Buses) -> None:
    buses.change(lambda: Change(gone=[_named(asked, buses)]), asked.told)


def describe_archive(asked: EventsRequest, buses: Buses) -> None:
    archive = _named(asked, buses)
    more = {"ArchiveArn": archive.arn, "Description": archive.description, "EventPattern": archive.pattern}

    def told(sums: list[tuple[int, int]]) -> None:
        asked.answer({**_shown(archive, sums[0]), **{name: value for name, value in more.items() if value is not None}})

    _sum([archive], asked, buses, told)


def list_archives(asked: EventsRequest, buses: Buses) -> None:
    members = asked.members
    prefix, state = members.get("NamePrefix", ""), members.get("State", "ENABLED")
    bus = buses.directory.find(asked.scope, members["EventSourceArn"]) if "EventSourceArn" in members else None
    found = [
        one
        for one in buses.directory.records(Archive)
        if one.scope == asked.scope and one.name.startswith(prefix) and (bus is None or one.bus == bus.name)
    ]
    found = found if state == "ENABLED" else []

    def told(sums: list[tuple[int, int]]) -> None:
        asked.page("Archives", ((one.name, _shown(one, sum)) for one, sum in zip(found, sums, strict=True)))

    _sum(found, asked, buses, told)


def _sum(archives: list[Archive], asked: EventsRequest, buses: Buses, told: Any) -> None:
    """told: how many events each of them has, and their bytes."""
    now_s = asked.clock.now_s()
    step = partial(_summed, archives=archives, now_s=now_s)
    buses.read(step, lambda error, sums: told(sums) if error is None else asked.told(error, None))


def _summed(connection: Any, archives: list[Archive], now_s: float) -> list[tuple[int, int]]:
    return [archive_table.summed(connection, each, now_s) for each in archives]


def _named(asked: EventsRequest, buses: Buses) -> Archive:
    """NoSuch."""
    name = asked.members["ArchiveName"]
    found = buses.directory.record(Archive, asked.scope, name)
    if found is None:
        raise NoSuch("Archive", name)
    return found


def _said(members: Mapping[str, Any]) -> dict[str, Any]:
    """What is empty takes away what was said before (?)."""
    names = {"EventPattern": "pattern", "Description": "description"}
    said = {field: members[name] or None for name, field in names.items() if name in members}
    return said | ({"retention_days": members["RetentionDays"]} if "RetentionDays" in members else {})


def _changed(archive: Archive) -> Change:
    shown = {"ArchiveArn": archive.arn, "CreationTime": archive.created_s, "State": "ENABLED"}
    return Change([archive], result=shown)


def _shown(archive: Archive, sums: tuple[int, int]) -> dict[str, Any]:
    return {
        "ArchiveName": archive.name,
        "EventSourceArn": archive.bus_arn,
        "State": "ENABLED",
        "RetentionDays": archive.retention_days,
        "EventCount": sums[0],
        "SizeBytes": sums[1],
        "CreationTime": archive.created_s,
    }
