"""Projects of other tools, which are not read yet: a folder with one is not simply an empty account."""

from __future__ import annotations

from pathlib import Path

CDK, SERVERLESS = "AWS CDK", "Serverless Framework"
OTHERS = {"cdk.json": CDK} | {f"serverless.{end}": SERVERLESS for end in ("yml", "yaml", "json", "ts")}
DO_INSTEAD = {
    CDK: "`cdk deploy` with AWS_ENDPOINT_URL, or `cdklocal deploy`, deploys it to a running server",
    SERVERLESS: "`serverless package` makes a template of it below .serverless, which `lambda-emu serve` takes",
}


def is_others(file: Path) -> bool:
    """Whether it is a file of another tool, by its name."""
    return file.name in OTHERS and file.is_file()


def find_others(folder: Path) -> str | None:
    """A sentence on what is there and what to do about it."""
    found = {name: tool for name, tool in OTHERS.items() if (folder / name).is_file()}
    if not found:
        return None
    named = " and ".join(f"{name} ({tool})" for name, tool in found.items())
    instead = "; ".join(dict.fromkeys(DO_INSTEAD[tool] for tool in found.values()))
    return f"{folder} has {named}, which lambda-emu does not read yet: {instead}"
