"""What a Redis URL says, read without Redis.

The URL says which form it is::

    redis://host:6379/0                                  one server; rediss:// for TLS
    redis://host1:26379,host2:26379/0?sentinel=mymaster  Sentinel: the hosts are sentinels
    redis://host1:6379,host2:6379?cluster=true           Cluster: the hosts are where it is asked first

Before the hosts there may be `:password@` or `user:password@`, percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from oidc_gate.errors import SettingsError

__all__ = ["RedisUrl", "read_redis_url"]

_URL = re.compile(r"(rediss?)://(?:([^/?#]*)@)?([^/?#@]*)/?([^/?#]*)/?(?:\?([^#@]*))?")


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A Redis URL. `hosts`: each with its port; `sentinel`: the master's name at Sentinel, `""` without."""

    is_over_tls: bool
    hosts: tuple[tuple[str, int], ...]
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    sentinel: str = ""
    is_cluster: bool = False


def read_redis_url(url: str, setting: str) -> RedisUrl:
    """Return what the URL says. Raises SettingsError, without a word of what may be a password."""
    found = _URL.fullmatch(url)
    if found is None:
        raise _unreadable(setting)
    scheme, user, places, database, query = (each or "" for each in found.groups())
    options = dict(parse_qsl(query, keep_blank_values=True))
    several = "," in places
    known = options in ({}, {"cluster": "true"}) or (set(options) == {"sentinel"} and options["sentinel"])
    if not known or (several and not options) or ("cluster" in options and database not in ("", "0")):
        raise SettingsError(
            f"{setting}: a Redis URL has one host, or several and ?sentinel=NAME or ?cluster=true; a Cluster has no"
            " database number"
        )
    usual_port = 26379 if "sentinel" in options else 6379
    try:
        hosts = tuple(_place(each, usual_port) for each in places.split(","))
        number = int(database or 0)
    except ValueError:
        raise _unreadable(setting) from None
    name, _, password = user.partition(":")
    sentinel, is_cluster = options.get("sentinel", ""), "cluster" in options
    return RedisUrl(scheme == "rediss", hosts, number, unquote(name), unquote(password), sentinel, is_cluster)


def _place(text: str, usual_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", parts.port or usual_port


def _unreadable(setting: str) -> SettingsError:
    return SettingsError(
        f"{setting} is no Redis URL like redis://host:6379/0 or redis://:password@host:6379/0; in a password / ? # and"
        " % are written as %2F %3F %23 and %25."
    )
