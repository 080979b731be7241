"""A new function from what CreateFunction asks for. docs/contract/api.md#configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.arn import FunctionId
from lambda_emu.model import quotas
from lambda_emu.model.capacity import managed_instances
from lambda_emu.model.changes import settings
from lambda_emu.model.changes.publishing import publish
from lambda_emu.model.changes.refusals import NameTooLong, RuntimeAndHandlerMissing
from lambda_emu.model.changes.updates import CREATING
from lambda_emu.model.function import durable, image_package
from lambda_emu.model.function.function import Artifact, ContainerImage, Function, FunctionVersion, LoggingConfig
from lambda_emu.model.function.tags import new_tags
from lambda_emu.model.layers.references import Find


def check(id: FunctionId, wanted: Mapping[str, Any]) -> None:
    """What can be refused before the code is looked at. Raises the error of the first rule broken."""
    if len(id.name) > quotas.NAME_CHARACTERS:
        raise NameTooLong(wanted["FunctionName"])
    if wanted.get("PackageType") == "Image":
        image_package.check_new(wanted)
    elif "Runtime" not in wanted or "Handler" not in wanted:
        raise RuntimeAndHandlerMissing
    new_tags(wanted.get("Tags", {}))
    settings.check(wanted, wanted)
    durable.check_new(wanted.get("DurableConfig"))


def new_function(
    id: FunctionId,
    wanted: Mapping[str, Any],
    code: Artifact | ContainerImage,
    find_layer: Find,
    *,
    new_id: Callable[[], str],
    modified: str,
    origin: str = "api",
) -> Function:
    """The function, still Pending. wanted: the members of CreateFunction, already checked.

    find_layer: what a layer version's ARN stands for. new_id: a fresh UUID each time. modified: LastModified.
    """
    image = code if isinstance(code, ContainerImage) else None
    base = FunctionVersion(
        id=id,
        runtime=wanted.get("Runtime", ""),
        handler=wanted.get("Handler", ""),
        role=wanted["Role"],
        code=code.artifact if isinstance(code, ContainerImage) else code,
        logging=LoggingConfig(f"/aws/lambda/{id.name}"),
        deployment_id=new_id(),
        revision_id=new_id(),
        last_modified=modified,
        architecture=wanted.get("Architectures", ["x86_64"])[0],
        package_type="Zip" if image is None else "Image",
        image=image,
        durable=durable.new(wanted.get("DurableConfig")),
        tenant_isolation=wanted.get("TenancyConfig", {}).get("TenantIsolationMode"),
    )
    version = settings.apply_settings(base, managed_instances.with_defaults(wanted), find_layer)
    function = Function(
        id,
        latest=version,
        running=version,
        tags=new_tags(wanted.get("Tags", {})),
        origin=origin,
        code_signing_config_arn=wanted.get("CodeSigningConfigArn"),
    )
    if not wanted.get("Publish"):
        return function
    return publish(function, new_id=new_id, modified=modified, progress=CREATING, to=wanted.get("PublishTo"))[0]
