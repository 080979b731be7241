import re

import pytest

from lambda_emu.arn import FunctionId
from lambda_emu.clock import Clock
from lambda_emu.logs.levels import Level
from lambda_emu.logs.records import End, InitRuntimeDone, Report, Start
from lambda_emu.logs.stream import Chunk, LogStream, Origin, stream_name
from lambda_emu.model.function.function import Artifact, FunctionVersion, LoggingConfig


class Evening(Clock):
    """The last second of a month."""

    def now_s(self) -> float:
        return 1706745599.0  # 2024-01-31T23:59:59Z


class Kept(list[Chunk]):
    """A sink that keeps what it is offered and is full from the second chunk on."""

    def offer(self, chunk: Chunk) -> bool:
        self.append(chunk)
        return len(self) < 2

    def when_room(self, callback: object) -> None:
        raise AssertionError("nobody asked")


def version(logging: LoggingConfig) -> FunctionVersion:
    return FunctionVersion(
        id=FunctionId("000000000000", "us-east-1", "hello"),
        runtime="python3.13",
        handler="app.handler",
        role="arn:aws:iam::000000000000:role/any",
        code=Artifact("x", 1, 1),
        logging=logging,
        deployment_id="d",
        revision_id="r",
        last_modified="2024-01-01T00:00:00.000+0000",
        architecture="arm64",
        ephemeral_storage_mb=1024,
    )


@pytest.mark.parametrize(
    ("group", "pattern"),
    [
        ("/aws/lambda/hello", r"2024/01/31/\[\$LATEST\][0-9a-f]{32}"),
        ("/my/own", r"2024/01/31/hello\[\$LATEST\][0-9a-f]{32}"),
    ],
)
def test_a_stream_is_named_after_its_first_day(group: str, pattern: str) -> None:
    clock = Evening()

    name = stream_name(group, "hello", "$LATEST", clock)

    assert re.fullmatch(pattern, name)
    assert stream_name(group, "hello", "$LATEST", clock) != name


def test_a_stream_knows_what_its_function_is_configured_to_log() -> None:
    logging = LoggingConfig("/my/own", "JSON", application_log_level="WARN", system_log_level="DEBUG")

    origin = Origin.of(version(logging), Clock())

    assert (origin.group, origin.function.name, origin.version) == ("/my/own", "hello", "$LATEST")
    assert (origin.architecture, origin.storage_mb) == ("arm64", 1024)
    assert (origin.log_format, origin.application_level, origin.system_level) == ("JSON", Level.WARN, Level.DEBUG)


def test_a_platform_line_is_written_and_given_back_for_the_tail() -> None:
    kept = Kept()
    stream = LogStream(Origin.of(version(LoggingConfig("/aws/lambda/hello")), Clock()), kept, Clock())

    line = stream.write_platform(End("id-1"))
    unseen = stream.write_platform(InitRuntimeDone())
    both = stream.write_platform(Start("id-2", "1"), InitRuntimeDone(), End("id-2"))

    assert line == b"END RequestId: id-1\n"
    assert unseen == b""
    assert both == b"START RequestId: id-2 Version: 1\nEND RequestId: id-2\n"
    assert [data for _, _, data, _ in kept] == [line, both]


def test_a_filtered_start_still_reaches_the_store_for_its_request_id() -> None:
    kept = Kept()
    logging = LoggingConfig("/aws/lambda/hello", "JSON", system_log_level="WARN")
    stream = LogStream(Origin.of(version(logging), Clock()), kept, Clock())

    assert stream.write_platform(Start("id-1", "$LATEST")) == b""
    assert stream.write_platform(Report("id-1", 1.0, 128, 36)) == b""
    assert [record for _, _, _, record in kept] == [Start("id-1", "$LATEST")]


def test_output_says_when_to_pause() -> None:
    stream = LogStream(Origin.of(version(LoggingConfig("/aws/lambda/hello")), Clock()), Kept(), Clock())

    assert stream.write_output(b"one\n")
    assert not stream.write_output(b"two\n")
