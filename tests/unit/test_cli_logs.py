from pathlib import Path

from click.testing import CliRunner

from lambda_emu.cli import main
from lambda_emu.clock import Clock
from lambda_emu.logs.levels import Level
from lambda_emu.logs.records import Report
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogStream, Origin


def test_logs_are_read_from_the_data_directory_without_a_server(tmp_path: Path) -> None:
    store = LogStore(tmp_path / "logs.db", 1 << 20, lambda callback: callback())
    store.start()
    origin = Origin("/aws/lambda/hello", "s", "hello", "$LATEST", "x86_64", 512, "Text", Level.INFO, Level.INFO)
    stream = LogStream(origin, store, Clock())
    stream.write_output(b"hello from inside\n")
    stream.write_platform(Report("id-1", 9.5, 1024, 36))
    store.stop()

    result = CliRunner().invoke(main, ["logs", "hello", "--data-dir", str(tmp_path)])

    printed, report, price = result.stdout.splitlines()
    assert printed == "hello from inside"
    assert report.startswith("REPORT RequestId: id-1\tDuration: 9.50 ms\tBilled Duration: 10 ms")
    assert price == "PRICE $0.0000003667 (10 ms x 1024 MB), $0.37 per million"


def test_a_function_without_logs_prints_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["logs", "hello", "--data-dir", str(tmp_path)])

    assert (result.stdout, result.exit_code) == ("", 0)


def test_a_broken_log_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs.db").write_bytes(b"not a database" * 1000)

    result = CliRunner().invoke(main, ["logs", "hello", "--data-dir", str(tmp_path)])

    assert f"{tmp_path / 'logs.db'} cannot be read: file is not a database" in result.stderr
    assert result.exit_code == 2
