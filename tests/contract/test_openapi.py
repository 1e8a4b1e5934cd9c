"""The OpenAPI document states the truth: generated requests of every operation, answered
as it says; its examples work; the page that shows it loads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.openapi import from_asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from longtake import callbacks, keys
from longtake.api.app import routers
from tests.contract.rules import Rules
from tests.wire import BASE, EXTEND, GENERATE, Caller, Site

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CODE = "/api/v1/account/keys/code"  # what is asked without a key
_QUICK, _THOROUGH = 8, 200  # requests of each operation
_TAGS = sorted({str(tag) for one in routers() for tag in one.tags} - {"documents"})


# This is about the API; the books have tests of their own on both databases.
_on_sqlite = pytest.mark.parametrize("site", ["sqlite"], indirect=True)


@_on_sqlite
@pytest.mark.parametrize("tag", _TAGS)
def test_generated_requests(site: Site, tag: str) -> None:
    assert _tried(site, tag, _QUICK)


@pytest.mark.slow
@_on_sqlite
@pytest.mark.parametrize("tag", _TAGS)
def test_many_generated_requests(site: Site, tag: str) -> None:
    assert _tried(site, tag, _THOROUGH)


def _tried(site: Site, tag: str, n_examples: int) -> int:
    """Try the operations of ``tag``; how many there are.

    Half of an operation's requests keep the schema's rules and half break one, where
    its query, headers or body have a rule to break; in half of them the record that is
    named exists.
    """
    schema = from_asgi("/openapi.json", site.client.app, headers={"Host": "127.0.0.1"})
    # The key is sent with every request; drawing others beside it would be for nothing.
    schema.config.generation.update(with_security_parameters=False)
    rules = Rules(schema.raw_schema)
    n_operations = 0
    for found in schema.get_all_operations():
        operation = found.ok() if isinstance(found, Ok) else None
        assert operation is not None, found
        if tag not in (operation.tags or ()):
            continue
        n_operations += 1
        # What the operations before have switched off stays off for nobody.
        site.switch("maintenance", off=True)
        caller = site.caller(admin=True)
        modes = [GenerationMode.POSITIVE]
        if operation.body or operation.query or operation.headers:
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            _try(caller, operation, mode, n_examples // len(modes), rules)
    return n_operations


def _try(
    caller: Caller, operation: Any, mode: GenerationMode, n: int, rules: Rules
) -> None:
    known = _what_is_there(caller)
    in_path = {
        one.name: _path_texts(one.definition) for one in operation.path_parameters
    }
    # Drawing paths by their schema takes longer than all the rest.
    fixed = dict.fromkeys(in_path, "x")
    cases = operation.as_strategy(generation_mode=mode, path_parameters=fixed)

    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, path=st.fixed_dictionaries(in_path), real=st.booleans())
    def attempt(*, case: Case[Any], path: dict[str, str], real: bool) -> None:
        case.path_parameters.update(path)
        if real:
            _name(case, known)
        headers = {"Authorization": f"Bearer {caller.key}"}
        answer = case.call(base_url=BASE, headers=headers)
        case.validate_response(answer, checks=_CHECKS)
        if _is_accepted(answer):
            assert not rules.broken(
                operation.path,
                operation.method,
                path_values=case.path_parameters,
                url=str(answer.request.url),
                headers=answer.request.headers,
                body=answer.request.body,
            )

    attempt()


def _path_texts(parameter: dict[str, Any]) -> st.SearchStrategy[str]:
    """Texts for a place in a path, some of them longer than is allowed."""
    longest = parameter["schema"].get("maxLength", 128)
    texts = st.text(min_size=1, max_size=longest)
    return texts | texts.map(lambda text: text.ljust(longest + 1, "x"))


def _is_accepted(answer: Response) -> bool:
    """Whether an answer gives what was asked for: by its code, or its status without one."""
    if answer.status_code != 200:
        return False
    is_json = "application/json" in answer.headers["content-type"][0]
    return not is_json or answer.json().get("code", 200) == 200


def _what_is_there(caller: Caller) -> dict[str, str]:
    """Names for the places in paths that name something: of a finished record, and more."""
    other, task_id = caller.site.caller(), caller.source(2)
    record = caller.record(task_id)
    with caller.site.store.database.transaction() as connection:
        account = other.account.id
        (key,) = keys.listed(connection, account)
        delivery = callbacks.owe(
            connection,
            record_id=record.id,
            account_id=caller.account.id,
            url="https://example.com/",
            body={"taskId": task_id},
        )
    return {
        "task_id": task_id,
        "account_id": account,
        "key_id": key.id,
        "delivery_id": delivery,
        "name": "callbacks",  # of a switch that stops nothing here
    }


def _name(case: Case[Any], known: dict[str, str]) -> None:
    """Let ``case`` name what is there."""
    for name in known.keys() & case.path_parameters.keys():
        case.path_parameters[name] = known[name]
    for place in (case.body, case.query):
        if isinstance(place, dict) and "taskId" in place:
            place["taskId"] = known["task_id"]


# What clients send by mistake, and what a parser may take for something else.
_NEARLY: tuple[Any, ...] = (
    *(True, False, 0, 1, -1, 1.0, 1.5, 2**53, 10**400, None, [], {}, [None], {"a": 1}),
    *("", " ", "0", " 1 ", "1.0", "1.5", "+1", "-1", "1_0", "1e1", "0x1", "\u0663"),
    *("true", "True", "yes", "on", "t", "null", "NaN", "HIGH", "x" * 30_000, "a\0b"),
)
_RIGHT: dict[str, dict[str, Any]] = {
    EXTEND: {"taskId": "", "taskType": "mj_video_extend_auto", "index": 0},
    GENERATE: {
        "taskType": "mj_video",
        "prompt": "x",
        "fileUrl": "https://example.com/",
    },
    "/api/v1/admin/accounts": {"name": "nearly"},
    "/api/v1/admin/accounts/{account_id}": {"tier": "standard"},
    "/api/v1/admin/accounts/{account_id}/grants": {"credits": 1},
    "/api/v1/admin/switches/{name}": {"on": True},
}


@pytest.mark.slow
@_on_sqlite
def test_what_is_nearly_right_is_refused_or_said_to_be_taken(site: Site) -> None:
    """Every field of every JSON body, and every field of a query, one value at a time."""
    caller = site.caller(admin=True)
    known = _what_is_there(caller)
    document = caller.client.get("/openapi.json").json()
    rules = Rules(document)
    n_taken, wrong = 0, []
    for path, method, right, place, field in _fields(document):
        if "taskId" in right:
            right["taskId"] = known["task_id"]
        for value in _NEARLY:
            sent = right | {field: value}
            answer = caller.call(method, path.format(**known), **{place: sent})
            assert answer.status_code == 200, (path, field, value)
            if answer.json()["code"] != 200:
                continue
            n_taken += 1
            if rules.broken(
                path,
                method,
                path_values=known,
                url=str(answer.request.url),
                headers=answer.request.headers,
                body=answer.request.content,
            ):
                wrong.append((path, field, value))
    assert n_taken
    assert not wrong, "\n".join(map(str, wrong))


def _fields(
    document: dict[str, Any],
) -> Iterator[tuple[str, str, dict[str, Any], str, str]]:
    """(path, method, a right body or query, which of both, a field to send otherwise)."""
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for one in operation.get("parameters", ()):
                if one["in"] == "query" and path.startswith("/api/"):
                    yield path, method, {}, "params", one["name"]
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
            for name in schema.get("properties", {}):
                yield path, method, dict(_RIGHT.get(path, {})), "json", name


def test_every_operation_is_described(caller: Caller) -> None:
    document = caller.client.get("/openapi.json").json()
    ids = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            ids.append(operation["operationId"])
            assert operation["description"], path
            if path.startswith("/api/"):
                assert (operation.get("security") == [{"key": []}]) != (path == CODE)
                assert operation["responses"].keys() >= {"200", "401", "429", "503"}
    assert len(ids) == len(set(ids))
    assert document["servers"] == [{"url": BASE}]


@pytest.mark.parametrize(
    ("path", "model"), [(EXTEND, "ExtendAsk"), (GENERATE, "GenerateAsk")]
)
def test_the_examples_work(caller: Caller, path: str, model: str) -> None:
    document = caller.client.get("/openapi.json").json()
    (example,) = document["components"]["schemas"][model]["examples"]
    if "taskId" in example:
        caller.source(task_id=example["taskId"])
    assert caller.post(path, example)["code"] == 200


def test_the_page_shows_every_operation_and_loads_nothing(caller: Caller) -> None:
    answer = caller.client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "<script" not in answer.text
    links = re.findall(r"(?:src|href)='([^']*)'", answer.text)
    assert all(
        link.startswith(("#", "data:")) or link == "/openapi.json" for link in links
    )
    for path in caller.client.get("/openapi.json").json()["paths"]:
        assert f"<code>{path}</code>" in answer.text
