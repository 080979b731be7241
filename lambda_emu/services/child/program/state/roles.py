"""Roles that the server kept for as long as nobody asked for any, made all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lambda_emu.services.child.program.state.made import change


@change
def make_roles(roles: Sequence[Mapping[str, Any]]) -> None:
    """As `model.iam.late_role.LateRole`, each with its account. One that is there already is left alone."""
    from moto.iam.models import iam_backends

    for account in {said["account"] for said in roles}:
        backend = iam_backends[account]["aws"]
        names = {role.name for role in backend.roles.values()}
        for said in roles:
            if said["account"] == account and said["name"] not in names:
                _make(backend, said)


def _make(backend: Any, said: Mapping[str, Any]) -> None:
    from moto.iam.models import Role

    made: Any = Role
    role = made(
        account_id=backend.account_id,
        partition=backend.partition,
        role_id=said["id"],
        name=said["name"],
        assume_role_policy_document=said["document"],
        path="/",
        permissions_boundary=None,
        description=None,
        tags=[{"Key": key, "Value": value} for key, value in said["tags"]],
        max_session_duration=3600,
    )
    role.create_date = datetime.fromtimestamp(said["made_s"], UTC).replace(tzinfo=None)
    backend.roles[role.id] = role
    for arn in said["policies"]:
        if (policy := backend.managed_policies.get(arn)) is not None:
            policy.attach_to(role)
