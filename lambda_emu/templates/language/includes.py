"""AWS::Include: what stands in a file beside the template, or in S3, takes its place in it, before all else is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from msgspec.structs import replace

from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.document import MAX_BYTES
from lambda_emu.project.resources import CannotChange
from lambda_emu.templates.beside import file_of
from lambda_emu.templates.language.document import MAX_DEPTH, Place, Template, read_snippet
from lambda_emu.templates.object_urls import is_url

INCLUDE, TRANSFORM = "AWS::Include", "Fn::Transform"
MOST_FILES = 50
FILE = "Location must be the path of a file beside the template"
OBJECT = "Location must be that of an object in S3: s3://bucket/key"

Fetch = Callable[[str, int], bytes]
"""An object in S3, by `s3://bucket/key`, of so many bytes at most. CannotChange."""


class NotIncluded(ProjectError):
    """What a template is to include cannot be had."""


def include(template: Template, *, is_local: bool, fetch: Fetch | None) -> Template:
    """The template with what it includes. is_local: whether it may name files beside it. fetch: None: nothing of S3
    can be had yet. NotIncluded.
    """
    including = _Including(template, fetch, is_local=is_local)
    body = including.value(including.sections(), ())
    if including.mistakes:
        raise NotIncluded(including.mistakes)
    return template if body == template.body else replace(template, body=body)


class _Including:
    def __init__(self, template: Template, fetch: Fetch | None, *, is_local: bool) -> None:
        self.mistakes: list[str] = []
        self._template = template
        self._fetch = fetch
        self._is_local = is_local
        self._files = 0

    def sections(self) -> Mapping[str, Any]:
        """With what the section `Transform` includes; no transform is left there that did."""
        said = self._template.body.get("Transform")
        macros = said if isinstance(said, list) else [said]
        included = [one for one in macros if _is_include(one)]
        if not included:
            return self._template.body
        body = dict(self._template.body)
        body["Transform"] = [one for one in macros if not _is_include(one)]
        for one in included:
            found = self._read(one, ("Transform",))
            for name, section in found.items() if isinstance(found, Mapping) else ():
                had: Any = body.get(name)
                is_added = isinstance(had, dict) and isinstance(section, dict)
                body[name] = {**had, **section} if is_added else section
        return body

    def value(self, node: Any, place: Place) -> Any:
        if len(place) > MAX_DEPTH:
            return node
        if isinstance(node, list):
            return [self.value(item, (*place, number)) for number, item in enumerate(node)]
        if not isinstance(node, dict):
            return node
        asked = node.get(TRANSFORM)
        if not _is_include(asked):
            return {name: self.value(member, (*place, name)) for name, member in node.items()}
        rest = {name: member for name, member in node.items() if name != TRANSFORM}
        members = {name: self.value(member, (*place, name)) for name, member in rest.items()}
        found = self._read(asked, (*place, TRANSFORM))
        if not members:
            return found
        return {**members, **found} if isinstance(found, Mapping) else members

    def _read(self, asked: Mapping[str, Any], place: Place) -> Any:
        """None after a mistake."""
        where = self._template.where(place)
        parameters = asked.get("Parameters")
        location = parameters.get("Location") if isinstance(parameters, Mapping) else None
        self._files += 1
        if not isinstance(location, str) or not self._may_be(location):
            self.mistakes.append(f"{where}: {INCLUDE}: {FILE if self._is_local else OBJECT}")
        elif self._files > MOST_FILES:
            self.mistakes.append(f"{where}: {INCLUDE}: more than {MOST_FILES} files are included")
        else:
            return self._snippet(location, where)
        return None

    def _may_be(self, location: str) -> bool:
        return self._fetch is not None and location.startswith("s3://") if is_url(location) else self._is_local

    def _snippet(self, location: str, where: str) -> Any:
        try:
            if self._fetch is not None and is_url(location):
                found = read_snippet(Path(PurePosixPath(location).name), self._fetch(location, MAX_BYTES))
            else:
                found = read_snippet(file_of(self._template.file, location))
        except CannotChange as error:
            self.mistakes.append(f"{where}: {error}")
        except ProjectError as error:
            self.mistakes.extend(f"{where}: {one}" for one in error.mistakes)
        else:
            if not _includes(found):
                return found
            self.mistakes.append(f"{where}: {location} includes another file, which CloudFormation refuses")
        return None


def _is_include(node: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(node, dict) and node.get("Name") == INCLUDE


def _includes(node: Any) -> bool:
    if isinstance(node, list):
        return any(map(_includes, node))
    return isinstance(node, dict) and (_is_include(node.get(TRANSFORM)) or any(map(_includes, node.values())))
