"""What code asks the extension, as what is asked of a service; and the service's answer as code gets it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct

MOST_FIELDS = 32
SECRET = ("ARN", "CreatedDate", "Name", "SecretBinary", "SecretString", "VersionId", "VersionStages")
PARAMETER = ("ARN", "DataType", "LastModifiedDate", "Name", "Selector", "SourceResult", "Type", "Value", "Version")
"""The members in the order in which the extension writes them; one that the service left out is null."""
TRUE = ("true", "1", "t")


class Question(Struct, frozen=True):
    """service: as it signs. target: of X-Amz-Target. is_fresh: what is kept is not to be looked at."""

    service: str
    target: str
    members: Mapping[str, Any]
    is_fresh: bool

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same question."""
        return self.target, *sorted(self.members.items())


class Unanswerable(Exception):
    """What cannot be asked so. status: of the answer; the text is the whole of it."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_question(path: bytes, query: bytes) -> Question:
    """Unanswerable."""
    read = PATHS.get(path.rstrip(b"/"))
    if read is None:
        raise Unanswerable(404, "404 page not found")
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Unanswerable(400, "the query cannot be read") from error
    said: dict[str, str] = {}
    for name, value in pairs:
        said.setdefault(name, value)
    return read(said, said.get("refreshNow", "").lower() in TRUE)


def _secret(said: Mapping[str, str], is_fresh: bool) -> Question:
    if not said.get("secretId"):
        raise Unanswerable(400, "secretId is missing")
    names = {"secretId": "SecretId", "versionId": "VersionId", "versionStage": "VersionStage"}
    members = {member: said[name] for name, member in names.items() if said.get(name)}
    return Question("secretsmanager", "secretsmanager.GetSecretValue", members, is_fresh)


def _parameter(said: Mapping[str, str], is_fresh: bool) -> Question:
    if not said.get("name"):
        raise Unanswerable(400, "name is missing")
    if said.get("version") and said.get("label"):
        raise Unanswerable(400, "version and label exclude each other")
    which = said.get("version") or said.get("label")
    name = f"{said['name']}:{which}" if which else said["name"]
    decrypts = said.get("withDecryption", "").lower() in TRUE
    return Question("ssm", "AmazonSSM.GetParameter", {"Name": name, "WithDecryption": decrypts}, is_fresh)


PATHS: Mapping[bytes, Callable[[Mapping[str, str], bool], Question]] = {
    b"/secretsmanager/get": _secret,
    b"/systemsmanager/parameters/get": _parameter,
}


def shown(question: Question, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the extension makes of the service's answer: Go's view of it, dates as text."""
    if question.service == "ssm":
        parameter = told.get("Parameter") or {}
        return {"Parameter": _members(parameter, PARAMETER), "ResultMetadata": {}}
    return {**_members(told, SECRET), "ResultMetadata": {}}


def _members(told: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _date(told.get(name)) if name.endswith("Date") else told.get(name) for name in names}


def _date(epoch_s: Any) -> str | None:
    """As Go writes it: no more digits of a second than there are, thousandths at most."""
    if not isinstance(epoch_s, int | float):
        return None
    written = datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return written.rstrip("0").rstrip(".") + "Z"
