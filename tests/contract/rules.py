"""What the OpenAPI document forbids of a request, the contract's leniency granted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema_rs import validator_for

_NUMBER = re.compile(r"-?[0-9]+")
_ALIASES = {"watermark": "waterMark"}


class Rules:
    """The rules of every operation of an OpenAPI ``document``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths = document["paths"]
        self._components = document["components"]

    def broken(
        self,
        path: str,
        method: str,
        *,
        path_values: Mapping[str, Any],
        url: str,
        headers: Mapping[str, Any],
        body: Any,
    ) -> list[str]:
        """The rules of an operation that a request breaks, one text for each.

        A form is not looked at: its file decides whether it is taken.
        """
        operation = self._paths[path][method.lower()]
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        places = {"path": path_values, "query": query, "header": headers}
        found = [
            f"{one['name']}: {sent!r}"
            for one in operation.get("parameters", ())
            for sent in [places[one["in"]].get(one["name"])]
            if not self._is_kept(one, sent)
        ]
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart" in headers.get("content-type", "") or not content:
            return found
        schema = content["application/json"]["schema"]
        return found + list(self._errors(schema, lenient(json.loads(body or ""))))

    def _is_kept(self, parameter: Mapping[str, Any], sent: Any) -> bool:
        if sent is None or (parameter["in"] != "path" and not str(sent).strip()):
            return not parameter["required"]
        readings: list[object] = [str(sent)]
        if _NUMBER.fullmatch(str(sent).strip()):
            readings.append(int(sent))
        return any(not [*self._errors(parameter["schema"], one)] for one in readings)

    def _errors(self, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
        known = {**schema, "components": self._components}
        for error in validator_for(known).iter_errors(value):
            yield f"{'.'.join(map(str, error.instance_path))}: {error.message}"


def lenient(document: Any) -> Any:
    """A JSON body as its schema has to be read: nulls and blank texts are left out, no
    text has spaces around it, ``watermark`` is ``waterMark``.

    That whole numbers may be texts, and unknown fields are ignored, the schema says itself.
    """
    if not isinstance(document, dict):
        return document
    read = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in document.items()
    }
    present = {name: value for name, value in read.items() if value not in (None, "")}
    return {_ALIASES.get(name, name): value for name, value in present.items()}
