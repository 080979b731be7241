"""What must change between what a project wants and what there is: decided without looking at anything."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_emu.project.resources import (
    NeedsItself,
    Order,
    Present,
    Reference,
    Resource,
    ResourceChange,
    ResourceKey,
    difference,
    resolve,
)

ORDER = Order(kinds=("layer", "function", "alias", "share"), renewed={"layer"}, shares={"share"})
LAYER, FUNCTION, ALIAS, SHARE = (
    ResourceKey("layer", "l"),
    ResourceKey("function", "f"),
    ResourceKey("alias", "a"),
    ResourceKey("share", "s"),
)


def wanted(key: ResourceKey, *needs: ResourceKey, **shown: Any) -> Resource:
    return Resource(key, {"Needs": [Reference(need) for need in needs]}, shown, f"file:1: {key.name}")


def there(key: ResourceKey, identifier: str = "", **shown: Any) -> Present:
    return Present(key, shown, identifier or f"arn:{key.name}", "project")


def told(changes: list[ResourceChange]) -> list[tuple[str, str]]:
    """What happens to what, in order."""
    return [(change.action.name, change.key.name) for change in changes]


def test_what_is_not_there_is_made_after_what_it_needs() -> None:
    changes = difference([wanted(ALIAS, FUNCTION), wanted(FUNCTION, LAYER), wanted(LAYER)], [], ORDER)

    assert told(changes) == [("CREATE", "l"), ("CREATE", "f"), ("CREATE", "a")]


def test_what_is_wanted_no_longer_is_removed_before_what_it_needed() -> None:
    present = [there(LAYER), there(FUNCTION), there(ALIAS)]

    assert told(difference([], present, ORDER)) == [("REMOVE", "a"), ("REMOVE", "f"), ("REMOVE", "l")]


def test_removals_come_last() -> None:
    changes = difference([wanted(LAYER)], [there(FUNCTION)], ORDER)

    assert told(changes) == [("CREATE", "l"), ("REMOVE", "f")]


@pytest.mark.parametrize(
    ("before", "action"), [({"Memory": 128}, "LEAVE"), ({"Memory": 256}, "UPDATE"), ({}, "UPDATE")]
)
def test_what_is_shown_as_it_is_wanted_is_left_alone(before: dict[str, Any], action: str) -> None:
    changes = difference([wanted(FUNCTION, Memory=128)], [there(FUNCTION, **before)], ORDER)

    assert told(changes) == [(action, "f")]


def test_what_somebody_added_is_a_difference() -> None:
    changes = difference([wanted(FUNCTION, Memory=128)], [there(FUNCTION, Memory=128, Vpc="vpc-1")], ORDER)

    assert told(changes) == [("UPDATE", "f")]


def test_a_reference_means_the_identifier_of_what_is_there() -> None:
    function = wanted(FUNCTION, LAYER, Layers=[Reference(LAYER)])
    present = [there(LAYER, "arn:l:1"), there(FUNCTION, Layers=["arn:l:1"])]

    assert told(difference([wanted(LAYER), function], present, ORDER)) == [("LEAVE", "l"), ("LEAVE", "f")]


def test_what_refers_to_a_new_identifier_changes_with_it() -> None:
    function = wanted(FUNCTION, LAYER, Layers=[Reference(LAYER)])
    present = [there(LAYER, "arn:l:1", Hash="a"), there(FUNCTION, Layers=["arn:l:1"])]

    changes = difference([wanted(LAYER, Hash="b"), function], present, ORDER)

    assert told(changes) == [("UPDATE", "l"), ("UPDATE", "f")]


def test_what_refers_to_an_identifier_that_stays_does_not() -> None:
    alias = wanted(ALIAS, FUNCTION, Function=Reference(FUNCTION))
    present = [there(FUNCTION, Memory=128), there(ALIAS, Function="arn:f")]

    changes = difference([wanted(FUNCTION, Memory=256), alias], present, ORDER)

    assert told(changes) == [("UPDATE", "f"), ("LEAVE", "a")]


def test_a_share_that_changes_or_goes_is_given_back_before_anything_is_made() -> None:
    other, gone = ResourceKey("share", "other"), ResourceKey("share", "gone")
    present = [there(FUNCTION), there(SHARE, Size=800), there(other, Size=100), there(gone, Size=50)]
    desired = [wanted(FUNCTION), wanted(SHARE, Size=100), wanted(other, Size=800), wanted(LAYER)]

    changes = told(difference(desired, present, ORDER))

    assert set(changes[:3]) == {("REMOVE", "s"), ("REMOVE", "other"), ("REMOVE", "gone")}
    assert set(changes[3:]) == {("LEAVE", "f"), ("CREATE", "l"), ("CREATE", "s"), ("CREATE", "other")}


def test_a_share_that_stays_is_not_touched() -> None:
    assert told(difference([wanted(SHARE, Size=1)], [there(SHARE, Size=1)], ORDER)) == [("LEAVE", "s")]


def test_resources_that_need_one_another_are_refused_by_name() -> None:
    with pytest.raises(NeedsItself, match=r"needs itself: f needs a needs f|needs itself: a needs f needs a") as raised:
        difference([wanted(FUNCTION, ALIAS), wanted(ALIAS, FUNCTION)], [], ORDER)
    assert set(raised.value.circle) == {FUNCTION, ALIAS}


def test_references_are_resolved_wherever_they_stand() -> None:
    members = {"Layers": [Reference(LAYER)], "Environment": {"Variables": {"NAME": Reference(FUNCTION), "X": "y"}}}

    found = resolve(members, {LAYER: "arn:l:1", FUNCTION: "f"})

    assert found == {"Layers": ["arn:l:1"], "Environment": {"Variables": {"NAME": "f", "X": "y"}}}
    with pytest.raises(KeyError):
        resolve(members, {LAYER: "arn:l:1"})
