"""The entrants: how each is installed, started, and what it checks on a request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from benchmarks.peers import installing
from benchmarks.peers.entrant import Entrant, Ground, InstallError
from benchmarks.peers.processes import free_port
from benchmarks.peers.proxies import mod_auth_openidc, oauth2_proxy
from benchmarks.peers.servers import gunicorn, uvicorn

__all__ = ["ENTRANTS", "chosen"]

HERE = Path(__file__).parent
FLASK, FASTAPI = partial(installing.here, "gunicorn", "Flask"), partial(installing.here, "uvicorn", "fastapi")
COOKIE = "its own sealed cookie, opened once by a process, and the session's ages; a logout elsewhere is not seen"
SERVER_SIDE = "the session in its store, asked for once a second, and its ages; so a logout elsewhere is seen"
SIGNED_COOKIE = "the tag of the framework's cookie, not when the login was; a logout elsewhere is not seen"


def gate(server: Callable[..., str], app: str, ground: Ground, store: str = "") -> None:
    """Start the gate in front of an app, with sessions in cookies or in a store."""
    port = free_port()
    options = ground.provider.options() | {"base_url": f"http://127.0.0.1:{port}"}
    if store == "sqlite":
        options["session_store"] = f"sqlite:///{ground.folder / 'sessions.db'}"
    elif store == "redis":
        address = ground.serve(["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", ""])
        options["session_store"] = address.replace("http://", "redis://") + "/0"
    environment = {f"OIDC_GATE_{name.upper()}": value for name, value in options.items()}
    server(ground, sys.executable, f"gated:{app}", port, **environment)


def _of_this_repository() -> Iterable[Entrant]:
    """Give the bare apps, and the gate before two of them: all that needs no installation."""
    yield Entrant("bare-flask", "", FLASK, lambda ground: gunicorn(ground, sys.executable, "bare:flask"))
    yield Entrant("bare-fastapi", "", FASTAPI, lambda ground: uvicorn(ground, sys.executable, "bare:fastapi"))
    for store, says in (("", COOKIE), ("sqlite", SERVER_SIDE), ("redis", SERVER_SIDE)):
        end = f"-{store}" if store else ""
        for app, server, versions in (("flask", gunicorn, FLASK), ("fastapi", uvicorn, FASTAPI)):
            install = installing.redis if store == "redis" else versions
            yield Entrant(f"gate-{app}{end}", f"bare-{app}", install, partial(gate, server, app, store=store), says)


def with_django(ground: Ground, *, database: bool) -> None:
    """Start Django, bare or with mozilla-django-oidc."""
    file = str(ground.folder / "django.db") if database else ""
    gunicorn(ground, str(installing.PYTHON), "with_django:app", RACE_DATABASE=file)


def express(ground: Ground, *, bare: str = "") -> None:
    """Start Express."""
    argv = ["node", str(HERE / "express" / "app.js"), "{port}"]
    ground.serve(argv, NODE_PATH=str(installing.NODE_MODULES), NODE_ENV="production", RACE_BARE=bare)


def _peers() -> Iterable[Entrant]:
    """Give the others."""
    python = str(installing.PYTHON)

    def in_python(server: Callable[..., str], app: str) -> Callable[[Ground], object]:
        return lambda ground: server(ground, python, app)

    yield Entrant(
        "oauth2-proxy",
        "bare-fastapi",
        installing.go,
        oauth2_proxy,
        "its encrypted cookie; passes each request on to the app, a hop more; no logout elsewhere is seen",
    )
    yield Entrant(
        "mod_auth_openidc",
        "bare-fastapi",
        installing.apache,
        mod_auth_openidc,
        "a session in Apache's shared memory; passes each request on to the app, a hop more",
    )
    versions = partial(installing.python, "Flask", "Authlib", "gunicorn")
    start = in_python(gunicorn, "flask_authlib:app")
    yield Entrant("flask-authlib", "bare-flask", versions, start, SIGNED_COOKIE)
    versions = partial(installing.python, "flask-oidc", "Flask", "Authlib", "gunicorn")
    start = in_python(gunicorn, "with_flask_oidc:app")
    says = "the tag of Flask's cookie, and when the access token expires, which it then renews"
    yield Entrant("flask-oidc", "bare-flask", versions, start, says)
    versions = partial(installing.python, "starlette", "uvicorn")
    yield Entrant("bare-starlette", "", versions, in_python(uvicorn, "bare:starlette"))
    versions = partial(installing.python, "starlette", "Authlib", "uvicorn")
    start = in_python(uvicorn, "starlette_authlib:app")
    says = f"{SIGNED_COOKIE}; the cookie is set anew with each answer; each redirect makes an httpx client with its TLS"
    yield Entrant("starlette-authlib", "bare-starlette", versions, start, says)
    versions = partial(installing.python, "fastapi", "PyJWT", "uvicorn")
    start = in_python(uvicorn, "fastapi_pyjwt:app")
    says = "the RS256 signature and the claims of a bearer token, each time; there is no login and no session"
    yield Entrant("fastapi-pyjwt", "bare-fastapi", versions, start, says, bearer=True)
    versions = partial(installing.python, "Django", "gunicorn")
    yield Entrant("bare-django", "", versions, partial(with_django, database=False))
    versions = partial(installing.python, "mozilla-django-oidc", "Django", "gunicorn")
    says = "a session and a user in SQLite, read each time, and every 15 minutes the provider"
    yield Entrant("mozilla-django-oidc", "bare-django", versions, partial(with_django, database=True), says)
    versions = partial(installing.node, "express")
    yield Entrant("bare-express", "", versions, partial(express, bare="1"))
    versions = partial(installing.node, "express-openid-connect", "express")
    says = "its encrypted cookie, with all tokens in it, set anew with each answer; no logout elsewhere is seen"
    yield Entrant("express-openid-connect", "bare-express", versions, express, says)


ENTRANTS = (*_of_this_repository(), *_peers())


def chosen(names: str, *, quick: bool) -> list[Entrant]:
    """Return the entrants of these names, and the bare ones that they are compared with.

    What is no name is the beginning of some: "gate" is all gates. None given: all entrants; for `quick` those that need
    no installation.

    Raises:
        InstallError: there is none of such a name.

    """
    starts = tuple(name.strip() for name in names.split(",") if name.strip())
    known = tuple(each.name for each in ENTRANTS)
    for start in starts:
        if not any(name.startswith(start) for name in known):
            raise InstallError(f"no entrant's name begins with {start!r}; there are {', '.join(known)}")
    if not starts and quick:
        starts = ("bare-flask", "bare-fastapi", "gate-")
    exact = {name for name in starts if name in known}
    begun = tuple(name for name in starts or ("",) if name not in exact)
    found = [each for each in ENTRANTS if each.name in exact or each.name.startswith(begun)]
    wanted = {each.name for each in found} | {each.bare for each in found}
    return [each for each in ENTRANTS if each.name in wanted]
