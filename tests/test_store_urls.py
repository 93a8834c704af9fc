"""How a store is named in `session_store`: what opens one, and what is refused before the gate starts."""

from __future__ import annotations

import sys

import pytest

from oidc_gate.errors import SettingsError
from oidc_gate.stores.redis import RedisStore
from oidc_gate.stores.sqlite import SQLiteStore
from oidc_gate.stores.urls import open_store


def test_a_store_is_opened_without_being_there() -> None:
    """A gate starts while its store is down."""
    assert isinstance(open_store("sqlite:////no/such/folder/sessions.db", 1.0), SQLiteStore)
    for query in ("", "?sentinel=mymaster", "?cluster=true"):
        assert isinstance(open_store(f"redis://127.0.0.1:9{query}", 1.0), RedisStore)
    assert isinstance(open_store("rediss://user:p%40ss@127.0.0.1/3", 1.0), RedisStore)


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite://path.db", "sqlite:path.db", "memcached://host", ""]
)
def test_what_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="session_store must be one of"):
        open_store(url, 1.0)


@pytest.mark.parametrize("url", ["redis", "redis://host:port/0", "redis://host:6379/first", "redis://host:99999"])
def test_a_redis_url_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="no Redis URL"):
        open_store(url, 1.0)


@pytest.mark.parametrize(
    "url",
    [
        "redis://host/0?bogus=1",
        "rediss://host?ssl_ca_certs=/x",
        "redis://host?cluster=True",
        "redis://host?sentinel=",
        "redis://one,two/0",
        "redis://host/3?cluster=true",
    ],
)
def test_what_would_have_no_effect_in_a_redis_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="one host, or several"):
        open_store(url, 1.0)


def test_without_its_client_redis_is_refused_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match=r"oidc-gate\[redis\]"):
        open_store("redis://host", 1.0)
