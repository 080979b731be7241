"""Tags of REST APIs themselves: moto has those of stages alone."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.apigateway import urls
from moto.apigateway.responses import APIGatewayResponse

Answered = tuple[int, dict[str, Any], str | bytes]
ADDRESS = "{0}/tags/arn:(?P<partition>[^/]+):apigateway:(?P<region_name>[^/]+)::/restapis/(?P<function_id>[^/]+)$"
ACTIONS = {"GET": "GetTags", "PUT": "TagResource", "DELETE": "UntagResource"}


def extend() -> None:
    """Before moto makes its app of this service."""
    urls.url_paths[ADDRESS] = TagsOfApis.dispatch


class TagsOfApis(APIGatewayResponse):
    """Asked by moto, by the names of operations."""

    def _get_action(self) -> str:
        """moto finds none at an address with slashes in it."""
        return ACTIONS[self.method]

    def get_tags(self) -> Answered:  # type: ignore[override]
        return 200, {}, json.dumps({"tags": self._tags()})

    def tag_resource(self) -> Answered:  # type: ignore[override]
        self._tags().update(json.loads(self.body or "{}").get("tags") or {})
        return 204, {"status": 204}, ""

    def untag_resource(self) -> Answered:  # type: ignore[override]
        for name in self.querystring.get("tagKeys") or ():
            self._tags().pop(name, None)
        return 204, {"status": 204}, ""

    def _tags(self) -> dict[str, str]:
        """RestAPINotFound."""
        tags: dict[str, str] = self.backend.get_rest_api(unquote(self.path).rpartition("/")[2]).tags
        return tags
