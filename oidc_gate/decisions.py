"""The vocabulary between the gate and its two adapters: a `Request` goes in, a `Decision` comes out.

The gate never touches an environ, a scope or a socket, and the adapters decide nothing. A decision is one of

- `Forward`   the app answers, and knows who asks;
- `Reply`     the gate answers;
- `Work`      the answer needs the network or a store: await `run_on_loop()` on an event loop where there is one, else
              call `run()` where blocking is allowed; either gives the next one;
- `ReadBody`  the answer needs the request's body: read it, pass it to `resume()`, the result is the next decision;
- `ASK_AGAIN` another gate decides from now on: ask that one, as if the request had come just now;
- `Instead`   another request takes the place of this one: ask about that, from the beginning.

An adapter loops until it holds one of the first two, or of the last two.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = [
    "ASK_AGAIN",
    "BY_PATH",
    "KIND_HEADERS",
    "LANES",
    "LONGEST_KEY",
    "METHOD_HEADERS",
    "OTHER_LANES",
    "AskAgain",
    "By",
    "Decision",
    "Forward",
    "Header",
    "Instead",
    "Key",
    "Lane",
    "OtherLane",
    "Overriding",
    "ReadBody",
    "Renewal",
    "Reply",
    "Request",
    "Unprinted",
    "WithoutBody",
    "Work",
]

Header = tuple[str, str]

#: What takes time, by who can have it done: anybody that begins a login or comes back from one; anybody that claims to
#: be the provider and tells of a logout; anybody that sends something that may be an access token; somebody who is
#: signed in; and what asks the store alone. So a flood of one holds up none of the others. What waits for another
#: provider than the first has lanes of its own, so that the slowness of one is not that of all.
OtherLane = Literal["other login", "other logout", "other token", "other session"]
Lane = Literal["login", "logout", "token", "session", "store"] | OtherLane
OTHER_LANES: tuple[OtherLane, ...] = ("other login", "other logout", "other token", "other session")
LANES: tuple[Lane, ...] = ("login", "logout", "token", "session", "store", *OTHER_LANES)

#: Scheme, host and Cookie header as the server gave them, be it text or bytes; None for one that is missing. Two
#: requests with one key differ in nothing that tells who is asking.
Key = tuple[Any, Any, Any]

#: A longer Cookie header is nobody's key: there is no cookie of ours in it (`browser.cookies.LONGEST_HEADER`).
LONGEST_KEY = 32768


class By(NamedTuple):
    """What is asked of a request before it is decided: see `Gate.recall`. An adapter that cannot tell asks `decide`.

    - `line`: its path as the server gave it; or the path where all of it was sent as it is, without an escape; or the
      method in front of that, where none of METHOD_HEADERS is there.
    - `heeds_tokens`: whether an Authorization header has a say. A request with one is not told by its cookie; where it
      has no cookie, it may be told by that header in the place of the Cookie header, and its path alone, in a tuple, in
      the place of a line: so the two are never taken for each other.
    """

    line: Literal["path", "plain path", "method and plain path"]
    heeds_tokens: bool = False


#: What nearly all gates ask.
BY_PATH = By("path")

#: Headers by which a kind of request is told (`browser.request_kinds`) and which most requests lack, lower case.
#: Headers by which some apps act on another method than the request's, lower case.
METHOD_HEADERS = ("x-http-method", "x-http-method-override", "x-method-override")
KIND_HEADERS = ("hx-request", "purpose", "sec-purpose", "turbo-frame", "x-sec-purpose", "x-turbo-request-id")


class Request(Protocol):
    """What the gate asks of a request.

    What every request is asked for stands ready; the rest the adapters answer from environ or scope when it is wanted.

    - `path`: the decoded path as the app's router will see it: without `root_path`, without the query.
    - `host`: the Host header, or `""`. Where it was sent twice: both, joined by a comma, which no host holds.
    - `cookie_header`: the Cookie header, or `""`.
    - `scheme`: `http` or `https`, as the server saw it (`ws` and `wss` count as these).
    - `is_websocket`: true for a WebSocket handshake.
    - `app_cookies`: the Cookie header as the app may see it; the gate writes it before it decides to forward.
    - `told_cookies`: the same, in the form in which the adapter hands it on.
    - `key`: see `Key`. None without a Cookie header (under ASGI also without Host, or in a mount), where one comes
      twice or is longer than LONGEST_KEY, and for what may be a WebSocket.
    """

    path: str
    host: str
    cookie_header: str
    scheme: str
    is_websocket: bool
    app_cookies: str

    @property
    def authorization(self) -> str:
        """The Authorization header, several joined by commas, or `""`."""

    @property
    def token_key(self) -> tuple[Any, Any, Any, Any] | None:
        """Scheme, host and Authorization header as the server gave them, and the last as the adapter hands it on.

        None where the adapter does not look for them, or something else tells who asks, or may.
        """

    @property
    def told_cookies(self) -> Any:
        """See above."""

    @property
    def key(self) -> Key | None:
        """See above."""

    @property
    def app_root(self) -> str:
        """A mount point that the app itself takes off its paths, `""` for none: FastAPI's `root_path`, Django's."""

    @property
    def app_path(self) -> str:
        """The path without that: what rules and `public_paths` go by."""

    @property
    def has_unclear_mount(self) -> bool:
        """Whether the mount point stands inside of a path that does not begin with it: a router may cut there."""

    @property
    def has_kind_headers(self) -> bool:
        """Whether one of KIND_HEADERS is there."""

    @property
    def method(self) -> str:
        """`GET`, `POST`, … in upper case. A WebSocket handshake is a `GET`."""

    @property
    def root_path(self) -> str:
        """Where the app is mounted: `""`, or `/mount` without a trailing slash."""

    @property
    def raw_target(self) -> str:
        """The path as it stood on the request line, still encoded, or `""` where the server does not tell."""

    @property
    def query(self) -> str:
        """The raw query string, without the question mark."""

    @property
    def peer(self) -> str:
        """The address of the other end of the connection, or `""` where there is none."""

    @property
    def server(self) -> str:
        """`name:port` of the listening socket; stands in for a missing Host header."""

    def header(self, name: str) -> str:
        """Return the header of that lower-case name, several joined by commas, or `""`."""

    def header_names(self) -> set[str]:
        """Return the names of all headers, lower case."""

    def folded_names(self) -> set[str]:
        """Return the names of all headers as `reserved_headers.folded` spells them."""


class Forward(NamedTuple):
    """The app answers.

    Both adapters, and `recent_sessions.Recalled`, take it apart by position: who changes the fields changes them too.

    - `identity`: None on a public path without a session. `remote_user`: its text for REMOTE_USER.
    - `request_headers` go to the app (lower-case names, ASCII values).
    - `response_headers` are added to the app's answer when that says nothing of caching; where they are `Overriding`,
      in place of what it says.
    - `renewal`: of the session's cookie, None for most requests. It brings the `response_headers` with it.
    """

    identity: Identity | None
    remote_user: str = ""
    request_headers: tuple[Header, ...] = ()
    response_headers: tuple[Header, ...] = ()
    renewal: Renewal | None = None


class Renewal(NamedTuple):
    """A renewed session's cookie, for an answer whose head is still to come; `usual`: what that has without it.

    `is_over`: tells whether the session has been ended here, or replaced, by then: the cookie would undo that.
    """

    set_cookies: Unprinted
    is_over: Callable[[], bool]
    usual: tuple[Header, ...] = ()

    @property
    def cookies(self) -> tuple[Header, ...]:
        """The Set-Cookie headers that an answer is to have which is sent now."""
        return () if self.is_over() else self.set_cookies


class WithoutBody(Forward):
    """The app answers, and finds no body: this is a preflight, which has none; HTTP/2 can send one unannounced."""

    __slots__ = ()


class Unprinted(tuple[Header, ...]):
    """Headers that hold a session. The app has them within reach, and what reports its errors prints what it finds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


class Overriding(Unprinted):
    """Headers that take the place of what the app says of caching."""

    __slots__ = ()


class Reply(NamedTuple):
    """The gate answers; `body` is complete, and the headers hold everything but its length."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""

    @property
    def all_headers(self) -> tuple[Header, ...]:
        """The headers, with the length of the body unless the status has none (RFC 9110, 8.6)."""
        if self.status in (204, 304):
            return self.headers
        return (*self.headers, ("content-length", str(len(self.body))))


class Work(NamedTuple):
    """Something that takes time.

    `run` may block; `lane` says what it waits for.
    `run_on_loop` does the same on an event loop, which it does not block; None where there is no such way.
    `turned_away` is for one that has waited for its turn too long: what is decided then. None: it waits on.
    """

    lane: Lane
    run: Callable[[], Decision]
    run_on_loop: Callable[[], Awaitable[Decision]] | None = None
    turned_away: Callable[[], Decision] | None = None


class ReadBody(NamedTuple):
    """The body is wanted, at most `limit` bytes of it; `resume` takes what was read, or None if there was more."""

    limit: int
    resume: Callable[[bytes | None], Decision]


class Instead(NamedTuple):
    """A request that takes the place of another, as if that had been this one from the beginning.

    - `path`, `raw_target`, `query`: as in `Request`. The mount point and the method stay.
    - `headers`: lower-case names; these take the place of all others of their names. `""` for none.
    - `body`: whole.
    """

    path: str
    raw_target: str
    query: str
    headers: tuple[Header, ...]
    body: bytes


class AskAgain:
    """The answer of a gate whose place another has just taken; nothing of the request was used yet."""

    __slots__ = ()


ASK_AGAIN: Final = AskAgain()

Decision = Forward | Reply | Work | ReadBody | AskAgain | Instead
