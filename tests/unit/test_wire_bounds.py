"""Every bound of every member that a request can have: the bound itself passes, one beyond is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import model
from botocore.session import Session

from lambda_emu.api.wire.service_model import lambda_model

SERVICE = Session().get_service_model("lambda")
LARGEST = 1_000_000  # a payload's own bound is held elsewhere


def inputs() -> Iterator[model.Shape]:
    """All shapes that a request can hold, each once."""
    seen: dict[str, model.Shape] = {}
    look = [SERVICE.operation_model(name).input_shape for name in SERVICE.operation_names]
    while look:
        shape = look.pop()
        if shape is None or shape.name in seen:
            continue
        seen[shape.name] = shape
        if isinstance(shape, model.StructureShape):
            look += shape.members.values()
        elif isinstance(shape, model.ListShape):
            look.append(shape.member)
        elif isinstance(shape, model.MapShape):
            look += [shape.key, shape.value]
    return iter(seen.values())


def bounds() -> Iterator[tuple[str, str, int, bool]]:
    """Shape, the word of its constraint, the bound, and whether it is the upper one."""
    for shape in inputs():
        word = "value" if shape.type_name in ("integer", "long", "double", "float") else "length"
        for key, upper in (("max", True), ("min", False)):
            if key in shape.metadata and shape.metadata[key] <= LARGEST:
                yield shape.name, word, shape.metadata[key], upper


def of_size(shape: model.Shape, size: float) -> Any:
    """A value that this measure is all that counts of."""
    if shape.type_name in ("integer", "long", "double", "float"):
        return size
    count = int(size)
    if isinstance(shape, model.ListShape):
        return ["x"] * count
    if isinstance(shape, model.MapShape):
        return {f"k{number}": "v" for number in range(count)}
    return b"x" * count if shape.type_name == "blob" else "x" * count


@pytest.mark.parametrize(("name", "word", "bound", "upper"), list(bounds()))
def test_a_bound_passes_and_one_beyond_is_refused(name: str, word: str, bound: int, upper: bool) -> None:
    relation = "less" if upper else "greater"
    text = f"Member must have {word} {relation} than or equal to {bound}"
    shape, beyond = SERVICE.shape_for(name), bound + 1 if upper else bound - 1
    constraints = {constraint.text: constraint for constraint in lambda_model().shape(name).constraints}

    assert constraints[text].holds(of_size(shape, bound))
    if beyond >= 0 or word == "value":
        assert not constraints[text].holds(of_size(shape, beyond))


def test_there_are_bounds_to_hold() -> None:
    assert len(list(bounds())) > 150
