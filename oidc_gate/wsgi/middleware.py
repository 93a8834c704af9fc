"""The gate as WSGI middleware (PEP 3333).

The app's iterable is returned untouched, and `wsgi.input` is read of no request that reaches the app: streaming,
`close()`, the `write` callable and `exc_info` work as without the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Unpack

from oidc_gate.decisions import (
    BY_PATH,
    LONGEST_KEY,
    METHOD_HEADERS,
    AskAgain,
    By,
    Decision,
    Forward,
    Instead,
    Reply,
    WithoutBody,
    Work,
)
from oidc_gate.identity import IDENTITY_KEY
from oidc_gate.outsiders import warn_of_outsiders
from oidc_gate.reserved_headers import HarmlessNames, ReservedHeaders
from oidc_gate.settings import check_app, resolve_app, resolve_settings
from oidc_gate.wsgi.bodies import instead, read_body
from oidc_gate.wsgi.request import WSGIRequest
from oidc_gate.wsgi.response_headers import IS_STREAM, adding, renewing
from oidc_gate.wsgi.turns import Turns

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from oidc_gate.gate import Gate, Recall
    from oidc_gate.identity import Identity
    from oidc_gate.settings import Settings
    from oidc_gate.settings.options import SettingsOptions

    _Asked = tuple[Gate, Recall, By, HarmlessNames, bool]

__all__ = ["OIDCGate", "paste_filter"]

#: For the statuses that the gate answers with; `http.HTTPStatus` would double the time that this module takes to load.
_REASONS = {
    200: "OK",
    204: "No Content",
    302: "Found",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
_METHOD_KEYS = tuple("HTTP_" + name.upper().replace("-", "_") for name in METHOD_HEADERS)
#: Where the app looks for the gate's word, and a server may have put another's.
_OWN_KEYS = frozenset({"REMOTE_USER", "AUTH_TYPE", IDENTITY_KEY})


class OIDCGate:
    """Puts an OpenID Connect login in front of a WSGI app.

    `app`: a WSGI callable, or its name (`module:attribute`, `module:factory()`); None for the name in `OIDC_GATE_APP`.
    `settings`: without it, those of the environment; `options` override fields. Raises SettingsError.
    """

    def __init__(
        self, app: Any = None, *, settings: Settings | None = None, **options: Unpack[SettingsOptions]
    ) -> None:
        from oidc_gate.gate import open_gate  # a mere import of this module need not pay for it

        self._app: WSGIApplication = resolve_app(app)
        check_app(self._app, "wsgi")
        self._has_looked_out = False
        self._turns = Turns()
        self._ask(open_gate(resolve_settings(settings, options), self._ask))

    def _ask(self, gate: Gate) -> None:
        """Have this gate decide, from the next request on."""
        self._gate = gate
        self._turns.longest_wait = gate.longest_wait
        # All that a request needs of its gate, taken at once: another may take its place while the request is here.
        harmless = HarmlessNames(_ReservedKeys(gate.reserved_headers))
        self._asked: _Asked = gate, gate.recall, gate.recalls_by, harmless, gate.live.within > 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or let the app answer it."""
        gate, recall, recalls_by, harmless, ends_streams = self._asked
        found, cookies = None, environ.get("HTTP_COOKIE", "")
        sent = cookies.strip  # not the text: what reports an app's errors may print this frame
        if 0 < len(cookies) <= LONGEST_KEY and "HTTP_UPGRADE" not in environ:  # as in WSGIRequest.key
            path = environ.get("PATH_INFO", "")
            line = path if recalls_by is BY_PATH else self._line(environ, path, recalls_by)
            if line is not None:
                found = recall(environ["wsgi.url_scheme"], environ.get("HTTP_HOST"), cookies, line)
        if found is not None:
            cookies, identity, remote_user, request_headers, response_headers, _ = found
        else:
            if not self._has_looked_out:
                self._has_looked_out = True
                warn_of_outsiders()
            request = WSGIRequest(environ)
            decision = gate.decide(request) if IDENTITY_KEY not in environ else gate.behind_another(request)
            while not isinstance(decision, Forward):
                if isinstance(decision, Reply):
                    self._turns.meet()
                    return _answer(decision, environ, start_response)
                if isinstance(decision, Work):
                    decision = self._perform(decision)
                elif isinstance(decision, AskAgain):
                    return self(environ, start_response)
                elif isinstance(decision, Instead):
                    return self(instead(environ, decision), start_response)
                else:
                    decision = decision.resume(read_body(environ, decision.limit))
            if isinstance(decision, WithoutBody):
                environ["wsgi.input"] = BytesIO()
            cookies = request.app_cookies
            identity, remote_user, request_headers, response_headers, renewal = decision
            if renewal is not None:
                start_response = renewing(start_response, renewal)
        if not harmless.issuperset(environ):
            _clean(environ, harmless)
        if cookies:
            environ["HTTP_COOKIE"] = cookies
        elif "HTTP_COOKIE" in environ:
            del environ["HTTP_COOKIE"]
        environ[IDENTITY_KEY] = identity
        if identity is not None:
            environ["REMOTE_USER"] = remote_user
            environ["AUTH_TYPE"] = "oidc"
            for name, value in request_headers:
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        if response_headers or ends_streams:
            start_response = adding(start_response, response_headers, environ)
        app = self._app  # first a local: Python 3.11 calls `self.name(…)` more slowly where name is no method
        answer = app(environ, start_response)
        if ends_streams and identity is not None and (IS_STREAM in environ or type(answer) is GeneratorType):
            return self._ending(answer, environ, sent, identity)
        return answer

    def _ending(
        self, answer: Iterable[bytes], environ: WSGIEnvironment, sent: Callable[[], str], identity: Identity
    ) -> Iterable[bytes]:
        """Return an answer that ends in time if it is an event stream; `sent` gives the Cookie header as it came.

        A generator may say only with its first chunk what it is; then the browser has said what it wants.
        """
        if IS_STREAM not in environ and "event-stream" not in environ.get("HTTP_ACCEPT", ""):
            return answer
        from oidc_gate.wsgi.live import LiveStream  # late: most do without

        request = WSGIRequest({**environ, "HTTP_COOKIE": sent()})
        return LiveStream(answer, lambda: self._gate, self._perform, request, identity, lambda: IS_STREAM in environ)

    def _line(self, environ: WSGIEnvironment, path: str, recalls_by: By) -> str | None:
        """Return what `recall` wants to know of the request's line, None where it cannot go by that."""
        if recalls_by.heeds_tokens and "HTTP_AUTHORIZATION" in environ:
            return None
        if recalls_by.line == "path":
            return path
        target = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if target and "%" in target and "%" in target.partition("?")[0]:
            return None
        if recalls_by.line == "plain path":
            return path
        for key in _METHOD_KEYS:
            if key in environ:
                return None
        return f"{environ['REQUEST_METHOD']} {path}"

    def _perform(self, work: Work) -> Decision:
        """Run work in this thread, which for some of it has to wait for its turn."""
        if work.turned_away is None or not self._turns.limits(work.lane):
            return work.run()
        if not self._turns.take(work.lane):
            return work.turned_away()
        try:
            return work.run()
        finally:
            self._turns.give_back(work.lane)


def _clean(environ: WSGIEnvironment, harmless: HarmlessNames) -> None:
    """Take out of the environ what only the gate may say."""
    for key in [key for key in environ if key not in harmless and harmless.lack(key)]:
        del environ[key]


class _ReservedKeys:
    """The keys of an environ that only the gate may set."""

    def __init__(self, headers: ReservedHeaders) -> None:
        self._headers = headers

    def __contains__(self, key: object) -> bool:
        text = str(key)
        return text in _OWN_KEYS or (text.startswith("HTTP_") and text.removeprefix("HTTP_") in self._headers)


def _answer(reply: Reply, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response(f"{reply.status} {_REASONS.get(reply.status) or _rare_reason(reply.status)}", [*reply.all_headers])
    # Never an empty iterable: hypercorn sends the status with the first part of the body, and 500 where there is none.
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body]


def _rare_reason(status: int) -> str:
    """Return what stands beside a status that only the answers of a Traffic Policy have."""
    from http import HTTPStatus

    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Other"


def paste_filter(app: WSGIApplication, _global_conf: dict[str, str], **options: Unpack[SettingsOptions]) -> OIDCGate:
    """Make a gate from a PasteDeploy `[filter:…]` section: its keys are settings, the environment fills in the rest."""
    return OIDCGate(app, **options)
