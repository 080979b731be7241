"""Schemas of documents as models of an API: by name, with references as API Gateway has them."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from lambda_emu.services.child.program.openapi.document import Document, Members, members

REFERRED = ("#/definitions/", "#/components/schemas/")
UNNAMED = "Model"
"""Begins names of models for what has none; they are the same whenever it is imported."""


class Schemas:
    """Of one document. warnings: what is amiss, in API Gateway's words. models: schemas as text, by name."""

    def __init__(self, document: Document, api_id: str, known: frozenset[str]) -> None:
        """known: models that the API has, and keeps."""
        self._named = document.named("schemas")
        self._known = known
        self._api_id = api_id
        self.warnings: list[str] = []
        self.models = {name: json.dumps(self._referring(schema)) for name, schema in self._named.items()}

    def name_of(self, schema: Any) -> str | None:
        """Of the model for a schema, which is made if it has none; None: there is no schema, or not the one named."""
        reference = members(schema).get("$ref")
        if not isinstance(reference, str):
            return self._made(members(schema)) if schema else None
        name = reference.rpartition("/")[2]
        return name if self._is_there(name) else None

    def _is_there(self, name: str) -> bool:
        if name in self._named or name in self._known:
            return True
        warning = f"Reference to model '{name}' not found. Ignoring."
        if warning not in self.warnings:
            self.warnings.append(warning)
        return False

    def _made(self, schema: Members) -> str:
        text = json.dumps(self._referring(schema))
        name = UNNAMED + sha256(text.encode()).hexdigest()[:10]
        self.models[name] = text
        return name

    def _referring(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._referring(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {name: self._reference(one) if name == "$ref" else self._referring(one) for name, one in value.items()}

    def _reference(self, value: Any) -> Any:
        for begin in REFERRED:
            if isinstance(value, str) and value.startswith(begin) and "/" not in value[len(begin) :]:
                name = value[len(begin) :]
                self._is_there(name)
                return f"https://apigateway.amazonaws.com/restapis/{self._api_id}/models/{name}"
        return value
