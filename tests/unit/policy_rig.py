"""Layers to guard, as if they had been published."""

from __future__ import annotations

from api_rig import Api

from lambda_emu.model.function.function import Artifact
from lambda_emu.model.layers.layer import Layer, LayerVersion

EMPTY = Artifact("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", size=0, unzipped_size=0)


def publish_layer(api: Api, name: str, versions: int) -> None:
    """A layer with this many versions, without code."""
    numbers = range(1, versions + 1)
    made = {number: LayerVersion(number, EMPTY, created="2026-01-01T00:00:00.000+0000") for number in numbers}
    api.store.write(lambda transaction: transaction.put(api.store.layers, api.scope, name, Layer(name, versions, made)))
