"""The resource policy of a layer version: which accounts may use it. Contract: api.md 1.3, 1.8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambda_emu.api.house import House
from lambda_emu.api.wire import Result, operation
from lambda_emu.arn import Scope
from lambda_emu.errors import AccessDenied, LayerVersionNotFound, NoPolicy
from lambda_emu.model.layer import Layer, LayerVersion
from lambda_emu.model.policy import Policy, added, check_new, check_revision, compact, removed
from lambda_emu.model.statements import statement_of
from lambda_emu.store.draft import Draft

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        AddLayerVersionPermissionRequestTypeDef,
        GetLayerVersionPolicyRequestTypeDef,
        RemoveLayerVersionPermissionRequestTypeDef,
    )

SHOWN_BY = "GetLayerPolicy"  # as AWS's texts call GetLayerVersionPolicy


@operation("AddLayerVersionPermission")
def add_layer_version_permission(req: AddLayerVersionPermissionRequestTypeDef, house: House) -> Result:
    named = _named(house, req["LayerName"], req["VersionNumber"])
    revision_id = house.clock.new_id()

    def edit(policy: Policy | None) -> Policy:
        check_revision(req.get("RevisionId"), None if policy is None else policy.revision_id, SHOWN_BY)
        check_new(policy, req["StatementId"])
        return added(policy, statement_of(req, named.arn), revision_id)

    policy = _changed(house, named, edit)
    assert policy is not None
    return {"Statement": compact(policy.statements[-1]), "RevisionId": policy.revision_id}


@operation("GetLayerVersionPolicy")
def get_layer_version_policy(req: GetLayerVersionPolicyRequestTypeDef, house: House) -> Result:
    named = _named(house, req["LayerName"], req["VersionNumber"])
    policy = named.within(house.store.layers.get(named.scope, named.layer)).policy
    if policy is None:
        raise NoPolicy
    return {"Policy": policy.document, "RevisionId": policy.revision_id}


@operation("RemoveLayerVersionPermission")
def remove_layer_version_permission(req: RemoveLayerVersionPermissionRequestTypeDef, house: House) -> Result:
    revision_id = house.clock.new_id()

    def edit(policy: Policy | None) -> Policy | None:
        if policy is not None:
            check_revision(req.get("RevisionId"), policy.revision_id, SHOWN_BY)
        return removed(policy, req["StatementId"], revision_id)

    _changed(house, _named(house, req["LayerName"], req["VersionNumber"]), edit)
    return {}


@dataclass(frozen=True, slots=True)
class _Named:
    """The layer version that a request names, whether it exists or not."""

    scope: Scope
    layer: str
    number: int

    @property
    def arn(self) -> str:
        return self.scope.arn(f"layer:{self.layer}:{self.number}")

    def within(self, layer: Layer | None) -> LayerVersion:
        """Raises LayerVersionNotFound."""
        version = layer.versions.get(self.number) if layer else None
        if version is None:
            raise LayerVersionNotFound(self.arn)
        return version


def _named(house: House, name: str, number: int) -> _Named:
    """name: a layer's own, or its ARN. Raises AccessDenied, LayerVersionNotFound for what is elsewhere."""
    if ":" not in name:
        return _Named(house.scope, name, number)
    _, _, _, region, account, _, layer = name.split(":")
    named = _Named(Scope(account, region), layer, number)
    if not house.anonymous and account != house.scope.account:
        raise AccessDenied
    if not house.anonymous and region != house.scope.region:
        raise LayerVersionNotFound(named.arn)
    return named


def _changed(house: House, named: _Named, edit: Callable[[Policy | None], Policy | None]) -> Policy | None:
    """Make the version's policy what `edit` makes of it, None being none."""
    layers = house.store.layers

    def work(draft: Draft) -> Policy | None:
        layer = draft.get(layers, named.scope, named.layer)
        version = named.within(layer)
        assert layer is not None
        policy = edit(version.policy)
        versions = {**layer.versions, named.number: replace(version, policy=policy)}
        draft.put(layers, named.scope, named.layer, replace(layer, versions=versions))
        return policy

    return house.store.write(work)
