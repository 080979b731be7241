"""What a template wants there to be, as resources that need one another, before anything is made. No operation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.env_vars import EnvVars, overridden_resources
from lambda_emu.project.resources import Reference, Resource, ResourceKey
from lambda_emu.templates.elsewhere import Elsewhere
from lambda_emu.templates.found import source_folder
from lambda_emu.templates.kinds.custom_resources import CUSTOM, PREFIX
from lambda_emu.templates.kinds.functions import FUNCTION, LAYER_VERSION
from lambda_emu.templates.kinds.tagging import with_stack_tags
from lambda_emu.templates.language.constraints import HIDDEN, is_hidden
from lambda_emu.templates.language.document import Place, Template
from lambda_emu.templates.language.includes import Fetch, include
from lambda_emu.templates.language.intrinsics import Resolver, Wrong, not_yet
from lambda_emu.templates.language.kept import with_policies
from lambda_emu.templates.language.loops import expand_loops
from lambda_emu.templates.language.parameters import read_config, stack_name, take_parameters
from lambda_emu.templates.language.references import references
from lambda_emu.templates.language.rules import check_rules
from lambda_emu.templates.language.shapes import wrong_shapes
from lambda_emu.templates.packaged import with_code_beside
from lambda_emu.templates.read_before import read_file
from lambda_emu.templates.transform import sam

MOST_RESOURCES = 500
"""CloudFormation's own limit."""
TOO_MANY = f"Number of resources, {{}}, is greater than maximum allowed, {MOST_RESOURCES}"
CODE: Mapping[str, str] = {FUNCTION: "Code", LAYER_VERSION: "Content"}
"""The properties that may name files here."""
UNTAGGED = (CUSTOM, "AWS::CloudFormation::Stack")
RETAINED = ("Retain", "RetainExceptOnCreate")


def is_kept(declared: Mapping[str, Any]) -> bool:
    """Whether a resource stays where its stack goes."""
    return declared.get("DeletionPolicy") in RETAINED


class OneOfSeveral(Struct, frozen=True):
    """A template that is served with others.

    at: what goes before the names of its files, so that it is known which of them is meant; "" or `orders/`.
    named: the end of the stack's name, where its folder has others too.
    """

    file: Path
    at: str
    named: str


class Stack(Struct, frozen=True):
    """template: in CloudFormation's own types, with the lines of the file. values: of parameters, pseudo ones too.

    folder: that its code lies in; None: it came over the network, and may name no file of this machine.
    """

    name: str
    folder: Path | None
    template: Template
    values: Mapping[str, Any]
    conditions: Mapping[str, bool]
    """Of the resources that have one."""
    cache: Path = Path()
    """The folder for templates that were expanded."""
    above: tuple[str, ...] = ()
    """Where the templates are that it is nested in, the outermost first, and its own last."""
    parents: tuple[str, ...] = ()
    """The ids of the stacks that it is nested in."""
    path: tuple[str, ...] = ()
    """The logical ids that lead to it from the outermost."""
    env_vars: EnvVars | None = None
    """Other values for its functions' variables, and for those of stacks within."""
    is_strict: bool = False
    """Whether what has no effect is a mistake."""
    told: set[str] = set()
    """What was told to have none, of stacks within it."""
    is_guessed: bool = False
    """Whether some of its parameters stand for what is not made yet."""
    at: str = ""
    """What goes before the names of its files where several are served."""
    tags: Mapping[str, str] = {}
    """That its resources get too."""
    is_looked_up: bool = False
    """Whether its values are what Systems Manager has, where its parameters name that."""

    def placed(self, lines: Iterable[str]) -> list[str]:
        """What is told of it."""
        return [f"{self.at}{line}" for line in lines]

    def below(self, parent: Stack, where: str, logical_id: str) -> Stack:
        """The same, nested in another one. Its functions have other values for variables."""
        parents = (*parent.parents, str(parent.values["AWS::StackId"]))
        above = (*(parent.above or (str(parent.template.file.resolve()),)), where)
        path, env_vars = (*parent.path, logical_id), parent.env_vars
        below = replace(self, above=above, parents=parents, path=path)
        below = replace(below, at=parent.at, is_strict=parent.is_strict, told=parent.told)
        return below if env_vars is None else below.with_variables(env_vars)

    def with_variables(self, env_vars: EnvVars) -> Stack:
        resources = overridden_resources(self.template.section("Resources"), env_vars, self.path)
        template = replace(self.template, body={**self.template.body, "Resources": resources})
        return replace(self, template=template, env_vars=env_vars)

    def is_wanted(self, logical_id: str) -> bool:
        return self.conditions.get(logical_id, True)

    def hidden(self) -> dict[str, str]:
        """What is told in place of parameters that nobody is shown."""
        return {name: HIDDEN for name, one in self.template.section("Parameters").items() if is_hidden(one)}

    def resolver(
        self,
        known: Callable[[str, str | None], Any],
        imported: Elsewhere | None = None,
        hidden: Mapping[str, str] = {},
    ) -> Resolver:
        """hidden: in place of values of parameters; what conditions say stays so."""

        def of_wanted(name: str, attribute: str | None) -> Any:
            if not self.is_wanted(name):
                raise Wrong(f"{name} is not made, since its condition does not hold")
            return known(name, attribute)

        found = Resolver(self.template, self.values, {}, of_wanted, imported)
        return found.hiding(hidden) if hidden else found

    def functions(self) -> list[str]:
        """The names of its functions, as far as the template says them, in its order."""
        resolver = self.resolver(not_yet)
        found = []
        for logical_id, resource in self.template.section("Resources").items():
            if resource.get("Type") == FUNCTION and self.is_wanted(logical_id):
                said = (resource.get("Properties") or {}).get("FunctionName")
                name = resolver.value(said, ("Resources", logical_id, "Properties", "FunctionName"))
                found.append(name if isinstance(name, str) else logical_id[:64])
        return found


def read_stack(
    file: Path, scope: Scope, given: Mapping[str, str], cache: Path, among: OneOfSeveral | None = None
) -> Stack:
    """The stack that a template file declares. given: parameters, before samconfig.toml's. ProjectError.

    among: where it is one of several, of whose parameters others are given too.
    """
    template = with_code_beside(read_file(file, cache), CODE)
    folder = source_folder(file)
    configured = read_config(folder)
    name = stack_name(configured, folder)
    if among is not None:
        name += among.named
        given = {one: value for one, value in given.items() if one in template.section("Parameters")}
    parameters, mistakes = take_parameters(template, given, configured)
    if mistakes:
        raise ProjectError(mistakes)
    stack = make_stack(template, name, folder, {**pseudo_parameters(name, scope), **parameters}, cache)
    return stack if among is None else replace(stack, at=among.at)


def make_stack(
    template: Template,
    name: str,
    folder: Path | None,
    values: Mapping[str, Any],
    cache: Path,
    fetch: Fetch | None = None,
) -> Stack:
    """The stack that a template declares. values: of parameters, pseudo ones too. cache: for what is expanded.

    folder: that its code lies in; None: whoever sent it must name no file of this machine. fetch: what it includes
    from S3. ProjectError.
    """
    template = include(template, is_local=folder is not None, fetch=fetch)
    if mistakes := [f"{template.where(place)}: {text}" for place, text in wrong_shapes(template.body)]:
        raise ProjectError(mistakes)
    check_rules(template, values)
    template = expand_loops(template, values)
    if mistakes := _wrong_resources(template):
        raise ProjectError(mistakes)
    if sam.is_sam(template):
        body = sam.expand(template, values, cache, is_local=folder is not None)
        template = Template(template.file, body, _all_lines(template, body))
        if mistakes := _too_many(template):
            raise ProjectError(mistakes)
    template = with_policies(template, values)
    return Stack(name, folder, template, values, conditions_of(template, values), cache)


def conditions_of(template: Template, values: Mapping[str, Any]) -> dict[str, bool]:
    """Whether those of resources hold, by logical id. ProjectError."""
    resolver = Resolver(template, values, {}, not_yet)
    found = {
        logical_id: resolver.condition(str(resource["Condition"]), ("Resources", logical_id, "Condition"))
        for logical_id, resource in template.section("Resources").items()
        if "Condition" in resource
    }
    if resolver.mistakes:
        raise ProjectError(resolver.mistakes)
    return found


def pseudo_parameters(name: str, scope: Scope) -> dict[str, Any]:
    suffix = "amazonaws.com.cn" if scope.partition == "aws-cn" else "amazonaws.com"
    id = hashlib.sha256(f"{scope.account}/{scope.region}/{name}".encode()).hexdigest()
    uuid = "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:32]))
    return {
        "AWS::AccountId": scope.account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": scope.partition,
        "AWS::Region": scope.region,
        "AWS::StackId": scope.arn(f"stack/{name}/{uuid}", "cloudformation"),
        "AWS::StackName": name,
        "AWS::URLSuffix": suffix,
    }


def _wrong_resources(template: Template) -> list[str]:
    resources = template.section("Resources")
    wrong = [
        f"{template.where(('Resources', name))}: must be a mapping with Type"
        for name, resource in resources.items()
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str)
    ]
    wrong += [
        f"{template.where(('Resources', name, 'Properties'))}: must be a mapping"
        for name, resource in resources.items()
        if isinstance(resource, dict) and not isinstance(resource.get("Properties") or {}, dict)
    ]
    return [*wrong, *_too_many(template)]


def _too_many(template: Template) -> list[str]:
    count = len(template.section("Resources"))
    return [f"{template.where(('Resources',))}: {TOO_MANY.format(count)}"] if count > MOST_RESOURCES else []


def _all_lines(template: Template, body: Mapping[str, Any]) -> dict[Place, int]:
    """The lines of the file, and those of what a macro made of its resources: theirs."""
    lines = dict(template.lines)
    written = template.section("Resources")
    for logical_id in body["Resources"]:
        if logical_id not in written:
            origin = max((name for name in written if logical_id.startswith(name)), key=len, default=None)
            place: Place = ("Resources",) if origin is None else ("Resources", origin)
            lines["Resources", logical_id] = template.line(place)
        for uri, property in (("CodeUri", "Code"), ("ContentUri", "Content")):
            at = lines.get(("Resources", logical_id, "Properties", uri))
            if at is not None:
                lines["Resources", logical_id, "Properties", property] = at
    return lines


# -- resources


def wanted(
    stack: Stack,
    keep: Callable[[Path, str], Any],
    known_kinds: Mapping[str, Any],
    imported: Elsewhere | None = None,
) -> list[Resource]:
    """Each with what it needs. keep: keeps code that lies here, for who names it at a place. ProjectError.

    imported: what other stacks say.
    """
    building = _Building(stack, keep, known_kinds, imported)
    found = [*building.resources()]
    building.look_at_outputs()
    mistakes = [*building.resolver.mistakes, *building.mistakes]
    if mistakes:
        raise ProjectError(mistakes)
    return found


class _Building:
    def __init__(
        self,
        stack: Stack,
        keep: Callable[[Path, str], Any],
        kinds: Mapping[str, Any],
        imported: Elsewhere | None,
    ) -> None:
        self.mistakes: list[str] = []
        self.resolver = stack.resolver(not_yet, imported)
        self._stack = stack
        self._keep = keep
        self._kinds = kinds
        self._declared = stack.template.section("Resources")

    def resources(self) -> Iterator[Resource]:
        for logical_id, declared in self._declared.items():
            if self._stack.is_wanted(logical_id) and declared["Type"] in self._kinds:
                yield self._resource(logical_id, declared)

    def look_at_outputs(self) -> None:
        """For what they refer to that there is not."""
        for name, output in self._stack.template.section("Outputs").items():
            if not isinstance(output, dict) or "Value" not in output:
                where = self._stack.template.where(("Outputs", name))
                self.mistakes.append(f"{where}: must be a mapping with Value")
            elif "Condition" not in output or self._holds(name, output):
                self.resolver.value(output["Value"], ("Outputs", name, "Value"))

    def _holds(self, name: str, output: Mapping[str, Any]) -> bool:
        return self.resolver.condition(str(output["Condition"]), ("Outputs", name, "Condition"))

    def _resource(self, logical_id: str, declared: Mapping[str, Any]) -> Resource:
        place: Place = ("Resources", logical_id, "Properties")
        self.resolver.imports.clear()
        properties = self.resolver.value(declared.get("Properties") or {}, place)
        if self._stack.tags and self._takes_tags(declared["Type"]):
            properties = with_stack_tags(declared["Type"], properties, self._stack.tags)
        imports = {"Imports": sorted(self.resolver.imports)} if self.resolver.imports else {}
        uses = {
            name: Reference(ResourceKey(self._declared[name]["Type"], name))
            for name in sorted(self._needs(logical_id, declared, properties))
        }
        shown = {"Properties": json.loads(json.dumps(properties)), "Uses": uses, **imports}
        members = {"Properties": properties, "Uses": uses}
        member = CODE.get(declared["Type"])
        is_local = member is not None and self._stack.folder is not None
        path = self._local(properties.get(member)) if is_local else None
        if member is not None and path is not None:
            where = self._stack.template.where((*place, member))
            kept = self._keep(Path(self._stack.template.file.absolute().parent, path), where)
            members["Properties"] = {**properties, member: {"Placed": kept}}
            shown["Properties"] = {**shown["Properties"], member: None if kept is None else kept.sha256}
        key = ResourceKey(declared["Type"], logical_id)
        return Resource(key, members, shown, self._stack.template.where(("Resources", logical_id)))

    def _takes_tags(self, type: str) -> bool:
        """Whoever makes custom resources is told what the template says, and stacks within it hand theirs on."""
        return type not in UNTAGGED and not type.startswith(PREFIX) and "Tags" in self._kinds[type].takes

    def _local(self, code: Any) -> str | None:
        """The path of code that lies here, however it is named."""
        if isinstance(code, str) and not code.startswith("s3://"):
            return code
        return sam.local_path(code)

    def _needs(self, logical_id: str, declared: Mapping[str, Any], properties: Any) -> set[str]:
        after = declared.get("DependsOn") or []
        named = set(map(str, after if isinstance(after, list) else [after]))
        for name in named - self._declared.keys():
            where = self._stack.template.where(("Resources", logical_id, "DependsOn"))
            self.mistakes.append(f"{where}: there is no resource {name!r}")
        named |= references(properties)
        there = {name for name in named & self._declared.keys() if self._stack.is_wanted(name)}
        return {name for name in there if self._declared[name]["Type"] in self._kinds}
