"""Pairs of gates with the same settings, one of each world, and what they answered to one request."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from oidc_gate.identity import IDENTITY_KEY
from oidc_gate.sessions.session import Session
from tests.access_tokens import AUDIENCE, access_token
from tests.asgi_driver import make_scope
from tests.providers.local import LocalProvider
from tests.stage import Clock, timed
from tests.wire import Headers, WireRequest
from tests.wsgi_driver import make_environ

__all__ = ["SETTINGS", "Answer", "Pair"]

#: By name: what differs from the defaults; "" for what the tests usually set, and stands at its default here.
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "rules": {
        "public_paths": ["/public", "/static"],
        "rules": [
            {"path": "/admin", "allow": {"groups": "admins"}},
            {"path": "/files", "method": "GET", "allow": "anyone"},
            {"path": "/api", "method": ["POST", "DELETE"], "allow": {"emails": "person-0@example.com"}},
            {"path": "/private/files", "allow": "nobody"},
        ],
        "allow_cors_preflight": True,
    },
    "proxies": {"trusted_proxies": 1, "identity_headers": "x-forwarded", "base_url": ""},
    "programs": {"bearer_audience": [AUDIENCE], "bearer_paths": ["/api"], "identity_headers": "ngrok"},
    "elsewhere": {"path_prefix": "/auth", "keep_posts": False, "allow_groups": ["admins"], "cache_control": "no-store"},
}
#: People who are signed in; every third is an admin.
PEOPLE = 24
#: What is random in an answer: a seal's text, a nonce of a Content-Security-Policy, a reference, the slot of a login.
_SEALED, _NONCE = re.compile(r"[A-Za-z0-9+/_-]{64,}"), re.compile(r"(nonce-|nonce=\")[A-Za-z0-9+/_=-]+")
_REFERENCE, _SLOT = re.compile(r"\b[0-9a-f]{10}\b"), re.compile(r"\.login\.\d")
_GATES_COOKIE = re.compile(r"(?:^|[;,\s])\s*(?:__Host-|__Secure-)?oidc_gate\.[^=;,]*=")

Seen = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """What came of a request. `seen`: what the app was told, None when it was not called."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    seen: Seen | None


@dataclass
class Pair:
    """Two gates.

    `sessions`: name and text of the cookie of each session, those that were ended too; `tokens`: access tokens, good
    ones and others; `texts`: what lets in whom, by subject: names of cookies with their texts, or "" and a token.
    `other`: settings of the ASGI gate alone, to see that this is found.
    """

    name: str
    provider: LocalProvider
    other: dict[str, Any] = field(default_factory=dict)
    sessions: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    texts: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.provider.clock = self.clock = Clock(float(self.provider.now()))
        settings = self.provider.gate_options() | {"base_url": "https://app.test"} | SETTINGS[self.name]
        settings = {name: value for name, value in settings.items() if value != ""}
        self.wsgi = timed("wsgi", self._wsgi_app, self.clock, **settings)
        self.asgi = timed("asgi", self._asgi_app, self.clock, **(settings | self.other))
        self._components = self.wsgi._gate._components
        self._names = [each.session for each in (self._components.secure_cookies, self._components.plain_cookies)]
        self._current: list[tuple[Session, str, str]] = []
        self._calls: list[Seen] = []
        names = self.wsgi._gate.reserved_headers
        self._is_reserved = functools.lru_cache(4096)(names.__contains__)
        self.sign_in()

    def sign_in(self) -> None:
        """Have everybody sign in anew, and every second one's session before that ended at both gates."""
        before, now = self._current, self.clock()
        for session, _, _ in before[::2]:
            for gate in (self.wsgi, self.asgi):
                gate._gate._components.sessions.end(session.session_id, now, session.expires_at)
        self._current = []
        self.texts = {session.claims["sub"]: {(name, text)} for session, name, text in before[1::2]}
        for number in range(PEOPLE):
            subject = f"person-{number}"
            claims = {
                "iss": self.provider.issuer,
                "sub": subject,
                "email": f"{subject}@example.com",
                "groups": ["admins"] if number % 3 == 0 else ["staff"],
            }
            session = self._components.sessions.start(claims, {}, (), now)
            name = self._names[number % 4 == 0]
            session, text = self._components.sessions.keep(session, name)
            self._current.append((session, name, text))
            self.texts.setdefault(subject, set()).add((name, text))
        self.sessions = [(name, text) for _, name, text in (*self._current, *before)]
        good = access_token(self.provider, sub="robot")
        self.texts["robot"] = {("", good)}
        others: tuple[dict[str, Any], ...] = ({"exp": 1}, {"aud": "another"}, {"iss": "https://evil"}, {"sub": ...})
        self.tokens = [good, good, good, *(access_token(self.provider, **changed) for changed in others)]

    async def ask(self, request: WireRequest) -> tuple[Answer, Answer]:
        """Return what came of a request in both worlds."""
        return self._ask_wsgi(request), await self._ask_asgi(request)

    # What is wrong

    def wrong(self, request: WireRequest, answers: Sequence[Answer]) -> str:
        """Return what is wrong with the answers, "" for nothing."""
        for world, answer in zip(("WSGI", "ASGI"), answers, strict=True):
            if answer.seen is not None and (what := self._wrong_with(request, dict(answer.seen))):
                return f"{world}: {what}"
        for name in ("status", "seen", "headers", "body"):
            of_wsgi, of_asgi = (getattr(answer, name) for answer in answers)
            if of_wsgi != of_asgi:
                return f"another {name}\n  WSGI: {of_wsgi}\n  ASGI: {of_asgi}"
        return ""

    def _wrong_with(self, request: WireRequest, seen: dict[str, str]) -> str:
        """Return what is wrong with a request that the app has seen so, whatever the other world says."""
        subject, path = seen["subject"], seen["path"]
        if seen["calls"] != "1":
            return "the app was called more than once"
        if _GATES_COOKIE.search(seen["cookie"]):
            return "the app saw a gate's cookie"
        if subject and not self._lets_in(request, subject):
            return f"{subject} without a session"
        if "mallory" in repr(seen.values()):
            return "the app was told what the client says of itself"
        if subject != "robot" and seen["claims"] and not seen["claims"].startswith(_claims(subject)):
            return f"{subject} with the claims {seen['claims']}"
        if not subject:
            return "" if self.name == "rules" and _is_open(request, seen) else f"anybody at {path}"
        if subject == "robot" and not (self.name == "programs" and _below(path, "/api")):
            return f"a token at {path}"
        is_admin = subject != "robot" and int(subject.removeprefix("person-")) % 3 == 0
        if not is_admin and (self.name == "elsewhere" or (self.name == "rules" and _below(path, "/admin"))):
            return f"{subject} at {path}"
        writes = _below(path, "/api") and seen["method"].upper() in ("POST", "DELETE")
        if self.name == "rules" and (_below(path, "/private/files") or (writes and subject != "person-0")):
            return f"{subject} at {path}"
        return ""

    def _lets_in(self, request: WireRequest, subject: str) -> bool:
        """Return whether this person's session or token is in the request as it has to be: once, whole, by its name."""
        header = "; ".join(value for name, value in request.headers if name.lower() == "cookie")
        first, *others = header.split(";")
        pairs = [pair.partition("=") for pair in (first, *(other.removeprefix(" ") for other in others))]
        for name, text in self.texts[subject]:
            whole, more = ([value for key, _, value in pairs if key == name + number] for number in ("", ".1"))
            if whole == [text] or (len(whole) == len(more) == 1 and whole[0] + more[0] == f"2.{text}"):
                return True
        said = [value for name, value in request.headers if name.lower() == "authorization"]
        scheme, _, token = said[0].partition(" ") if len(said) == 1 else ("", "", "")
        return scheme.lower() == "bearer" and ("", token.strip(" ")) in self.texts[subject]

    # The apps, and how they are asked

    def _note(self, path: str, method: str, query: str, headers: Headers, identity: Any, user: str) -> None:
        def sent(name: str, joint: str) -> str:
            return joint.join(value for key, value in headers if key == name)

        told = sorted((name, value) for name, value in headers if self._is_reserved(name))
        claims = "" if identity is None else f"{identity.email} {identity.groups} {identity.expires_at}"
        self._calls.append(
            (
                ("path", path),
                ("method", method),
                ("query", query),
                ("host", sent("host", ",")),
                ("cookie", sent("cookie", "; ")),
                ("authorization", sent("authorization", ",")),
                ("subject", "" if identity is None else identity.subject),
                ("user", user),
                ("claims", claims),
                *told,
            )
        )

    def _wsgi_app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        headers = [
            (key[5:].replace("_", "-").lower(), value) for key, value in environ.items() if key.startswith("HTTP_")
        ]
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        method, query, user = environ["REQUEST_METHOD"], environ["QUERY_STRING"], environ.get("REMOTE_USER", "")
        self._note(path, method, query, headers, environ[IDENTITY_KEY], user)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the app"]

    async def _asgi_app(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        identity, query = scope[IDENTITY_KEY], scope["query_string"].decode("latin-1")
        user = "" if identity is None else scope["user"].username
        self._note(scope["path"], scope["method"], query, headers, identity, user)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"the app"})

    def _ask_wsgi(self, request: WireRequest) -> Answer:
        started: list[Any] = []
        self._calls.clear()

        def start_response(status: str, headers: Headers, _exc_info: Any = None) -> None:
            started.append((status, headers))

        parts = self.wsgi(make_environ(request), start_response)
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", _nothing)()
        status, headers = started[-1]
        return self._answer(int(status[:3]), headers, body)

    async def _ask_asgi(self, request: WireRequest) -> Answer:
        scope = make_scope(request) | {"type": "http", "method": request.method}
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        self._calls.clear()
        await self.asgi(scope, receive, send)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return self._answer(sent[0]["status"], headers, body)

    def _answer(self, status: int, headers: Headers, body: bytes) -> Answer:
        seen = (*self._calls[0], ("calls", str(len(self._calls)))) if self._calls else None
        cookies = [("set-cookie", _masked(value)) for name, value in headers if name.lower() == "set-cookie"]
        others = sorted((name.lower(), value) for name, value in headers if name.lower() != "set-cookie")
        told = [(name, self._location(value) if name == "location" else _masked(value)) for name, value in others]
        return Answer(status, (*told, *cookies), _masked(body.decode("utf-8", "replace")), seen)

    def _location(self, address: str) -> str:
        """Return an address without what is random in it; of a login's `state`, what that says."""
        parts = urlsplit(address)
        told = []
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            state = self._components.attempts.read_state(value) if name == "state" else None
            if state is not None:
                told.append((name, repr(state._replace(identifier=b"", slot=0))))
            else:
                told.append((name, "~" if name in ("nonce", "code_challenge") else value))
        return f"{parts.scheme}://{parts.netloc}{parts.path}#{parts.fragment} {told}"


@functools.lru_cache(2048)
def _masked(text: str) -> str:
    """Return a text without what is random in it."""
    text = _NONCE.sub(r"\1~", _SEALED.sub("~", text))
    return _SLOT.sub(".login.~", _REFERENCE.sub("~", text))


def _claims(subject: str) -> str:
    number = int(subject.removeprefix("person-"))
    return f"{subject}@example.com {('admins' if number % 3 == 0 else 'staff',)} "


def _is_open(request: WireRequest, seen: dict[str, str]) -> bool:
    """Return whether the rules let anybody pass there."""
    names, path, method = {name.lower() for name, _ in request.headers}, seen["path"], seen["method"].upper()
    is_preflight = method == "OPTIONS" and {"origin", "access-control-request-method"} <= names
    reads = _below(path, "/files") and method in ("GET", "HEAD")
    return reads or is_preflight or _below(path, "/public") or _below(path, "/static")


def _below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _nothing() -> None:
    pass
