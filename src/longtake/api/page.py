"""An OpenAPI document as one HTML page. Everything it shows is escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

_CODES = (
    (200, "ok"),
    (400, "the body is not JSON, or too large"),
    (401, "no key, an unknown or a revoked one, or one that may not do this"),
    (402, "not enough credits; nothing was held"),
    (404, "no such path, or not with this method"),
    (
        422,
        "a field breaks its rule, or names what does not exist; the message says which",
    ),
    (429, "too many requests"),
    (455, "maintenance, or the database cannot be reached"),
    (500, "a fault of the server"),
    (501, "the record to go on from failed itself"),
    (505, "the feature is switched off"),
)
_OURS = "Longtake's own"
_DEEPEST = 4  # levels of nested fields


def render(document: dict[str, Any], style: str) -> str:
    """The whole page."""
    info, schemas = document["info"], document["components"]["schemas"]
    groups = _groups(document)
    links = "".join(
        f"<li><a href='#{escape(tag)}'>{escape(tag)}</a><ul>"
        + "".join(
            f"<li><a href='#{_anchor(one)}'>{escape(_title(one))}</a></li>"
            for one in found
        )
        + "</ul></li>"
        for tag, _, found in groups
    )
    sections = "".join(
        f"<section><h2 id='{escape(tag)}'>{escape(tag)}</h2><p>{_inline(about)}</p>"
        + "".join(
            _operation(one, schemas, document["servers"][0]["url"]) for one in found
        )
        + "</section>"
        for tag, about, found in groups
    )
    codes = "".join(
        f"<tr><td><code>{code}</code></td><td>{escape(text)}</td></tr>"
        for code, text in _CODES
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<link rel='icon' href='data:,'>"
        f"<title>{escape(info['title'])} API</title><style>{style}</style></head><body>"
        f"<nav aria-label='Endpoints'><a class='name' href='#top'>{escape(info['title'])}"
        f" <small>{escape(info['version'])}</small></a><ul>{links}</ul>"
        "<a href='/openapi.json'>openapi.json</a></nav>"
        f"<main id='top'><h1>{escape(info['title'])} API</h1>"
        f"{_paragraphs(info['description'])}"
        f"<h2 id='codes'>Codes</h2><table>{codes}</table>{sections}</main></body></html>"
    )


Operation = tuple[str, str, dict[str, Any]]  # method, path, what OpenAPI says


def _groups(document: dict[str, Any]) -> list[tuple[str, str, list[Operation]]]:
    """The operations by their tag, in the order of the document's tags."""
    about = {tag["name"]: tag["description"] for tag in document["tags"]}
    found: dict[str, list[Operation]] = {tag: [] for tag in about}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["others"])[0]
            found.setdefault(tag, []).append((method, path, operation))
    return [(tag, about.get(tag, ""), found[tag]) for tag in found if found[tag]]


def _operation(one: Operation, schemas: dict[str, Any], base: str) -> str:
    method, path, operation = one
    title = f"<span class='method {method}'>{method.upper()}</span>"
    parts = [
        f"<article id='{_anchor(one)}'><h3>{title} <code>{escape(path)}</code></h3>",
        _paragraphs(operation.get("description", "")),
    ]
    given = operation.get("parameters", [])
    if given:
        rows = "".join(
            _row(
                parameter["name"],
                parameter["schema"] | {"in": parameter["in"]},
                required=parameter.get("required", False),
                schemas=schemas,
            )
            for parameter in given
        )
        parts.append(f"<h4>Parameters</h4><table class='fields'>{rows}</table>")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(content["schema"], schemas)
        parts.append(f"<h4>Body <small>{escape(kind)}</small></h4>")
        parts.append(_fields(schema, schemas))
        parts += [_curl(path, one, base) for one in schema.get("examples", [])[:1]]
    data = _data(operation, schemas)
    if data is not None:
        parts.append(
            "<details><summary>Answer</summary><p><code>data</code> is "
            f"{escape(_type(data, schemas))}.</p>{_fields(data, schemas)}</details>"
        )
    return "".join(parts) + "</article>"


def _data(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of ``data`` in a good answer; None where answers are no envelopes."""
    content = operation["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    good = _resolved(schema.get("anyOf", [schema])[0], schemas)
    data = good.get("properties", {}).get("data")
    return None if data is None else _resolved(data, schemas)


def _fields(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> str:
    """The fields of an object, or of the objects of a list, as a table."""
    schema = _inner(schema, schemas)
    fields: dict[str, Any] = schema.get("properties", {})
    if not fields or depth > _DEEPEST:
        return ""
    needed = schema.get("required", [])
    rows = "".join(
        _row(name, fields[name], required=name in needed, schemas=schemas, depth=depth)
        for name in sorted(fields, key=lambda name: _later(name, fields, needed))
    )
    return f"<table class='fields'>{rows}</table>"


def _later(name: str, fields: dict[str, Any], needed: list[str]) -> tuple[bool, bool]:
    """What is required goes first, what is no part of the family's API last."""
    ours = _OURS in fields[name].get("description", "")
    return name not in needed, ours


def _row(
    name: str,
    field: dict[str, Any],
    *,
    required: bool,
    schemas: dict[str, Any],
    depth: int = 0,
) -> str:
    words = [f"<span class='type'>{escape(_type(field, schemas))}</span>"]
    if "in" in field:
        words.append(f"<span class='type'>in the {field['in']}</span>")
    if field.get("default") not in (None, [], ()):
        default = escape(json.dumps(field["default"]))
        words.append(f"<span class='type'>by default {default}</span>")
    if "description" in field:
        words.append(_inline(field["description"]))
    nested = _fields(field, schemas, depth + 1)
    if nested:
        nested = f"<details><summary>its fields</summary>{nested}</details>"
    mark = "<span class='required'>required</span>" if required else ""
    return (
        f"<tr><td><code>{escape(name)}</code>{mark}</td>"
        f"<td>{' &middot; '.join(words)}{nested}</td></tr>"
    )


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A schema in a few words."""
    schema = _resolved(schema, schemas)
    if "anyOf" in schema:
        words = [_type(one, schemas) for one in schema["anyOf"] if _worth_a_word(one)]
        return " or ".join(dict.fromkeys(words))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(dict.fromkeys(str(value) for value in values))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    kind = schema.get("type", "anything")
    named = {"integer": "whole number", "string": "text", "boolean": "true or false"}
    word = named.get(kind, kind)
    return " ".join(filter(None, (word, _bounds(schema))))


def _worth_a_word(schema: dict[str, Any]) -> bool:
    """Not null, nor digits as a text: the introduction tells of both."""
    digits = "pattern" in schema and "examples" not in schema
    return schema.get("type") != "null" and not digits


def _bounds(schema: dict[str, Any]) -> str:
    if schema.get("type") == "string":
        if "examples" in schema:
            return f"like {schema['examples'][0]}"
        most = schema.get("maxLength")
        return f"of up to {most} characters" if most else ""
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None and most < 2**53 - 1:
        return f"from {least} to {most}"
    return f"from {least}" if least is not None else ""


def _inner(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The object in a list, or in a choice between an object and null."""
    schema = _resolved(schema, schemas)
    for one in schema.get("anyOf", ()):
        found = _inner(one, schemas)
        if "properties" in found:
            return found
    if schema.get("type") == "array":
        return _inner(schema.get("items", {}), schemas)
    return schema


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = schemas[reference.rpartition("/")[2]]
    return found


def _curl(path: str, example: dict[str, Any], base: str) -> str:
    body = json.dumps(example, indent=2, ensure_ascii=False)
    command = (
        f'curl {base}{path} \\\n  -H "Authorization: Bearer $LONGTAKE_KEY" \\\n'
        f"  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
    return f"<pre tabindex='0'>{escape(command)}</pre>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in _split(text))


def _split(text: str) -> Iterator[str]:
    return filter(None, (part.strip() for part in text.split("\n\n")))


def _inline(text: str) -> str:
    """The little Markdown that our texts use: code and bold."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def _anchor(one: Operation) -> str:
    return escape(re.sub(r"\W+", "-", f"{one[0]}{one[1]}").strip("-"))


def _title(one: Operation) -> str:
    return str(one[2].get("summary", one[1]))
