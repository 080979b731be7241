"""Values of a template's parameters: what is given, else samconfig.toml's, else their defaults."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.language.constraints import Broken, Rule, checked, text_of
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.language.patterns import Patterns

CONFIG = "samconfig.toml"
MAX_CONFIG_BYTES = 256 * 1024
STACK_NAME = r"[a-zA-Z][-a-zA-Z0-9]{0,127}"
_TEXTS: Mapping[Rule, str] = {
    Rule.NUMBER: "{part} is no number",
    Rule.ALLOWED: "{part} must be one of {bound}",
    Rule.PATTERN: "{part} does not match {bound}",
    Rule.USABLE: "{bound}",
    Rule.LEAST_LENGTH: "{part} is out of its bounds: it must be at least {bound} characters long",
    Rule.MOST_LENGTH: "{part} is out of its bounds: it must be at most {bound} characters long",
    Rule.LEAST: "{part} is out of its bounds: it must be at least {bound}",
    Rule.MOST: "{part} is out of its bounds: it must be at most {bound}",
}


class Configured(Struct, frozen=True):
    """What samconfig.toml says of the environment `default`. where: how its values are named."""

    stack: str | None = None
    parameters: Mapping[str, str] = {}
    where: str = CONFIG


def read_config(folder: Path) -> Configured:
    """Of a folder that may have none. ProjectError."""
    try:
        with open(folder / CONFIG, "rb") as opened:
            text = opened.read(MAX_CONFIG_BYTES)
    except FileNotFoundError:
        return Configured()
    except OSError as error:
        raise ProjectError([f"{CONFIG}:1: cannot be read: {error}"]) from error
    import tomllib  # most templates have no such file

    try:
        said = tomllib.loads(text.decode())
    except UnicodeDecodeError as error:
        raise ProjectError([f"{CONFIG}:1: cannot be read: {error}"]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ProjectError([f"{CONFIG}:{line[1] if line else 1}: not TOML: {error}"]) from error
    default = said.get("default")
    commands = [_below(default, command, "parameters") for command in ("global", "deploy")]
    merged = {name: value for command in commands for name, value in command.items()}
    stack = merged.get("stack_name")
    return Configured(str(stack) if stack else None, _overrides(merged.get("parameter_overrides")))


def _below(value: Any, *names: str) -> Mapping[str, Any]:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _overrides(said: Any) -> Mapping[str, str]:
    """`A=1 B="two words"`, a list of such, the long form with ParameterKey and ParameterValue, or a table."""
    if isinstance(said, dict):
        return {str(name): str(value) for name, value in said.items()}
    parts = said if isinstance(said, list) else [said] if isinstance(said, str) else []
    try:
        words = [word for part in parts for word in shlex.split(str(part))]
    except ValueError as error:
        raise ProjectError([f"{CONFIG}:1: parameter_overrides: {error}"]) from error
    found = {}
    for word in words:
        if long := re.fullmatch(r"ParameterKey=([^,]+),ParameterValue=(.*)", word, re.DOTALL):
            found[long[1]] = long[2]
        elif "=" in word:
            name, _, value = word.partition("=")
            found[name] = value
    return found


def stack_name(configured: Configured, folder: Path) -> str:
    """samconfig.toml's, else after the folder."""
    if configured.stack and re.fullmatch(STACK_NAME, configured.stack):
        return configured.stack
    made = re.sub(r"[^a-zA-Z0-9]+", "-", folder.name).strip("-")[:100]
    return made if re.fullmatch(STACK_NAME, made) else f"stack-{made}".rstrip("-")


def take_parameters(
    template: Template, given: Mapping[str, str], configured: Configured, *, flag: str = "--parameter "
) -> tuple[dict[str, Any], list[str]]:
    """Each parameter's value, lists as lists; and what is wrong with them. given: by what flag names."""
    declared = template.section("Parameters")
    mistakes = [
        f"{flag}{name}: the template has no such parameter; it has {', '.join(declared) or 'none'}"
        for name in given
        if name not in declared
    ]
    said = {**configured.parameters, **given}
    end = "=…" if flag.endswith(" ") else ""
    values: dict[str, Any] = {}
    patterns = Patterns()
    for name, one in declared.items():
        if not isinstance(one, dict):
            mistakes.append(f"{template.where(('Parameters', name))}: must be a mapping with Type")
            continue
        written = said.get(name, one.get("Default"))
        where = f"{flag}{name}" if name in given else f"{CONFIG}:1: {name}" if name in said else ""
        where = where or template.where(("Parameters", name))
        if written is None:
            mistakes.append(f"{where}: has no value and no Default; say {flag}{name}{end}")
            continue
        values[name], broken = checked(one, text_of(written), patterns)
        mistakes += [f"{where}: {_told(rule, one)}" for rule in broken]
    return values, mistakes


def _told(broken: Broken, declared: Mapping[str, Any]) -> str:
    described = declared.get("ConstraintDescription")
    if broken.rule is Rule.PATTERN and described:
        return str(described)
    return _TEXTS[broken.rule].format(part=broken.part, bound=broken.bound)
