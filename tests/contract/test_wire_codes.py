"""A code becomes a key on the wire: the one request that needs none."""

from __future__ import annotations

import pytest

from longtake import keys
from tests.wire import Caller, envelope

CODE = "/api/v1/account/keys/code"


def coded(caller: Caller, *, admin: bool) -> str:
    store = caller.site.store
    with store.database.transaction() as connection:
        return keys.add_code(
            connection, caller.account.id, secret=store.secret, admin=admin
        )


@pytest.mark.parametrize("admin", [False, True])
def test_the_key_of_a_code_is_a_key(caller: Caller, admin: bool) -> None:
    told = envelope(caller.client.post(CODE, json={"code": coded(caller, admin=admin)}))
    new = told["data"]
    assert (told["code"], new["name"], new["admin"]) == (200, "studio", admin)
    assert new["key"].startswith(new["prefix"])
    theirs = Caller(caller.site, caller.client, caller.account, new["key"])
    account = theirs.get("/api/v1/account")["data"]
    assert account["id"] == caller.account.id
    assert account["key"]["expireTime"] == new["expireTime"] > new["createTime"]
    assert (theirs.get("/api/v1/admin/accounts")["code"] == 200) is admin
    ended = envelope(theirs.call("DELETE", f"/api/v1/account/keys/{new['id']}"))
    assert ended["code"] == 200
    assert theirs.get("/api/v1/account")["code"] == 401


def test_a_code_that_is_none_is_told_so(caller: Caller) -> None:
    code = coded(caller, admin=False)
    assert caller.client.post(CODE, json={"code": code}).json()["code"] == 200
    for wrong in (code, "guessed"):
        told = caller.client.post(CODE, json={"code": wrong}).json()
        assert told["code"] == 422
        assert "longtake keys link" in told["msg"]
    assert caller.client.post(CODE, json={}).json()["msg"] == "code is required."
