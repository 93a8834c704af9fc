"""How a store is named in `session_store`: what opens one, and what is refused before the gate starts."""

from __future__ import annotations

import sys

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.stores.redis import RedisStore
from oidc_gate.stores.redis_urls import RedisUrl, read_redis_url
from oidc_gate.stores.sqlite import SQLiteStore
from oidc_gate.stores.urls import open_store
from tests.test_settings import REQUIRED


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


@pytest.mark.parametrize("url", ["redis://:se#cret@host/0", "redis://:se/cret@host/0", "redis://:se?cret@host/0"])
def test_a_password_that_cuts_the_url_is_not_shown(url: str) -> None:
    """Where it ends nobody can tell; it would be another host."""
    with pytest.raises(SettingsError, match=r"%2F %3F %23") as caught:
        Settings(**REQUIRED, session_store=url)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("redis://", RedisUrl(False, (("localhost", 6379),))),
        ("redis://:p[W]q7@h/0", RedisUrl(False, (("h", 6379),), password="p[W]q7")),
        ("rediss://jo:a@b:c\uff0fd%2Fe@h:1/2", RedisUrl(True, (("h", 1),), 2, "jo", "a@b:c\uff0fd/e")),
        ("redis://[::1]:7,[::2]/0/?sentinel=m", RedisUrl(False, (("::1", 7), ("::2", 26379)), sentinel="m")),
        ("redis://a,b:2?cluster=true", RedisUrl(False, (("a", 6379), ("b", 2)), is_cluster=True)),
    ],
)
def test_what_a_redis_url_says(url: str, read: RedisUrl) -> None:
    assert read_redis_url(url, "session_store") == read
    assert "p[W]q7" not in repr(read)
    assert Settings(**REQUIRED, session_store=url).session_store == url


def test_a_file_that_is_none_keeps_no_sessions() -> None:
    with pytest.raises(SettingsError, match="session_store: SQLite's :memory: is another one for each connection"):
        Settings(**REQUIRED, session_store="sqlite:///:memory:")


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
