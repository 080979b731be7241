"""Settings: flags > LAMBDA_EMU_* > `settings:` of lambda-emu.yaml > defaults. Only this module reads the environment.

A relative path is relative to the working directory in a flag or variable, to the project in the file and in defaults.
An empty variable counts as not set.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.arn import REGION
from lambda_emu.model.layers.sources import LAYER_SOURCES, LayerSource
from lambda_emu.model.value_types import FLAG, PATH, PATHS, ValueType, choice, pairs, several, text, whole

PROJECT_FILE = "lambda-emu.yaml"
VARIABLE_PREFIX = "LAMBDA_EMU_"
OFF, ENFORCE = "off", "enforce"
"""Of `iam`."""
LIKELY_MEANT = 0.75
"""PROT is as near to PORT; variables of others that begin like ours, such as LAMBDA_EMU_URL, are further off."""


class ConfigError(Exception):
    """Settings that are not allowed; a line each, which names where the value came from and what is allowed."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))


class Settings(Struct, frozen=True):
    """What one run of the emulator is told. Paths are absolute; SETTINGS says what each member means.

    given: the names of those that somebody set for us; the others are defaults.
    """

    project: Path
    also: tuple[Path, ...]
    host: str
    port: int
    data_dir: Path
    ephemeral: bool
    catch_up: bool
    shard_limits: bool
    engine: str
    cpu: str
    region: str
    account: str
    iam: str
    root_secret: str
    docker_network: str | None
    network: str
    idle_timeout_s: int
    grace_s: int
    account_concurrency: int
    parameter: tuple[str, ...]
    strict: bool
    build: bool
    build_timeout_s: int
    stems: int
    max_environments: int | None
    log_limit_mb: int
    pull_images: bool
    strict_runtimes: bool
    cache_dir: Path
    env_vars: Path | None
    service: tuple[str, ...]
    s3_endpoint: str | None
    activation_delay_s: int
    allowed_origins: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    subnet_networks: tuple[str, ...]
    layers: tuple[LayerSource, ...]
    token: str | None
    given: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Without what is secret."""
        secrets = [setting.name for setting in SETTINGS if setting.secret]
        shown = (name for name in self.__struct_fields__ if name not in secrets)
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    @property
    def project_file(self) -> Path:
        """The project's lambda-emu.yaml, whether or not there is one."""
        return _file_of(self.project)

    @property
    def project_files(self) -> tuple[Path, ...]:
        """That of each that is served, as who is in its folder names it; of a template's file this too."""
        beside = (path.parent / PROJECT_FILE for path in self.also if path.is_file())
        return (self.project_file, *map(_file_of, self.also), *beside)

    @property
    def parameters(self) -> Mapping[str, str]:
        """As `parameter` says, by name."""
        return dict(pair.split("=", 1) for pair in self.parameter)

    @property
    def networks_by_subnet(self) -> Mapping[str, str]:
        """As `subnet_networks` says."""
        return dict(pair.split("=", 1) for pair in self.subnet_networks)

    @property
    def elsewhere(self) -> Mapping[str, str]:
        """Services that others serve, as `service` says, and `s3_endpoint`: by name, a URL or `aws`."""
        s3 = {} if self.s3_endpoint is None else {"s3": self.s3_endpoint}
        return s3 | dict(pair.split("=", 1) for pair in self.service)


class Setting(Struct, frozen=True):
    """One row of SETTINGS. default: as it would be written, None for nothing; instead: variables that go before it.

    secret: taken from its variable alone, as command lines and project files have many readers.
    """

    name: str
    kind: ValueType
    default: str | None
    help: str
    instead: tuple[str, ...] = ()
    secret: bool = False

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return VARIABLE_PREFIX + self.name.upper()


_URL = r"https?://(?:[a-zA-Z0-9][a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?(?:/\S*)?"
_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]*"
_ORIGIN = r"[a-z][a-z0-9+.-]*://(?:[a-zA-Z0-9][a-zA-Z0-9_.-]*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"

SETTINGS = (
    Setting("project", PATH, ".", f"The project: a folder with a {PROJECT_FILE} or a template, or that file."),
    Setting("also", PATHS, "", "More folders or files to serve beside the project, most of all templates."),
    Setting("host", text("an address or host name", r"[^\s/]+"), "127.0.0.1", "Address to serve on."),
    Setting("port", whole(0, 65535), "9000", "Port to serve on; 0 takes a free one."),
    Setting("data_dir", PATH, ".lambda-emu", "Where functions, code, events and logs are kept."),
    Setting("ephemeral", FLAG, "false", "Keep everything in a folder removed at the end."),
    Setting("catch_up", FLAG, "false", "Fire all that schedules missed while no server ran, not only the latest."),
    Setting("shard_limits", FLAG, "false", "Refuse what a shard of Kinesis would not take on AWS in a second."),
    Setting("engine", choice("auto", "docker", "process"), "auto", "What runs the code; auto: Docker if it answers."),
    Setting("cpu", choice("lambda", "unlimited"), "lambda", "CPU share by memory as on Lambda, or no limit."),
    Setting(
        "region",
        text("a region such as us-east-1", REGION),
        "us-east-1",
        "The region that ARNs name.",
        instead=("AWS_REGION", "AWS_DEFAULT_REGION"),
    ),
    Setting("account", text("12 digits", r"\d{12}"), "000000000000", "The account that ARNs name."),
    Setting(
        "iam",
        choice(OFF, "warn", ENFORCE),
        "warn",
        "What becomes of requests that IAM would refuse; enforce: refused, and signatures are checked.",
    ),
    Setting(
        "root_secret",
        text("1 to 128 characters without spaces", r"\S{1,128}"),
        "test",
        "The secret key of each account's root user, whose key id is `test` or the account's number.",
        secret=True,
    ),
    Setting(
        "docker_network",
        text("a network's name", _NAME),
        None,
        "Docker network that functions join, instead of one of our own.",
    ),
    Setting("network", choice("shared", "none"), "shared", "What functions reach as processes; none: loopback."),
    Setting("idle_timeout_s", whole(1, 86_400, "seconds"), "600", "How long an environment waits for its next event."),
    Setting("grace_s", whole(0, 900, "seconds"), "5", "How long what runs may go on once it is told to stop."),
    Setting("account_concurrency", whole(1, 100_000), "1000", "Invocations that may run at once in the account."),
    Setting(
        "parameter",
        pairs("pairs such as Stage=dev, with commas between them"),
        "",
        "Parameters of the template, before those of samconfig.toml.",
    ),
    Setting("strict", FLAG, "false", "Refuse a template that says what has no effect here."),
    Setting("build", FLAG, "true", "Build code whose dependencies are not beside it."),
    Setting("build_timeout_s", whole(1, 86_400, "seconds"), "900", "How long the build of one function may take."),
    Setting("stems", whole(0, 100), "2", "Started environments kept ready for each kind of function."),
    Setting("max_environments", whole(1, 100_000), None, "Environments and stems at once; none: by this machine."),
    Setting("log_limit_mb", whole(1, 1_000_000, "MB"), "64", "What logs take on disk; each function has a share."),
    Setting("pull_images", FLAG, "true", "Pull images that are missing: AWS's base images, and those of functions."),
    Setting("strict_runtimes", FLAG, "false", "Refuse a runtime of another version or processor than this machine's."),
    Setting("cache_dir", PATH, "~/.cache/lambda-emu", "Where built images and downloads are kept."),
    Setting(
        "env_vars", PATH, None, "A file of JSON with other values for functions' variables, as `sam local` has it."
    ),
    Setting(
        "service",
        several(
            "pairs such as sqs=http://localhost:9324 or s3=aws, with commas between them",
            rf"(?!lambda=)[a-z][a-z0-9-]*=(?:aws|{_URL})",
        ),
        "",
        "Services that somebody else serves: their URLs, or `aws` for AWS's own by your profile.",
    ),
    Setting(
        "s3_endpoint",
        text("a URL such as http://localhost:4566", _URL),
        None,
        "Who serves S3; the same as `service` with `s3=`.",
        instead=("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    ),
    Setting(
        "activation_delay_s",
        whole(0, 600, "seconds"),
        "0",
        "How long new and changed functions stay Pending or InProgress for all who ask, as on AWS.",
    ),
    Setting(
        "allowed_origins",
        several("origins such as http://localhost:3000, with commas between them", _ORIGIN),
        "",
        "Web pages that may use the API.",
    ),
    Setting(
        "allowed_hosts",
        several("names such as emu.example.com or *.example.com, with commas between them", rf"(?:\*\.)?{_NAME}"),
        "",
        "Names with a dot by which the server may be asked.",
    ),
    Setting(
        "subnet_networks",
        several("pairs such as subnet-1=my_network, with commas between them", rf"(?:\*|subnet-[0-9a-z]*)={_NAME}"),
        "",
        "Docker networks that functions in a VPC join, by subnet; *: of any other subnet.",
    ),
    Setting(
        "layers",
        LAYER_SOURCES,
        "",
        "What layers of others hold, by name or ARN: a folder, a zip, `pip:` or `npm:` and a package.",
    ),
    Setting(
        "token",
        text("16 to 128 letters, digits, - and _", r"[a-zA-Z0-9_-]{16,128}"),
        None,
        "What the server's own pages take; none: another one at each start.",
        secret=True,
    ),
)


class Written(Struct, frozen=True):
    """A value as somebody wrote it. where: how to name the place; base: what a relative path is relative to."""

    where: str
    text: str
    base: Path


def load_settings(flags: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a run.

    flags: by setting name, None for one not given. environ: the process's own when None.
    Raises ConfigError, with every mistake.
    """
    variables: Mapping[str, str] = os.environ if environ is None else environ
    mistakes: list[str] = []
    by_variable, by_flag = _from_variables(variables), _from_flags(flags)
    project = _project({**by_variable, **by_flag}, mistakes)
    if project is None:
        raise ConfigError(mistakes)
    file = _file_of(project)
    values: dict[str, Any] = {"project": project}
    for source in (_from_file(file, mistakes), by_variable, by_flag):
        values |= {name: _value(name, written, mistakes) for name, written in source.items()}
    given = frozenset(values)
    for name, written in _defaults(variables, file.parent).items():
        if name not in values:  # a default may come from a variable of others: wrong or not, it is not looked at
            values[name] = None if written is None else _value(name, written, mistakes)
    mistakes += [f"{path} must be a folder or a file that exists" for path in values["also"] or () if not path.exists()]
    if mistakes:
        raise ConfigError(mistakes)
    return Settings(**values, given=given)


def variables_with(settings: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The process's variables for one that it starts, with some for settings by their names.

    settings: those that a variable of the process goes before; own: those that go before it. ConfigError.
    """
    unknown = sorted({*settings, *own} - _BY_NAME.keys())
    if unknown:
        raise ConfigError([f"{name}: is no setting; there are {', '.join(sorted(_BY_NAME))}" for name in unknown])
    given = {_BY_NAME[name].variable: value for name, value in settings.items()}
    there = {name: value for name, value in os.environ.items() if value or name not in given}
    return given | there | {_BY_NAME[name].variable: value for name, value in own.items()}


def mistaken_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """A sentence on each variable that is no setting's but nearly names one. environ: the process's own when None."""
    variables: Mapping[str, str] = os.environ if environ is None else environ
    known = {setting.variable.removeprefix(VARIABLE_PREFIX): setting.variable for setting in SETTINGS}
    found = []
    for name in sorted(variables):
        own = name.removeprefix(VARIABLE_PREFIX)
        if own != name and own not in known and (near := _nearest(own, known)) is not None:
            found.append(f"{name} is no setting and has no effect; did you mean {known[near]}?")
    return found


def _nearest(name: str, known: Collection[str]) -> str | None:
    """The one that is likely meant."""
    from difflib import get_close_matches  # here: mistakes alone need it

    return next(iter(get_close_matches(name, known, 1, LIKELY_MEANT)), None)


def _from_flags(flags: Mapping[str, object]) -> dict[str, Written]:
    given = {name: value for name, value in flags.items() if value is not None}
    return {name: Written(_BY_NAME[name].flag, str(value), Path.cwd()) for name, value in given.items()}


def _from_variables(variables: Mapping[str, str]) -> dict[str, Written]:
    given = {setting.name: setting.variable for setting in SETTINGS if variables.get(setting.variable)}
    return {name: Written(variable, variables[variable], Path.cwd()) for name, variable in given.items()}


def _project(told: Mapping[str, Written], mistakes: list[str]) -> Path | None:
    """Where the project is, which says where everything else may be written; None after a mistake."""
    written = told.get("project") or Written("the working directory", ".", Path.cwd())
    project: Path | None = _value("project", written, mistakes)
    if project is not None and not os.path.exists(project):
        mistakes.append(f"{written.where}: {written.text!r} must be a folder or a file that exists")
        return None
    return project


def _file_of(project: Path) -> Path:
    return project / PROJECT_FILE if project.is_dir() else project


def _from_file(file: Path, mistakes: list[str]) -> dict[str, Written]:
    """What `settings:` of the project file says. Its other parts are the project room's."""
    if not file.is_file():
        return {}
    from lambda_emu.project.document import Document  # here: PyYAML is slow to import, and most commands have no file

    document = Document(file)
    found: dict[str, Written] = {}
    section = document.root and document.members(document.root).get("settings")
    if section is not None:
        allowed = [setting.name for setting in SETTINGS if setting.name != "project" and not setting.secret]
        for name, value in document.members(section, allowed).items():
            many = _BY_NAME[name].kind.many and value.is_list
            written = ",".join(document.texts(value)) if many else document.text(value)
            if written is not None:
                found[name] = Written(document.place(value), written, file.parent)
    mistakes += document.mistakes
    return found


def _defaults(variables: Mapping[str, str], folder: Path) -> dict[str, Written | None]:
    """folder: the project's."""
    found = {setting.name: _default(setting, variables, folder) for setting in SETTINGS}
    cache_home = Path(variables.get("XDG_CACHE_HOME", ""))
    if cache_home.is_absolute():  # the standard says to pass over a relative one
        found["cache_dir"] = Written("XDG_CACHE_HOME", str(cache_home / "lambda-emu"), folder)
    return found


def _default(setting: Setting, variables: Mapping[str, str], folder: Path) -> Written | None:
    for variable in setting.instead:
        if variables.get(variable):
            return Written(variable, variables[variable], folder)
    if setting.default is None:
        return None
    return Written(f"the default of {setting.name}", setting.default, folder)


def _value(name: str, written: Written, mistakes: list[str]) -> Any:
    """The value that was written, None after a mistake."""
    kind = _BY_NAME[name].kind
    try:
        value = kind.parse(written.text)
    except ValueError:
        mistakes.append(f"{written.where}: {written.text!r} must be {kind.allowed}")
        return None
    if kind is PATHS:
        return tuple(Path(os.path.abspath(written.base / path)) for path in value)
    if kind is LAYER_SOURCES:
        return tuple(source.placed(written.base) for source in value)
    return Path(os.path.abspath(written.base / value)) if isinstance(value, Path) else value


_BY_NAME = {setting.name: setting for setting in SETTINGS}
