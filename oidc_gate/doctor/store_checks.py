"""B: where sessions are kept: the store, or the list of ended sessions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from ipaddress import ip_address
from math import inf
from socket import SOCK_STREAM, getaddrinfo
from typing import Any

from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, unknown, warn, worst
from oidc_gate.errors import SettingsError, StoreError, StoreSetupError
from oidc_gate.stores import SessionStore, open_store
from oidc_gate.stores.facts import FileFacts, ServerFacts
from oidc_gate.stores.redis_urls import read_redis_url

__all__ = ["STORE_CHECKS"]

#: What is written lasts so long, should it not be removed again, in seconds.
_LIFETIME = 30.0
_VALUE, _LATER = b"oidc-gate doctor", b"oidc-gate doctor, later"
#: Seconds by which clocks may differ.
_APART = 5.0
_OVER_THE_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"}
)
_FUSE = "fuse."


def _round_trip(case: Case) -> Finding:
    """B1: what is written under a key of our own is read again, replaced, found by its name, and gone when removed."""
    given, setting = _given(case)
    try:
        store = _opened(case, given, setting)
        try_out = getattr(store, "try_out", None)
        if try_out is not None:
            try_out(setting)
        facts = _facts(case, store) if _is_file(given) else None
        if isinstance(facts, FileFacts) and not facts.is_there:  # made here, it would be that of whoever runs doctor
            return ok(f"{facts.path} is not there yet, and can be made")
        wrong, slowest = _tried(store, full=setting == "session_store")
    except SettingsError as error:
        return fail(str(error), f"mend {setting}")
    except StoreSetupError as error:
        return fail(f"the store does not work as it is set up: {error}", f"mend {setting}, or the rights there")
    except StoreError as error:
        return fail(f"the store does not answer: {error}", f"does it run, and does {setting} name it?")
    if wrong:
        return fail(f"the store answers, and {wrong}", "use one that keeps what it is given, and only until it is told")
    timeout = case.settings.store_timeout
    said = f"written, read and removed; the slowest step took {1000 * slowest:.0f} ms"
    if slowest > timeout / 2:
        return warn(f"{said}, and store_timeout is {1000 * timeout:.0f} ms", "bring the store nearer, or raise it")
    return ok(said)


def _given(case: Case) -> tuple[Any, str]:
    """Return the store as it is set, and the setting that names it. Raises SkippedError where there is none to ask."""
    settings = case.settings
    setting = "cookie_deny_list" if settings.session_store == "cookie" else "session_store"
    given = getattr(settings, setting)
    if not given:
        raise SkippedError("sessions live in their cookies: there is no store")
    if case.options.offline and not _is_file(given):
        raise SkippedError("nothing is asked: --offline")
    return given, setting


def _opened(case: Case, given: Any, setting: str) -> SessionStore:
    """Return the store. Raises SettingsError."""
    timeout = case.settings.store_timeout
    store: SessionStore = open_store(given, timeout, setting) if isinstance(given, str) else given
    return store


def _is_file(given: Any) -> bool:
    return isinstance(given, str) and given.startswith("sqlite:")


def _facts(case: Case, store: SessionStore) -> Any:
    ask = getattr(store, "facts", None)
    return None if ask is None else ask(case.clock)


def _tried(store: SessionStore, *, full: bool) -> tuple[str, float]:
    """Return what went wrong, `""` for nothing, and how long the slowest step took, in seconds. Raises StoreError.

    A list of ended sessions is asked for no more than it will be: to keep and to tell.
    """
    key, name = secrets.token_hex(32), secrets.token_hex(32)
    names = (name,) if full else ()
    slowest = 0.0

    def step(call: Callable[[], Any]) -> Any:
        nonlocal slowest
        started = time.monotonic()
        said = call()
        slowest = max(slowest, time.monotonic() - started)
        return said

    step(lambda: store.save(key, _VALUE, _LIFETIME, names, _LIFETIME))
    try:
        if step(lambda: store.load(key)) != _VALUE:
            return "does not give back what it was given", slowest
        wrong = _handled(store, step, key, name) if full else ""
    finally:
        store.delete(key)
        if full:
            store.delete_named(name)
            store.release(name)
    if not wrong and step(lambda: store.load(key)) is not None:
        wrong = "keeps what was removed"
    return wrong, slowest


def _handled(store: SessionStore, step: Callable[[Callable[[], Any]], Any], key: str, name: str) -> str:
    """Return what goes wrong with what only sessions need."""
    if step(lambda: store.replace(key, _LATER, _LIFETIME, _LATER)):
        return "replaces what is not there any more"
    if not step(lambda: store.replace(key, _LATER, _LIFETIME, _VALUE)):
        return "replaces nothing"
    if not step(lambda: store.claim(name, _LIFETIME)) or step(lambda: store.claim(name, _LIFETIME)):
        return "does not give a claim to one alone"
    if step(lambda: store.delete_named(name)) != 1:
        return "does not find a session by its name"
    return ""


def _state(case: Case) -> Finding:
    """B2: the store is set up so that sessions stay there, and nobody else reads along."""
    given, setting = _given(case)
    try:
        facts = _facts(case, _opened(case, given, setting))
    except (SettingsError, StoreError):
        raise SkippedError("the store does not answer: B1") from None
    if isinstance(facts, FileFacts):
        return _of_file(facts)
    if not isinstance(facts, list):
        return unknown("this store says nothing of itself")
    return worst([*(_of_server(each) for each in facts), _on_the_way(given)])


def _of_file(facts: FileFacts) -> Finding:
    if facts.kind in _OVER_THE_NETWORK or facts.kind.startswith(_FUSE):
        return warn(
            f"{facts.path} is on a file system of kind {facts.kind}, where SQLite's locks may not hold",
            "put it on a disk of this machine; for several machines use Redis",
        )
    if facts.is_there and not facts.is_wal:
        return warn(
            f"{facts.path} is not in WAL mode, so that readers wait for writers",
            f'sqlite3 {facts.path} "PRAGMA journal_mode = WAL", while no gate runs',
        )
    if not facts.kind:
        return unknown(f"{facts.path}: this system does not tell what file system that is on")
    return ok(f"{facts.path}, on {facts.kind}{', in WAL mode' if facts.is_there else ''}")


def _of_server(facts: ServerFacts) -> Finding:
    if facts.is_replica:
        return fail(f"{facts.place} is a replica, which takes no writes", "name the master, or Sentinel, in the URL")
    if abs(facts.ahead) > _APART:
        return warn(
            f"the clock of {facts.place} is {abs(facts.ahead):.1f} s {'ahead' if facts.ahead > 0 else 'behind'}",
            "have both machines keep time by NTP: sessions end by the clocks of the machines that serve the app",
        )
    if facts.limit < 0:
        return unknown(f"{facts.place} does not tell this user of itself: INFO is not allowed")
    if facts.limit and facts.policy != "noeviction":
        return warn(
            f"{facts.place} drops sessions when its memory is full (maxmemory-policy {facts.policy})",
            "maxmemory-policy noeviction, and memory enough; a cache beside it belongs into a server of its own",
        )
    if facts.behind > _APART:
        since = "gets nothing of it" if facts.behind == inf else f"is {facts.behind:.0f} s behind"
        return warn(
            f"a replica of {facts.place} {since}",
            "look at the replica's log; when it takes the master's place, the sessions and the logouts of that time are"
            " not there",
        )
    return ok(f"{facts.place}: keeps what it has ({facts.policy or 'no policy'}), its clock agrees")


def _on_the_way(url: str) -> Finding:
    """Return whether what goes to Redis goes over a public network, unencrypted."""
    read = read_redis_url(url, "session_store")
    if read.is_over_tls:
        return ok("over TLS")
    public = [host for host, _ in read.hosts if _is_public(host)]
    if public:
        return warn(
            f"{', '.join(public)} is a public address, and is asked without TLS: its password can be read on the way",
            "rediss:// in the URL, or a way that is private",
        )
    return ok("over a private network")


def _is_public(host: str) -> bool:
    try:
        found = getaddrinfo(host, None, type=SOCK_STREAM)
    except OSError:
        return False
    return any(ip_address(str(each[4][0]).partition("%")[0]).is_global for each in found)


STORE_CHECKS = (
    Check("B1", "store", _round_trip),
    Check("B2", "store's state", _state),
)
