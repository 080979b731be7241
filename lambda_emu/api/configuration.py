"""FunctionConfiguration, the answer to most operations on functions. docs/contract/api.md#configuration."""

from __future__ import annotations

from typing import Any

from lambda_emu.model.capacity.managed_instances import config_sha256, on_instances
from lambda_emu.model.function.function import ContainerImage, FunctionVersion, ImageConfig, LoggingConfig, Progress
from lambda_emu.model.function.image_package import repository_of
from lambda_emu.runtimes import Catalogue

NO_SNAPSHOTS = {"ApplyOn": "None", "OptimizationStatus": "Off"}


def show_configuration(version: FunctionVersion, arn: str, runtimes: Catalogue) -> dict[str, Any]:
    """With state and runtime version. arn: qualified as the caller asked."""
    runtime = runtimes.get(version.runtime)
    version_arn = runtime and runtime.version_arn(version.id.region, version.id.partition)
    return {
        **show_settings(version, arn),
        **_progress(version.progress),
        "RuntimeVersionConfig": version_arn and {"RuntimeVersionArn": version_arn},
    }


def show_settings(version: FunctionVersion, arn: str) -> dict[str, Any]:
    """Without state and runtime version, as the List operations show it."""
    configuration: dict[str, Any] = {
        "FunctionName": version.id.name,
        "FunctionArn": arn,
        "Runtime": version.runtime or None,
        "Role": version.role,
        "Handler": version.handler or None,
        "CodeSize": version.code.size,
        "Description": version.description,
        "Timeout": version.timeout_s,
        "MemorySize": version.memory_mb,
        "LastModified": version.last_modified,
        "CodeSha256": version.code.sha256,
        "Version": version.version,
        "TracingConfig": {"Mode": version.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": version.package_type,
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.ephemeral_storage_mb},
        "SnapStart": NO_SNAPSHOTS,
        "LoggingConfig": _logging(version.logging),
    }
    if version.image is not None:
        configuration["ImageConfigResponse"] = _show_image_config(version.image.config)
    if version.environment is not None:
        configuration["Environment"] = {"Variables": dict(version.environment)}
    if version.layers:
        configuration["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.content.size} for layer in version.layers]
    if version.tenant_isolation is not None:
        configuration["TenancyConfig"] = {"TenantIsolationMode": version.tenant_isolation}
    if version.durable is not None:
        configuration["DurableConfig"] = version.durable.config()
    if not on_instances(version.other):
        return {**configuration, **version.other}
    shown = {**configuration, **version.other, "SnapStart": None}
    return {**shown, "ConfigSha256": config_sha256(shown)}


def _progress(progress: Progress) -> dict[str, str | None]:
    return {
        "State": progress.state.value,
        "StateReason": progress.reason,
        "StateReasonCode": progress.reason_code,
        "LastUpdateStatus": progress.update and progress.update.value,
        "LastUpdateStatusReason": progress.update_reason,
        "LastUpdateStatusReasonCode": progress.update_reason_code,
    }


def _logging(logging: LoggingConfig) -> dict[str, str | None]:
    return {
        "LogFormat": logging.log_format,
        "ApplicationLogLevel": logging.application_log_level,
        "SystemLogLevel": logging.system_log_level,
        "LogGroup": logging.log_group,
    }


def show_image_location(image: ContainerImage) -> dict[str, Any]:
    """GetFunction's Code."""
    return {
        "RepositoryType": "ECR",
        "ImageUri": image.uri,
        "ResolvedImageUri": f"{repository_of(image.uri)}@sha256:{image.digest}",
    }


def _show_image_config(config: ImageConfig) -> dict[str, Any] | None:
    """ImageConfigResponse: only the members that were given, and nothing where none was."""
    given = {
        "EntryPoint": list(config.entry_point),
        "Command": list(config.command),
        "WorkingDirectory": config.working_directory,
    }
    shown = {member: value for member, value in given.items() if value}
    return {"ImageConfig": shown} if shown else None
