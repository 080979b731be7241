"""Where .NET comes from: this machine, but no older one in the place of a newer; and the ways where it has none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from languages.dotnet import DOTNET, home_of_dotnet
from own import own_emulator
from process_rig import ISOLATIONS, Bench

from lambda_emu.sandbox.toolchain.layout import statuses


def machine_with(folder: Path, versions: Mapping[str, str], patch: pytest.MonkeyPatch) -> None:
    """A machine whose `dotnet` tells of these versions, by framework."""
    folder.mkdir()
    patch.setenv("PATH", str(folder))
    if not versions:
        return
    lines = "\n".join(
        f"Microsoft.{name} {version} [{folder}/shared/Microsoft.{name}]" for version, name in versions.items()
    )
    (folder / "dotnet").write_text(f"#!/bin/sh\n/bin/cat <<'E'\n{lines}\nE\n")
    (folder / "dotnet").chmod(0o755)


@pytest.mark.parametrize(
    ("versions", "runtime", "says"),
    [
        ({"8.0.3": "NETCore.App", "8.0.31": "NETCore.App", "10.0.7": "NETCore.App"}, "dotnet8", None),
        ({"9.0.1": "NETCore.App"}, "dotnet8", "dotnet8 is not on this machine; its functions run on .NET 9.0.1"),
        ({"3.1.23": "NETCore.App"}, "dotnet8", "needs .NET 8 or newer, and this machine has .NET 3.1.23"),
        ({"8.0.3": "NETCore.App"}, "dotnet10", "needs .NET 10 or newer, and this machine has .NET 8.0.3"),
        ({"8.0.3": "AspNetCore.App"}, "dotnet8", "tells of no .NET"),
    ],
)
def test_without_docker_no_older_dotnet_runs_in_the_place_of_a_newer(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    versions: Mapping[str, str],
    runtime: str,
    says: str | None,
) -> None:
    machine_with(tmp_path / "dotnet", versions, monkeypatch)

    status = next(status for status in statuses() if status.runtime.identifier == runtime)

    found = status.interpreter and (status.interpreter.instead_of(status.runtime) or None)
    assert (says is None) == (status.reason is None and found is None)
    assert (says or "") in (status.reason or found or "")


@pytest.mark.docker
@pytest.mark.parametrize("versions", [{}, {"6.0.1": "NETCore.App"}], ids=["none", "an older one"])
def test_without_any_way_to_dotnet_the_invocation_names_the_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, versions: Mapping[str, str]
) -> None:
    machine_with(tmp_path / "dotnet", versions, monkeypatch)
    (tmp_path / "project").mkdir()
    with own_emulator(tmp_path / "project", "docker", pull_images=False) as lam:
        name = lam.create("f", {"Fn.dll": b""}, Runtime="dotnet8", Handler="Fn::Fn.Every::Handle")

        with pytest.raises(lam.client.exceptions.ServiceException) as refused:
            lam.invoke(name)
        lam.close()

    said = str(refused.value)
    assert "install .NET 8" in said
    assert "docker pull public.ecr.aws/lambda/dotnet:8" in said
    assert ("no `dotnet` on the PATH" in said) == (not versions)


@pytest.mark.runtimes
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_handler_runs_with_every_isolation_and_sees_no_more_of_dotnet_than_it_needs(
    isolation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    home = home_of_dotnet(pytestconfig)
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    bench = Bench(isolation, tmp_path)

    try:
        sandbox = bench.sandbox(DOTNET.files(pytestconfig), runtime="dotnet8")
        answer = bench.invoke(sandbox, "Fn::Fn.Forms::Twice", {"item": "é", "count": 2})
        seen = bench.shell(sandbox, f"ls /var/lang/bin; ls {home}")
    finally:
        bench.close()

    assert answer == {"item": "é", "count": 4}
    if isolation != "none":
        assert seen.splitlines()[:3] == ["dotnet", "host", "shared"]
        assert "No such file or directory" in seen


@pytest.mark.docker
@pytest.mark.runtimes
def test_an_image_has_authorities_where_dotnet_looks_for_them(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """That .NET 8 takes them from there is not tried: .NET Core 3.1 knows no OpenSSL 3."""
    with DOTNET.serve(pytestconfig, tmp_path, "docker") as lam:
        name = lam.create(
            "f", DOTNET.files(pytestconfig), Runtime="dotnet8", Handler=DOTNET.handler, MemorySize=512, Timeout=20
        )
        files = ("/usr/lib/ssl/certs/ca-certificates.crt", "/var/runtime/empty-certificates.crt")
        folder, file = (lam.invoke(name, {"do": "read", "value": path}).payload for path in files)
        lam.close()

    assert folder.count("BEGIN CERTIFICATE") > 100
    assert file == ""
