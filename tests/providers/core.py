"""What every provider of the tests can do, whatever it says: serve, record, be held up, go away, lie.

The hooks are plain attributes; `provider.fault("name")` (see `faults.py`) sets one of them for a while.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from types import TracebackType
from typing import Any, ClassVar, Self

from joserfc.jwk import Key
from werkzeug import Request, Response

from tests.patience import LIMIT
from tests.providers import keys
from tests.providers.clients import OAuthError
from tests.providers.keys import Claims, Header
from tests.providers.pages import error_page
from tests.providers.serving import ServerThread

CannedAnswer = tuple[int, dict[str, str], Any] | Callable[[Request], Response]
Params = dict[str, str]


@dataclass(frozen=True)
class Call:
    """One request that reached the provider, as it came."""

    endpoint: str
    method: str
    path: str
    query: str
    params: Params
    form: Params
    headers: dict[str, str]


@dataclass
class Hold:
    """Requests to one endpoint wait here until released, so that a test can look while they hang."""

    released: threading.Event = field(default_factory=threading.Event)
    _arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait(self) -> None:
        """Make a request (a server thread) wait."""
        self._arrived.release()
        self.released.wait(LIMIT)

    def wait_for(self, count: int = 1, limit: float = LIMIT) -> None:
        """Return once `count` more requests hang here."""
        for _ in range(count):
            if not self._arrived.acquire(timeout=limit):
                raise TimeoutError(f"{count} requests were expected to hang, fewer came within {limit} s")

    def release(self) -> None:
        self.released.set()


class ProviderCore:
    """The common part of the providers: a server with named endpoints, keys, a clock, hooks, a record of calls."""

    paths: ClassVar[dict[str, str]] = {}
    issuer_path: ClassVar[str] = ""

    def __init__(self) -> None:
        self._server = ServerThread(self._wsgi)
        self.lock = threading.Lock()  # guards codes and refresh tokens: of two redeeming one, exactly one may win
        self.reset()

    def reset(self) -> None:
        """Forget everything but the port: people, clients, tokens, calls, hooks."""
        self.requests: list[Call] = []
        self.failures: list[Exception] = []  # mistakes of the provider itself; the fixture fails the test on any
        self.clock: Callable[[], float] = time.time
        self.clock_offset = 0.0
        self.alg = "RS256"
        self.signing_key: Key | None = None  # None: the current generation's key for `alg`
        self.generations = [1]
        self.answer: dict[str, CannedAnswer] = {}
        self.change_discovery: Callable[[Claims], Any] = _same
        self.change_jwks: Callable[[Claims], Any] = _same
        self.change_callback: Callable[[Params], Params] = _same
        self.change_token_response: Callable[[Claims], Any] = _same
        self.change_userinfo: Callable[[Claims], Any] = _same
        self.change_id_token: Callable[[Claims, Header], tuple[Claims, Header]] = _same_pair
        self.signer: Callable[[Claims, Header], str] = self.signed
        self._holds: dict[str, Hold] = {}

    # Serving

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve, on the same port as before if there was one."""
        self._server.start()

    def stop(self) -> None:
        """Go away: connections are refused from now on, requests under way are let go."""
        for hold in self._holds.values():
            hold.release()
        self._server.stop()

    @property
    def origin(self) -> str:
        return f"http://{self._server.host}:{self._server.port}"

    @property
    def issuer(self) -> str:
        return self.origin + self.issuer_path

    def url(self, endpoint: str) -> str:
        """Return an endpoint's URL by its name in `paths`."""
        return self.origin + self.paths[endpoint]

    def calls(self, endpoint: str) -> list[Call]:
        """Return the requests that reached one endpoint, oldest first."""
        return [call for call in self.requests if call.endpoint == endpoint]

    def now(self) -> int:
        return int(self.clock() + self.clock_offset)

    # Misbehaving

    @contextlib.contextmanager
    def hold(self, endpoint: str) -> Iterator[Hold]:
        """Make requests to an endpoint hang inside this block (or until `release()`), then go on normally."""
        hold = self._holds[endpoint] = Hold()
        try:
            yield hold
        finally:
            self._holds.pop(endpoint, None)
            hold.release()

    @contextlib.contextmanager
    def fault(self, name: str, **options: Any) -> Iterator[None]:
        """Do one named wrong thing inside this block; `faults.FAULTS` lists them."""
        from tests.providers.faults import FAULTS

        hook, value = FAULTS[name](self, **options)
        before = dict(self.answer) if hook == "answer" else getattr(self, hook)
        setattr(self, hook, value)
        try:
            yield
        finally:
            setattr(self, hook, before)

    # Keys and tokens

    def rotate_keys(self, keep_old: bool = True) -> None:
        """Sign with new keys from now on; the JWKS goes on listing the old ones, or not."""
        newest = self.generations[-1] + 1
        self.generations = [*self.generations, newest] if keep_old else [newest]

    def sign_with(self, alg: str, key: Key | None = None) -> None:
        """Sign ID tokens with this algorithm, and with a key of its own if one is given."""
        self.alg, self.signing_key = alg, key

    def signed(self, claims: Claims, header: Header) -> str:
        """Return the token for these claims, with the key that fits the header's algorithm."""
        if str(header["alg"]).lower() == "none":
            return keys.sign(claims, header)
        return keys.sign(claims, header, self.signing_key or keys.key_for(header["alg"], self.generations[-1]))

    def token_header(self) -> Header:
        key = self.signing_key or keys.key_for(self.alg, self.generations[-1])
        return {"alg": self.alg} | ({"kid": key.kid} if key.kid else {})

    # Answering

    def _wsgi(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        response = self._answer(request)
        response.headers.setdefault("Date", formatdate(usegmt=True))
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        endpoint = self._endpoint_of(request.path)
        self._record(endpoint, request)
        if (hold := self._holds.get(endpoint)) is not None:
            hold.wait()
        try:
            canned = self.answer.get(endpoint, self.answer.get(request.path))
            if canned is not None:
                return canned(request) if callable(canned) else _canned_response(*canned)
            handler: Callable[[Request], Response] | None = getattr(self, f"serve_{endpoint}", None)
            return handler(request) if handler is not None else error_page("Not found", 404)
        except OAuthError as error:
            return error.response()
        except Exception as failure:  # the test's thread must hear of it, not the server's console
            self.failures.append(failure)
            return error_page(f"The test provider itself failed: {failure!r}", 500)

    def _endpoint_of(self, path: str) -> str:
        return next((name for name, known in self.paths.items() if known == path), "unknown")

    def _record(self, endpoint: str, request: Request) -> None:
        query = request.query_string.decode("latin-1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(
            endpoint, request.method, request.path, query, request.args.to_dict(), request.form.to_dict(), headers
        )
        self.requests.append(call)


def json_response(body: Any, status: int = 200, **headers: str) -> Response:
    response = Response(json.dumps(body), status, content_type="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def _canned_response(status: int, headers: dict[str, str], body: Any) -> Response:
    """Build a test's own answer; dicts and lists become JSON, other iterables are streamed."""
    if isinstance(body, dict | list):
        return Response(json.dumps(body), status, {"Content-Type": "application/json"} | headers)
    return Response(body, status, headers)


def _same(value: Any) -> Any:
    return value


def _same_pair(claims: Claims, header: Header) -> tuple[Claims, Header]:
    return claims, header
