"""Has a template of SAM expanded: what of it names files here is set aside before, and put back after."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from lambda_emu.builds.fingerprint import fingerprint
from lambda_emu.programs import command_of
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.document import Document, forget
from lambda_emu.templates.cached import keep, kept
from lambda_emu.templates.language.document import Place, Template
from lambda_emu.templates.transform.places import say_places

MACRO = "AWS::Serverless-2016-10-31"
EXTRA = "pip install 'lambda-emu[sam]'"
LIMIT_S = 90.0
HERE = "lambda-emu.local"
"""The bucket that stands for the template's folder; its keys are paths, quoted."""
LAYER = "AWS::Serverless::LayerVersion"
_URIS = ("CodeUri", "ContentUri")
_DEFINITIONS = {
    "AWS::Serverless::Api": "DefinitionBody",
    "AWS::Serverless::HttpApi": "DefinitionBody",
    "AWS::Serverless::StateMachine": "Definition",
}
"""The member that a document of `DefinitionUri` stands in, by type."""
_PROGRAM = "lambda_emu.templates.transform.program"


def is_sam(template: Template) -> bool:
    said = template.body.get("Transform")
    return MACRO in (said if isinstance(said, list) else [said])


def expand(template: Template, values: Mapping[str, Any], cache: Path, *, is_local: bool = True) -> dict[str, Any]:
    """The body of the template in CloudFormation's own types. values: of parameters and pseudo parameters.

    cache: the folder where what was expanded is kept, right in that of all caches. Raises ProjectError, each mistake
    with its place. is_local: whether it may name files beside it.
    """
    place = ("Transform",)
    translator = importlib.util.find_spec("samtranslator")
    if translator is None or translator.origin is None:
        raise ProjectError([f"{template.where(place)}: templates of AWS SAM need: {EXTRA}"])
    if mistakes := [*_from_repository(template)]:
        raise ProjectError(mistakes)
    request = {"template": _set_aside(template) if is_local else template.body, "parameters": dict(values)}
    text = json.dumps(request, sort_keys=True)
    version = Path(translator.origin).read_text()  # says it; asking for the package's takes a start's time
    key = hashlib.sha256(f"{version} {text}".encode()).hexdigest()
    file = cache / f"{key}.json"
    answer = kept(file, "template")
    if answer is None:
        answer = _run(json.dumps(request), str(values["AWS::Region"]), template)
        if "template" in answer:
            keep(file, answer)
    if "mistakes" in answer:
        raise ProjectError([_mistake(template, logical, said) for logical, said in answer["mistakes"]])
    body: dict[str, Any] = answer["template"]
    _put_metadata(template, body["Resources"])
    return body


def _from_repository(template: Template) -> Iterator[str]:
    """Applications that the translator would ask AWS for."""
    for logical_id, resource in template.section("Resources").items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        said = properties.get("Location") if isinstance(properties, dict) else None
        if isinstance(said, dict) and resource.get("Type") == "AWS::Serverless::Application":
            where = template.where(("Resources", logical_id, "Properties", "Location"))
            yield f"{where}: applications of the Serverless Application Repository are not read; name a template's path"


def local_path(value: Any) -> str | None:
    """The path that a place in S3 stands for, None for what is really there."""
    if isinstance(value, dict):
        bucket = value.get("S3Bucket", value.get("Bucket"))
        key = value.get("S3Key", value.get("Key"))
        return unquote(str(key)) if bucket == HERE else None
    return None


def _mistake(template: Template, logical: str | None, text: str) -> str:
    place: Place = ("Resources", logical) if logical else ("Transform",)
    for word in text.replace("[", " ").replace("]", " ").replace("'", " ").split():
        for inner in (("Properties", word), ("Properties", "Events", word)):
            if (*place, *inner) in template.lines:
                return f"{template.where((*place, *inner))}: {text}"
    return f"{template.where(place)}: {text}"


def _set_aside(template: Template) -> dict[str, Any]:
    """A copy in which local paths look as if they were in S3, which the translator asks for, and documents stand."""
    made: dict[str, Any] = copy.deepcopy(dict(template.body))
    for logical_id, resource in made["Resources"].items():
        _put_document(template, logical_id, resource)
    shared = made.get("Globals")
    say_places(made["Resources"], shared)
    sections = [one.get("Properties") for one in made["Resources"].values() if _is_serverless(one)]

    def publishes(properties: Mapping[str, Any]) -> bool:
        """Whether other code makes another version: by its name, which the translator makes of where code lies."""
        of_all = (shared.get("Function") or {}) if isinstance(shared, dict) else {}
        return "AutoPublishAlias" in properties or "AutoPublishAlias" in of_all

    sections += shared.values() if isinstance(shared, dict) else []
    for properties in sections:
        for name in _URIS if isinstance(properties, dict) else ():
            said = properties.get(name)
            if isinstance(said, str) and not said.startswith("s3://"):
                properties[name] = {"Bucket": HERE, "Key": quote(said, safe="")}
                if publishes(properties):
                    properties[name]["Version"] = _content(template, said)
    return made


def _content(template: Template, path: str) -> str:
    """What code is known by. path: as the template says it. ProjectError."""
    try:
        return fingerprint(template.file.parent / path)
    except OSError as error:
        raise ProjectError([f"{template.where(('Transform',))}: {error}"]) from None


def _put_document(template: Template, logical_id: str, resource: Mapping[str, Any]) -> None:
    properties: Any = resource.get("Properties")
    member = _DEFINITIONS.get(str(resource.get("Type")))
    uri = properties.get("DefinitionUri") if isinstance(properties, dict) else None
    if member is None or not isinstance(uri, str) or uri.startswith("s3://"):
        return
    document = Document(template.file.parent / uri)
    found = None if document.root is None else document.data(document.root)
    forget()
    if document.mistakes:
        where = template.where(("Resources", logical_id, "Properties", "DefinitionUri"))
        raise ProjectError([f"{where}: {told}" for told in document.mistakes])
    del properties["DefinitionUri"]
    properties[member] = found


def _put_metadata(template: Template, made: dict[str, Any]) -> None:
    """A layer's, which says how it is built: the translator takes it away with the name."""
    for logical_id, layer in template.section("Resources").items():
        if layer.get("Type") == LAYER and isinstance(layer.get("Metadata"), dict):
            for name, resource in made.items():
                if re.fullmatch(f"{re.escape(logical_id)}[0-9a-f]{{10}}", name):
                    resource["Metadata"] = {"SamResourceId": logical_id, **layer["Metadata"]}


def _is_serverless(resource: Any) -> bool:
    return isinstance(resource, dict) and str(resource.get("Type")).startswith("AWS::Serverless::")


def _run(request: str, region: str, template: Template) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command_of(_PROGRAM),
            input=request.encode(),
            capture_output=True,
            cwd="/",
            env={"AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true"},
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProjectError([f"{template.where(('Transform',))}: takes longer than {LIMIT_S:.0f} s"]) from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:500]
        raise ProjectError([f"{template.where(('Transform',))}: cannot be expanded: {said or done.returncode}"])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
