"""What a request names, functions, layers, roles and the rest: is it there, and whose may it be?

What is missing is told in the operation's own words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import LATEST, FunctionId, LayerId, ResourceArn, Scope, Target, parse_layer_arn, parse_resource_arn
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied, FunctionNotFound, NotFound
from lambda_emu.model.function.aliases import AliasNotFound
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.model.function.names import UnqualifiedOnly
from lambda_emu.model.layers.layer import LayerVersion
from lambda_emu.model.layers.refusals import LayerNotShared, LayerRegionUnreachable
from lambda_emu.model.timestamps import last_modified
from lambda_emu.public_layers.known import ANY_FUNCTION, ForFunction
from lambda_emu.store import Transaction

T = TypeVar("T")
LAYERS_HINT = (
    "nobody here has that layer, and lambda-emu does not know what it holds: --layers {0}=./folder, or in place of the "
    "folder a zip, pip:package==version or npm:package@version, says it"
)


def look_up_function(context: RequestContext, id: FunctionId, missing: LambdaError | None = None) -> Function:
    """The function itself. missing: what to raise when there is none; else FunctionNotFound, unqualified."""
    function = context.store.function(id)
    if function is None:
        raise missing or FunctionNotFound(id.arn())
    return function


def update_function(
    context: RequestContext,
    id: FunctionId,
    edit: Callable[[Function], Function],
    missing: LambdaError | None = None,
    check: Callable[[Transaction], None] = lambda _: None,
) -> Function:
    """Change the function, alone and as a whole. `edit` is pure, may be called twice, and may raise.

    check: raises if the change must not be, of what else there is.
    """
    try:
        return context.store.change(id, edit, check)
    except KeyError:
        raise missing or FunctionNotFound(id.arn()) from None


def get_version(context: RequestContext, target: Target) -> FunctionVersion:
    """What the target's qualifier shows. FunctionNotFound names it as the caller did, also for an alias."""
    version = look_up_function(context, target.id, FunctionNotFound(target.arn)).version(target.qualifier)
    if version is None:
        raise FunctionNotFound(target.arn)
    return version


def check_qualifier(function: Function, qualifier: str | None) -> None:
    """Of operations that tell aliases from versions: AliasNotFound, FunctionNotFound for a number or a `$` word."""
    if function.version(qualifier) is None:
        raise qualifier_missing(Target(function.id, qualifier))


def qualifier_missing(target: Target) -> NotFound:
    """The same error, where there is no function either."""
    qualifier = key_of(target)
    arn = target.id.arn(qualifier)
    return FunctionNotFound(arn) if qualifier.isdigit() or "$" in qualifier else AliasNotFound(arn)


def check_unqualified(target: Target) -> FunctionId:
    """Of operations on a function as a whole: UnqualifiedOnly for anything that names a part of it."""
    if target.qualifier is not None:
        raise UnqualifiedOnly
    return target.id


def check_account(arn: str, account: str) -> None:
    """AccessDenied for the ARN of something of another account, which no policy can share."""
    if arn.split(":")[4] != account:
        raise AccessDenied


def locate_resource(context: RequestContext, arn: str, missing: LambdaError) -> ResourceArn:
    """What is no function, by its ARN. Another account's is AccessDenied, another region's or partition's `missing`."""
    place = parse_resource_arn(arn)
    if not context.anonymous:
        check_account(arn, context.scope.account)
    if str(place) != arn or (not context.anonymous and place.scope != context.scope):
        raise missing
    return place


def get_record(get: Callable[[Scope, str], T | None], place: ResourceArn, missing: LambdaError) -> T:
    """The record kept there. get: a table's, or a transaction's for one table."""
    record = get(place.scope, place.name)
    if record is None:
        raise missing
    return record


def key_of(target: Target) -> str:
    """What hangs on a function or a part of it is kept by qualifier, the function's own by $LATEST."""
    return target.qualifier or LATEST


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


def version_for(
    context: RequestContext, reader: Scope, id: LayerId, number: int, function: ForFunction = ANY_FUNCTION
) -> LayerVersion | None:
    """A layer version as this account may have it, None if there is none. function: who is to mount it.

    What somebody else published is what stands for it. Raises LayerNotShared for one of another account, unless its
    policy says otherwise; also where there is none, with a hint. LayerVersionUnknown for what cannot be fetched.
    """
    layer = context.store.layers.get(id.scope, id.name)
    version = layer.versions.get(number) if layer is not None else None
    is_own = id.scope.account == reader.account
    if version is not None and (is_own or version.shared_with(reader.account)):
        return version
    content = None if version is not None else context.find_layer(id.arn(number), function)
    if content is not None:
        return LayerVersion(number, content, last_modified(context.clock.now_s()))
    if not is_own:
        refusal = LayerNotShared(_root(reader), "lambda:GetLayerVersion", id.arn(number))
        refusal.hint = LAYERS_HINT.format(id.name) if version is None else None
        raise refusal
    return None


def _root(scope: Scope) -> str:
    """Who asks: nobody here has users or roles."""
    return f"arn:{scope.partition}:iam::{scope.account}:root"


def check_role(context: RequestContext, arn: str) -> None:
    """CrossAccountRole for a role of another account.

    Where the caller's account is only our default, it says nothing about the role: that is accepted, and the log says
    once how to make the two one.
    """
    account = arn.split(":")[4]
    if account == context.scope.account:
        return
    if context.account_known:
        raise CrossAccountRole
    context.notices.tell(
        f"{arn} is a role of account {account}, but functions are of {context.scope.account} here, since nothing says "
        f"another; --account {account} (or LAMBDA_EMU_ACCOUNT, or `account` in the project file) makes them one",
        about=f"roles of {account}",
    )


class CrossAccountRole(AccessDenied):
    """A role of another account than the caller's."""

    def __init__(self) -> None:
        super().__init__("Cross-account pass role is not allowed.")
