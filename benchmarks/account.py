"""An account as it is after years: many functions with versions, put into a data directory before a server starts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace

from benchmarks.functions import PROJECT, ROLE, RUNTIME
from lambda_emu.arn import Scope
from lambda_emu.config import load_settings
from lambda_emu.model.changes.updates import DONE
from lambda_emu.model.function.function import Artifact, Function, FunctionVersion, LoggingConfig
from lambda_emu.store import Store

VERSIONS = 5


def fill(data_dir: Path, functions: int) -> None:
    """Functions `f0000`, `f0001` … that are Active, with 5 published versions each."""
    settings = load_settings({}, environ={})
    scope = Scope(settings.account, settings.region)
    store = Store.open(data_dir)
    try:
        code = store.artifacts.add_folder(PROJECT / "code")
        with ThreadPoolExecutor(16) as threads:  # writers that wait together are committed together
            list(threads.map(lambda n: store.create(_function(scope, f"f{n:04}", code)), range(functions)))
    finally:
        store.close()


def _function(scope: Scope, name: str, code: Artifact) -> Function:
    id = scope.function(name)
    latest = FunctionVersion(
        id,
        runtime=RUNTIME,
        handler="app.noop",
        role=ROLE,
        code=code,
        logging=LoggingConfig(f"/aws/lambda/{name}"),
        deployment_id=f"{name}-0",
        revision_id=f"{name}-0",
        last_modified="2026-01-01T00:00:00.000+0000",
        environment={"STAGE": "test"},
        progress=DONE,
    )
    versions = {
        number: replace(latest, version=str(number), deployment_id=f"{name}-{number}")
        for number in range(1, VERSIONS + 1)
    }
    return Function(id, latest, latest, last_version=VERSIONS, versions=versions)
