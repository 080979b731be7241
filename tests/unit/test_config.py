import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import fields

from lambda_emu.config import PROJECT_FILE, SETTINGS, ConfigError, Settings, load_settings, mistaken_variables
from lambda_emu.project import reader


def load(
    folder: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    settings: str | None = None,
) -> Settings:
    """The settings of a project in `folder` whose file says `settings`, YAML in one line."""
    if settings is not None:
        (folder / PROJECT_FILE).write_text(f"settings: {settings}\n")
    return load_settings({"project": folder, **(flags or {})}, environ or {})


def mistakes(
    folder: Path,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    settings: str | None = None,
) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(folder, flags, environ, settings)
    return str(raised.value).splitlines()


def test_every_setting_is_a_row_of_the_table() -> None:
    members = [field.name for field in fields(Settings)]

    assert [*(setting.name for setting in SETTINGS), "given"] == members


@pytest.mark.parametrize(
    ("environ", "settings", "endpoint"),
    [
        ({"AWS_ENDPOINT_URL": "http://all:1"}, "{}", "http://all:1"),
        ({"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_S3": "http://s3:2"}, "{}", "http://s3:2"),
        ({"AWS_ENDPOINT_URL_S3": "http://s3:2"}, "{s3_endpoint: 'http://[::1]:3'}", "http://[::1]:3"),
    ],
)
def test_the_s3_endpoint_follows_the_variables_of_aws(
    tmp_path: Path, environ: dict[str, str], settings: str, endpoint: str
) -> None:
    assert load(tmp_path, environ=environ, settings=settings).s3_endpoint == endpoint


@pytest.mark.parametrize("written", ["localhost:9000", "ftp://x", "http://my_host", "http://", "http://a:b"])
def test_an_s3_endpoint_is_a_url_that_botocore_takes(tmp_path: Path, written: str) -> None:
    assert mistakes(tmp_path, {"s3_endpoint": written}) == [
        f"--s3-endpoint: {written!r} must be a URL such as http://localhost:4566"
    ]


@pytest.mark.parametrize(
    ("environ", "settings"),
    [
        ({"LAMBDA_EMU_ALLOWED_ORIGINS": "http://localhost:3000, https://app.example.com"}, None),
        ({}, "{allowed_origins: 'http://localhost:3000,https://app.example.com'}"),
        ({}, "{allowed_origins: ['http://localhost:3000', 'https://app.example.com']}"),
    ],
)
def test_several_values_are_a_list_or_have_commas_between_them(
    tmp_path: Path, environ: dict[str, str], settings: str | None
) -> None:
    assert load(tmp_path, environ=environ, settings=settings).allowed_origins == (
        "http://localhost:3000",
        "https://app.example.com",
    )


@pytest.mark.parametrize("written", ["*", "null", "localhost:3000", "http://localhost:3000/", "http://a b"])
def test_what_is_no_origin_is_a_mistake(tmp_path: Path, written: str) -> None:
    assert mistakes(tmp_path, {"allowed_origins": written}) == [
        f"--allowed-origins: {written!r} must be origins such as http://localhost:3000, with commas between them"
    ]


def test_every_setting_has_its_default(tmp_path: Path) -> None:
    assert load(tmp_path, environ={"XDG_CACHE_HOME": "/cache"}) == Settings(
        project=tmp_path,
        also=(),
        host="127.0.0.1",
        port=9000,
        data_dir=tmp_path / ".lambda-emu",
        ephemeral=False,
        catch_up=False,
        shard_limits=False,
        engine="auto",
        cpu="lambda",
        region="us-east-1",
        account="000000000000",
        iam="warn",
        root_secret="test",
        docker_network=None,
        network="shared",
        idle_timeout_s=600,
        grace_s=5,
        account_concurrency=1000,
        stems=2,
        parameter=(),
        strict=False,
        build=True,
        build_timeout_s=900,
        max_environments=None,
        log_limit_mb=64,
        pull_images=True,
        strict_runtimes=False,
        cache_dir=Path("/cache/lambda-emu"),
        env_vars=None,
        service=(),
        s3_endpoint=None,
        activation_delay_s=0,
        subnet_networks=(),
        layers=(),
        allowed_origins=(),
        allowed_hosts=(),
        token=None,
        given=frozenset({"project"}),
    )


@pytest.mark.parametrize(
    ("flags", "environ", "settings", "port"),
    [
        ({"port": 1}, {"LAMBDA_EMU_PORT": "2"}, "{port: 3}", 1),
        ({"port": 0}, {"LAMBDA_EMU_PORT": "2"}, "{port: 3}", 0),
        ({"port": None}, {"LAMBDA_EMU_PORT": "2"}, "{port: 3}", 2),
        ({}, {"LAMBDA_EMU_PORT": ""}, "{port: 3}", 3),
        ({}, {}, "{port: }", 9000),
        ({}, {}, "", 9000),
    ],
)
def test_flags_go_before_variables_before_the_file_before_defaults(
    tmp_path: Path, flags: dict[str, object], environ: dict[str, str], settings: str, port: int
) -> None:
    assert load(tmp_path, flags, environ, settings).port == port


@pytest.mark.parametrize(
    ("environ", "settings", "region"),
    [
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "{}", "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-2"}, "{}", "eu-west-2"),
        ({"AWS_REGION": "eu-west-2"}, "{region: eu-west-3}", "eu-west-3"),
        ({"AWS_REGION": "eu-west-2", "LAMBDA_EMU_REGION": "eu-north-1"}, "{region: eu-west-3}", "eu-north-1"),
    ],
)
def test_the_region_of_the_aws_tools_is_the_default(
    tmp_path: Path, environ: dict[str, str], settings: str, region: str
) -> None:
    assert load(tmp_path, environ=environ, settings=settings).region == region


@pytest.mark.parametrize(
    ("written", "value"), [("true", True), ("True", True), ("on", True), ("1", True), ("no", False), ("0", False)]
)
def test_a_flag_is_written_as_people_write_it(tmp_path: Path, written: str, value: bool) -> None:
    assert load(tmp_path, environ={"LAMBDA_EMU_EPHEMERAL": written}).ephemeral is value


def test_an_account_keeps_its_zeros_without_quotes(tmp_path: Path) -> None:
    assert load(tmp_path, settings="{account: 000000000012}").account == "000000000012"


def test_paths_are_relative_to_where_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(tmp_path)

    by_flag = load_settings({"project": "project", "data_dir": "data"}, {})
    by_file = load(project, settings="{data_dir: data}")

    assert (by_flag.project, by_flag.data_dir) == (project, tmp_path / "data")
    assert by_file.data_dir == project / "data"


def test_the_project_may_be_its_file_under_any_name(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text("settings: {port: 1}")

    found = load_settings({}, {"LAMBDA_EMU_PROJECT": str(file)})

    assert (found.port, found.data_dir, found.project_file) == (1, tmp_path / ".lambda-emu", file)


@pytest.mark.parametrize(
    ("name", "written", "allowed"),
    [
        ("port", "70000", "a whole number from 0 to 65535"),
        ("port", "-1", "a whole number from 0 to 65535"),
        ("port", "80.0", "a whole number from 0 to 65535"),
        ("host", "http://here", "an address or host name"),
        ("ephemeral", "perhaps", "true or false"),
        ("engine", "podman", "one of auto, docker, process"),
        ("cpu", "fast", "one of lambda, unlimited"),
        ("region", "here", "a region such as us-east-1"),
        ("account", "12", "12 digits"),
        ("account", "00000000001٢", "12 digits"),
        ("docker_network", "a b", "a network's name"),
        ("idle_timeout_s", "0", "a whole number of seconds from 1 to 86400"),
        ("log_limit_mb", "9" * 5000, "a whole number of MB from 1 to 1000000"),
        ("data_dir", "~nobody-has-this-name/x", "a path"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_what_is_allowed(
    tmp_path: Path, name: str, written: str, allowed: str
) -> None:
    flag, variable = "--" + name.replace("_", "-"), "LAMBDA_EMU_" + name.upper()

    assert mistakes(tmp_path, flags={name: written}) == [f"{flag}: {written!r} must be {allowed}"]
    assert mistakes(tmp_path, environ={variable: written}) == [f"{variable}: {written!r} must be {allowed}"]
    assert mistakes(tmp_path, settings=f"{{{name}: '{written}'}}") == [
        f"lambda-emu.yaml:1: settings.{name}: {written!r} must be {allowed}"
    ]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    settings = "\n  port: x\n  stms: 3\n  cpu: [lambda]"
    environ = {"LAMBDA_EMU_STEMS": "many", "AWS_REGION": "Mars"}

    assert set(mistakes(tmp_path, {"engine": "none"}, environ, settings)) == {
        "lambda-emu.yaml:2: settings.port: 'x' must be a whole number from 0 to 65535",
        "lambda-emu.yaml:3: settings.stms: unknown key; did you mean 'stems'?",
        "lambda-emu.yaml:4: settings.cpu: must be a single value",
        "LAMBDA_EMU_STEMS: 'many' must be a whole number from 0 to 100",
        "AWS_REGION: 'Mars' must be a region such as us-east-1",
        "--engine: 'none' must be one of auto, docker, process",
    }


def test_a_wrong_value_is_told_even_where_another_goes_before_it(tmp_path: Path) -> None:
    found = mistakes(tmp_path, {"port": 1}, {"LAMBDA_EMU_PORT": "x"}, "{port: y}")

    assert [line.partition(" must be")[0] for line in found] == [
        "lambda-emu.yaml:1: settings.port: 'y'",
        "LAMBDA_EMU_PORT: 'x'",
    ]


def test_what_other_tools_are_told_is_judged_only_where_it_is_used(tmp_path: Path) -> None:
    assert load(tmp_path, {"region": "eu-west-1"}, {"AWS_REGION": "Mars"}).region == "eu-west-1"


def test_a_secret_is_taken_from_its_variable_alone_and_not_shown(tmp_path: Path) -> None:
    token = "0123456789abcdef"

    assert load(tmp_path, environ={"LAMBDA_EMU_TOKEN": token}).token == token
    assert token not in repr(load(tmp_path, environ={"LAMBDA_EMU_TOKEN": token}))
    assert mistakes(tmp_path, settings=f"{{token: {token}}}")[0].startswith(
        "lambda-emu.yaml:1: settings.token: unknown"
    )


def test_the_file_cannot_say_where_the_project_is(tmp_path: Path) -> None:
    assert mistakes(tmp_path, settings="{project: .}")[0].startswith("lambda-emu.yaml:1: settings.project: unknown key")


def test_a_project_that_does_not_exist_is_a_mistake(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    with pytest.raises(ConfigError, match=f"LAMBDA_EMU_PROJECT: '{missing}' must be a folder or a file that exists"):
        load_settings({}, {"LAMBDA_EMU_PROJECT": missing})


def test_settings_without_a_project_file_import_nothing_heavy(tmp_path: Path) -> None:
    heavy = ("asyncio", "botocore", "docker", "flask", "sqlite3", "yaml")
    program = (
        "import sys; from lambda_emu.config import load_settings;"
        f"load_settings({{'project': {str(tmp_path)!r}}}, {{}});"
        f"print(*[name for name in {heavy!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.split() == []


def test_both_readers_of_the_project_file_agree_on_its_name() -> None:
    assert reader.PROJECT_FILE == PROJECT_FILE


def test_what_somebody_set_is_told_from_defaults(tmp_path: Path) -> None:
    assert "account" not in load(tmp_path).given
    assert "account" in load(tmp_path, environ={"LAMBDA_EMU_ACCOUNT": "123456789012"}).given
    assert "account" in load(tmp_path, settings="{account: '000000000000'}").given


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("LAMBDA_EMU_PROT", "LAMBDA_EMU_PORT"),
        ("LAMBDA_EMU_DATADIR", "LAMBDA_EMU_DATA_DIR"),
        ("LAMBDA_EMU_PORT", None),
        ("LAMBDA_EMU_URL", None),  # somebody's own
        ("PROT", None),
    ],
)
def test_a_variable_that_nearly_names_a_setting_is_told(variable: str, meant: str | None) -> None:
    told = f"{variable} is no setting and has no effect; did you mean {meant}?"

    assert mistaken_variables({variable: "9001"}) == ([] if meant is None else [told])
