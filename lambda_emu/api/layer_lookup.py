"""Which layer a request means, and whose it may be."""

from __future__ import annotations

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import LayerId, Scope, parse_layer_arn
from lambda_emu.model.layers.layer import LayerVersion
from lambda_emu.model.layers.refusals import LayerNotShared, LayerRegionUnreachable


def layer_id(context: RequestContext, written: str) -> LayerId:
    """The layer that a LayerName means: a name or an ARN. An anonymous caller is wherever the ARN is.

    Raises LayerRegionUnreachable.
    """
    if ":" not in written:
        return LayerId(context.scope, written)
    id, _ = parse_layer_arn(written)
    if id.scope.region != context.scope.region and not context.anonymous:
        raise LayerRegionUnreachable(id.scope.region, context.scope.region)
    return id


def own_layer(context: RequestContext, written: str, action: str, number: int | None = None) -> LayerId:
    """The same, for actions that no policy can allow to others. number: of a version, if it is about one.

    Raises LayerNotShared too.
    """
    id = layer_id(context, written)
    if id.scope.account != context.scope.account and not context.anonymous:
        raise LayerNotShared(_root(context.scope), action, id.arn(number))
    return id


def version_for(context: RequestContext, reader: Scope, id: LayerId, number: int) -> LayerVersion | None:
    """A layer version as this account may have it, None if there is none.

    Raises LayerNotShared for one of another account, unless its policy says otherwise; also where there is none.
    """
    layer = context.store.layers.get(id.scope, id.name)
    version = layer.versions.get(number) if layer is not None else None
    if id.scope.account != reader.account and (version is None or not version.shared_with(reader.account)):
        raise LayerNotShared(_root(reader), "lambda:GetLayerVersion", id.arn(number))
    return version


def _root(scope: Scope) -> str:
    """Who asks: nobody here has users or roles."""
    return f"arn:{scope.partition}:iam::{scope.account}:root"
