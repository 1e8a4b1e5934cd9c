"""The OpenAPI document states the truth: generated requests of every operation, answered
as it says; its examples work; the page that shows it loads nothing.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.openapi import from_asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from longtake.api.app import routers
from tests.wire import BASE, EXTEND, GENERATE, Caller, Site

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
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
    there is a rule to break; in half of them the record that is named exists.
    """
    schema = from_asgi("/openapi.json", site.client.app, headers={"Host": "127.0.0.1"})
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
        if operation.body or any(operation.iter_parameters()):
            modes.append(GenerationMode.NEGATIVE)
        for mode in modes:
            _try(caller, operation, mode, n_examples // len(modes))
    return n_operations


def _try(caller: Caller, operation: Any, mode: GenerationMode, n: int) -> None:
    known = caller.source(2)

    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def attempt(*, case: Case[Any], real: bool) -> None:
        if real:
            _name_what_is_there(case, known)
        headers = {"Authorization": f"Bearer {caller.key}"}
        answer = case.call(base_url=BASE, headers=headers)
        case.validate_response(answer, checks=_CHECKS)

    attempt()


def _name_what_is_there(case: Case[Any], known: str) -> None:
    for place in (case.body, case.query, case.path_parameters):
        if isinstance(place, dict):
            for name in {"taskId", "task_id"} & place.keys():
                place[name] = known


def test_every_operation_is_described(caller: Caller) -> None:
    document = caller.client.get("/openapi.json").json()
    ids = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            ids.append(operation["operationId"])
            assert operation["description"], path
            if path.startswith("/api/"):
                assert operation["security"] == [{"key": []}], path
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


def test_the_way_in(caller: Caller) -> None:
    answer = caller.client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
