"""What is done to API destinations and to the connections that they ask by. Secrets are kept, and never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import AlreadyThere, EventsError, Missing, TooMany
from lambda_emu.services.eventbridge.kept import Change
from lambda_emu.services.eventbridge.records import ApiDestination, Connection
from lambda_emu.services.eventbridge.request import EventsRequest

MOST = 3_000
"""Of each kind in an account and region, as on AWS."""
PARAMETERS: Mapping[str, str] = {
    "BASIC": "BasicAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
}
"""That a connection needs, by its type."""
SECRETS = frozenset({"Password", "ApiKeyValue", "ClientSecret"})
SECRET_CHARACTERS = 6


class NoSuchConnection(Missing):
    """Recorded of DescribeConnection."""

    def __init__(self, doing: str, name: str) -> None:
        super().__init__(f"Failed to {doing} the connection(s). Connection '{name}' does not exist.")


class NoSuchDestination(Missing):
    """Recorded of DescribeApiDestination."""

    def __init__(self, doing: str, name: str) -> None:
        super().__init__(f"Failed to {doing} the api-destination(s). An api-destination '{name}' does not exist.")


# -- connections ----------------------------------------------------------------------------------


def create_connection(asked: EventsRequest, buses: Buses) -> None:
    members, name = asked.members, asked.members["Name"]

    def work() -> Change:
        if buses.directory.record(Connection, asked.scope, name) is not None:
            raise AlreadyThere("Connection", name)  # (?)
        _check_room(buses.directory.records(Connection))
        now_s, parameters = asked.clock.now_s(), members["AuthParameters"]
        _check_parameters(members["AuthorizationType"], parameters)
        made = Connection(
            asked.scope,
            name,
            asked.clock.new_id(),
            members["AuthorizationType"],
            parameters,
            now_s,
            now_s,
            now_s,
            members.get("Description"),
        )
        shown = _times(made)
        del shown["LastAuthorizedTime"]
        return Change([made], result=shown)

    buses.change(work, asked.told)


def update_connection(asked: EventsRequest, buses: Buses) -> None:
    """What is not said stays, within the parameters too."""
    members = asked.members

    def work() -> Change:
        before, now_s = _connection(asked, buses, "update"), asked.clock.now_s()
        type = members.get("AuthorizationType", before.type)
        parameters = _merged(before.parameters, members.get("AuthParameters", {}))
        _check_parameters(type, parameters)
        after = replace(
            before,
            type=type,
            parameters=parameters,
            modified_s=now_s,
            authorized_s=now_s,
            description=members.get("Description", before.description),
        )
        return Change([after], result=_times(after))

    buses.change(work, asked.told)


def deauthorize_connection(asked: EventsRequest, buses: Buses) -> None:
    """It forgets its secrets."""

    def work() -> Change:
        before = _connection(asked, buses, "deauthorize")
        after = replace(before, parameters=_without_secrets(before.parameters), authorized_s=None)
        return Change([after], result=_times(after))

    buses.change(work, asked.told)


def delete_connection(asked: EventsRequest, buses: Buses) -> None:
    def work() -> Change:
        found = _connection(asked, buses, "delete")
        return Change(gone=[found], result={**_times(found), "ConnectionState": "DELETING"})

    buses.change(work, asked.told)


def describe_connection(asked: EventsRequest, buses: Buses) -> None:
    found = _connection(asked, buses, "describe")
    scope = found.scope
    secret = scope.arn("secret", "secretsmanager")
    shown = {
        "Name": found.name,
        "AuthorizationType": found.type,
        "SecretArn": f"{secret}:events!connection/{found.name}/{found.id}-{found.id[:SECRET_CHARACTERS]}",
        "AuthParameters": _without_secrets(found.parameters),
        **({"Description": found.description} if found.description is not None else {}),
    }
    asked.answer({**_times(found), **shown})


def retrieve_credentials(asked: EventsRequest, buses: Buses) -> None:
    """For a task of a state machine: with its secrets."""
    arn: str = asked.members["ConnectionArn"]
    name = [*arn.split("/"), ""][1]
    found = buses.directory.record(Connection, asked.scope, name)
    if found is None or found.arn != arn:
        raise NoSuchConnection("retrieve", name)
    shown = {"AuthorizationType": found.type, "AuthParameters": found.parameters}
    asked.answer({"ConnectionState": found.state, **shown})


def list_connections(asked: EventsRequest, buses: Buses) -> None:
    prefix, state = asked.members.get("NamePrefix", ""), asked.members.get("ConnectionState")
    found = [
        one
        for one in buses.directory.records(Connection)
        if one.scope == asked.scope and one.name.startswith(prefix) and state in (None, one.state)
    ]
    shown = ((one.name, {"Name": one.name, "AuthorizationType": one.type, **_times(one)}) for one in found)
    asked.page("Connections", shown)


def _connection(asked: EventsRequest, buses: Buses, doing: str) -> Connection:
    """NoSuchConnection."""
    name = asked.members["Name"]
    found = buses.directory.record(Connection, asked.scope, name)
    if found is None:
        raise NoSuchConnection(doing, name)
    return found


def _times(connection: Connection) -> dict[str, Any]:
    shown = {
        "ConnectionArn": connection.arn,
        "ConnectionState": connection.state,
        "CreationTime": connection.created_s,
        "LastModifiedTime": connection.modified_s,
    }
    authorized_s = connection.authorized_s
    return shown if authorized_s is None else {**shown, "LastAuthorizedTime": authorized_s}


def _check_parameters(type: str, parameters: Mapping[str, Any]) -> None:
    if PARAMETERS[type] not in parameters:
        raise EventsError(f"Authorization parameters of {type} are missing: {PARAMETERS[type]}")  # (?)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    hidden = {*SECRETS, "Value"} if value.get("IsValueSecret") else SECRETS
    return {name: _without_secrets(inner) for name, inner in value.items() if name not in hidden}


def _merged(before: Any, after: Any) -> Any:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return after
    return {**before, **{name: _merged(before.get(name), value) for name, value in after.items()}}


# -- API destinations -----------------------------------------------------------------------------


def create_api_destination(asked: EventsRequest, buses: Buses) -> None:
    members, name = asked.members, asked.members["Name"]

    def work() -> Change:
        if buses.directory.record(ApiDestination, asked.scope, name) is not None:
            raise AlreadyThere("An api-destination", name)  # (?)
        _check_room(buses.directory.records(ApiDestination))
        _check_connection(members["ConnectionArn"], buses)
        now_s = asked.clock.now_s()
        made = ApiDestination(
            asked.scope,
            name,
            asked.clock.new_id(),
            members["ConnectionArn"],
            members["InvocationEndpoint"],
            members["HttpMethod"],
            now_s,
            now_s,
            members.get("InvocationRateLimitPerSecond", 300),
            members.get("Description"),
        )
        return Change([made], result=_answer(made, buses))

    buses.change(work, asked.told)


def update_api_destination(asked: EventsRequest, buses: Buses) -> None:
    members = asked.members
    fields = {
        "ConnectionArn": "connection",
        "InvocationEndpoint": "endpoint",
        "HttpMethod": "method",
        "InvocationRateLimitPerSecond": "most_per_s",
        "Description": "description",
    }

    def work() -> Change:
        said = {field: members[name] for name, field in fields.items() if name in members}
        if "connection" in said:
            _check_connection(said["connection"], buses)
        after = replace(_destination(asked, buses, "update"), **said, modified_s=asked.clock.now_s())
        return Change([after], result=_answer(after, buses))

    buses.change(work, asked.told)


def delete_api_destination(asked: EventsRequest, buses: Buses) -> None:
    buses.change(lambda: Change(gone=[_destination(asked, buses, "delete")]), asked.told)


def describe_api_destination(asked: EventsRequest, buses: Buses) -> None:
    found = _destination(asked, buses, "describe")
    more = {} if found.description is None else {"Description": found.description}
    asked.answer({**_shown(found, buses), **more})


def list_api_destinations(asked: EventsRequest, buses: Buses) -> None:
    prefix, connection = asked.members.get("NamePrefix", ""), asked.members.get("ConnectionArn")
    found = [
        one
        for one in buses.directory.records(ApiDestination)
        if one.scope == asked.scope and one.name.startswith(prefix) and connection in (None, one.connection)
    ]
    asked.page("ApiDestinations", ((one.name, _shown(one, buses)) for one in found))


def connection_of(arn: str, buses: Buses) -> Connection | None:
    """By its ARN."""
    return next((one for one in buses.directory.records(Connection) if one.arn == arn), None)


def destination_of(arn: str, buses: Buses) -> ApiDestination | None:
    return next((one for one in buses.directory.records(ApiDestination) if one.arn == arn), None)


def _destination(asked: EventsRequest, buses: Buses, doing: str) -> ApiDestination:
    """NoSuchDestination."""
    name = asked.members["Name"]
    found = buses.directory.record(ApiDestination, asked.scope, name)
    if found is None:
        raise NoSuchDestination(doing, name)
    return found


def _check_connection(arn: str, buses: Buses) -> None:
    if connection_of(arn, buses) is None:
        raise Missing(f"Connection '{arn.split('/')[1]}' does not exist.")  # (?)


def _check_room(there: list[Any]) -> None:
    if len(there) >= MOST:
        raise TooMany


def _answer(destination: ApiDestination, buses: Buses) -> dict[str, Any]:
    connection = connection_of(destination.connection, buses)
    is_active = connection is not None and connection.authorized_s is not None
    return {
        "ApiDestinationArn": destination.arn,
        "ApiDestinationState": "ACTIVE" if is_active else "INACTIVE",
        "CreationTime": destination.created_s,
        "LastModifiedTime": destination.modified_s,
    }


def _shown(destination: ApiDestination, buses: Buses) -> dict[str, Any]:
    return {
        **_answer(destination, buses),
        "Name": destination.name,
        "ConnectionArn": destination.connection,
        "InvocationEndpoint": destination.endpoint,
        "HttpMethod": destination.method,
        "InvocationRateLimitPerSecond": destination.most_per_s,
    }
