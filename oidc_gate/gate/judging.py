"""What the rules say of a request: its place, and what comes of it there. Remembered, for paths and for sessions."""

from __future__ import annotations

from urllib.parse import quote, unquote

from oidc_gate.access import AMBIGUOUS, NO_RULE, NOBODY, PREFLIGHT, AskedOf, Spot, Verdict, encoded_segments
from oidc_gate.browser import is_preflight
from oidc_gate.decisions import METHOD_HEADERS, Request
from oidc_gate.gate.components import Components
from oidc_gate.reserved_headers import folded
from oidc_gate.sessions import OpenSession

__all__ = ["Judging", "bare_host"]

#: Places to be known again: so many, the line of each so long at most.
_MOST_PLACES, _LONGEST_LINE = 4096, 256


_METHOD_HEADERS = frozenset(folded(name) for name in METHOD_HEADERS)


class Judging:
    """Judges the requests to one gate by its policy."""

    def __init__(self, components: Components) -> None:
        self._policy = policy = components.policy
        self._addresses = components.addresses
        self._reserved = components.reserved_headers
        self._prefix, self._passes_preflights = components.own_prefixes, components.settings.allow_cors_preflight
        self._by_host, self._heeds_methods = policy.by_host, policy.heeds_methods
        #: Places by path, or by what `line` makes of it; with rules for hosts by that and the Host header.
        self.places: dict[object, int] = {}
        self._passing = {number: Verdict("pass", "rule", rule) for number, rule in enumerate(policy.rules)}
        self._passing |= {NO_RULE: Verdict("pass", "door"), AMBIGUOUS: Verdict("pass", "path_ambiguous")}

    # Places

    def place(self, request: Request) -> int:
        """Return the place of a request, as `Policy.place` has it."""
        return self._policy.place(self.spot(request))

    def spot(self, request: Request) -> Spot:
        """Return what of a request tells its place."""
        host = bare_host(self._addresses.origin(request).host) if self._by_host else ""
        is_unclear = request.has_unclear_mount or (
            self._heeds_methods and not _METHOD_HEADERS.isdisjoint(request.folded_names())
        )
        return Spot(request.app_path, request.method.upper(), host, _sent_inside(request), is_unclear)

    def known_place(self, host: str | bytes | None, line: str) -> int | None:
        """Return the place of a request that nothing but this tells anything of; None where it has to be decided.

        `line`: the path, all of it sent as it is; where methods have a say, after the method and a blank, and no header
        names another one.
        """
        method, path = "GET", line
        if self._heeds_methods:
            method, path = line.split(" ", 1)
            method = method.upper()
        if len(line) > _LONGEST_LINE or not path.isascii() or path.startswith(self._prefix) or path[:1] not in _BEGINS:
            return None
        name = ""
        if self._by_host:
            if host is None:
                return None
            name = bare_host(self._addresses.host(host.decode("latin-1") if isinstance(host, bytes) else host))
        place = self._policy.plain_place(path, method, name)
        if len(self.places) >= _MOST_PLACES:
            self.places.clear()
        self.places[(host, line) if self._by_host else line] = place
        return place

    # Verdicts

    def verdict(self, request: Request, opened: OpenSession | None, now: float) -> Verdict:
        """Return what comes of a request, with the session it came with or with none."""
        policy = self._policy
        if not policy.has_places:
            return self._by_lists(opened)
        place = self.place(request)
        if opened is None:
            return policy.verdict(place, None, now, asked=self.asked(request))
        if now <= opened.passes.get(place, 0.0):
            return self._passing[place]
        verdict = policy.verdict(place, opened.identity, now, allowed=opened.allowed, asked=self.asked(request))
        if verdict.passes and verdict.until > 0.0:
            opened.remember_passing(place, verdict.until)
        return verdict

    def verdict_without_session(self, request: Request) -> Verdict:
        """Return what comes of a request that came with no session, and with no token that counts."""
        verdict = self.verdict(request, None, 0.0)
        if verdict.outcome == "login" and self._passes_preflights and not self._may_be_closed(verdict):
            return _PREFLIGHT if is_preflight(request) else verdict
        return verdict

    def _may_be_closed(self, verdict: Verdict) -> bool:
        """Return whether this was said of a path that may be, in one of its readings, one that nobody may ask for."""
        return verdict.reason == "path_ambiguous" and any(rule.who is NOBODY for rule in self._policy.rules)

    def _by_lists(self, opened: OpenSession | None) -> Verdict:
        """Return what comes of a request where there are no rules."""
        if opened is None:
            return _LOGIN
        if opened.allowed:
            return self._passing[NO_RULE]
        return Verdict("refused", self._policy.lists_of(opened.identity).reason(opened.identity.claims))

    def asked(self, request: Request) -> AskedOf | None:
        """Return what the expressions of a Traffic Policy may ask: of no header that only the gate may say."""
        if not self._policy.conditionals:
            return None
        names = {name for name in request.header_names() if name not in self._reserved}
        host = bare_host(self._addresses.origin(request).host)
        client, method = self._addresses.client(request), request.method.upper()
        return AskedOf(method, host, request.app_path, client, names, request.header)


_LOGIN = Verdict("login", "door")
_PREFLIGHT = Verdict("pass", "rule", PREFLIGHT)


def bare_host(host: str) -> str:
    """Return a host without its port and without the dot at its end."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).removesuffix(".")


def _sent_inside(request: Request) -> str | None:
    """Return the path inside the app as it was sent; `""` where that says no more than `path`, None if it is unclear.

    A server, or whatever mounts the app, may have taken the mount point from the one and not from the other.
    """
    sent, path = request.raw_target, request.app_path
    if "%" not in sent or encoded_segments(sent) == []:
        return ""
    mounts = (quote(mount, safe=_MOUNT, errors="replace") for mount in (request.root_path, request.app_root) if mount)
    for mount in ("", *mounts):
        if sent.startswith(f"{mount}/") and unquote(sent[len(mount) :], errors="replace") == path:
            return sent[len(mount) :]
    return None


#: How a path begins; what begins otherwise has to be looked at with its mount point.
_BEGINS = ("/", "")
_MOUNT = "/:@!$&'()*+,;=~-._"
