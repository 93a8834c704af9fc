"""A gate on paper: it judges requests that nobody has sent, by the code that answers those that somebody has.

It needs none of the provider's secrets: what is missing of them is made up, so that rules can be tested where there are
none. What is wrong stays wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from oidc_gate.access import Explanation, PathList, Requested, RuleList, explained, listed_rules
from oidc_gate.command.run import Launch, is_given
from oidc_gate.errors import SettingsError
from oidc_gate.gate import Judging, build
from oidc_gate.gate.resource_metadata import resource_metadata
from oidc_gate.sessions import CookieBackend, OpenSession
from oidc_gate.settings import Settings
from oidc_gate.wsgi.request import WSGIRequest

__all__ = ["Headers", "PaperGate", "settings_on_paper"]

_PREFIX = "OIDC_GATE_"
#: In place of what is missing.
_MADE_UP = {
    "issuer_url": "https://issuer.invalid/",
    "client_id": "made-up",
    "client_secret": "made-up",
    "cookie_secret": "made-up-for-no-cookie-is-opened-with-it",
}
#: Files that need not be here: no rule depends on what is in them.
_FILES = frozenset(
    {"client_secret_file", "cookie_secret_file", "client_private_key_file", "client_assertion_file", "ca_bundle"}
)
#: Names and values of headers.
Headers = Sequence[tuple[str, str]]
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*", re.ASCII)


def settings_on_paper(launch: Launch, *, opens_cookies: bool, asks_provider: bool = False) -> Settings:
    """Return the settings, without those that only logins need. Raises SettingsError.

    `opens_cookies`: then those that sessions are sealed with are needed too. `asks_provider`: then those are with which
    that is asked about access tokens.
    """
    kept = frozenset({"cookie_secret_file"} if opens_cookies else ())
    kept |= _FILES - {"cookie_secret_file"} if asks_provider else frozenset()
    file = _with_files_that_are_here(launch.file(), kept)
    options = _with_files_that_are_here(launch.options, kept)
    environ = {
        variable: value
        for variable, value in os.environ.items()
        if _with_files_that_are_here({variable.removeprefix(_PREFIX).lower(): value}, kept)
    }
    method = options.get("client_auth_method") or environ.get(f"{_PREFIX}CLIENT_AUTH_METHOD")
    method = str(method or file.get("client_auth_method", "")).strip().lower()
    proof = {"private_key_jwt": "client_private_key_file", "client_assertion": "client_assertion_file"}.get(method)
    if proof is not None and not is_given(proof, file, environ, options):
        options |= {"client_auth_method": "none"}
        for source, name in ((file, "profile"), (options, "profile"), (environ, f"{_PREFIX}PROFILE")):
            source.pop(name, None)  # which would ask for that proof
    needed = {"issuer_url", "client_id"} if opens_cookies or asks_provider else set[str]()
    needed |= {"cookie_secret"} if opens_cookies else set()
    made_up = {name: value for name, value in _MADE_UP.items() if name not in needed}
    if method == "none" or proof is not None:
        made_up.pop("client_secret")
    missing = {name: value for name, value in made_up.items() if f"{name}_file" not in file}
    return Settings.merged(missing | file, environ, options)


def _with_files_that_are_here(source: Mapping[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    """Return what a source of settings holds, without files of secrets that cannot be read here."""
    return {
        name: value
        for name, value in source.items()
        if name not in _FILES - kept or not isinstance(value, str) or os.access(value.strip(), os.R_OK)
    }


class PaperGate:
    """A gate with these settings. `opens_cookies`: whether sessions are looked for where they are kept."""

    def __init__(self, settings: Settings, clock: Callable[[], float], *, opens_cookies: bool = False) -> None:
        backend = None if opens_cookies else CookieBackend(settings.cookie_secret, "")
        self.components = build(settings, clock, backend, on_paper=True)
        self.policy = self.components.policy
        self._judging = Judging(self.components)
        self._metadata = resource_metadata(self.components)
        self._clock = clock
        self._prefix = settings.path_prefix
        self._host = urlsplit(settings.base_url).netloc or "localhost"

    def now(self) -> float:
        """Return the time of all requests that are judged here."""
        return self._clock()

    def person(self, claims: dict[str, Any]) -> OpenSession:
        """Return the session that somebody with these claims would have, at the provider that `iss` names."""
        parties, issuer = self.components.parties, claims.get("iss")
        party = (parties.of_issuer(issuer) if isinstance(issuer, str) else None) or parties.first
        return self.components.sessions.on_paper(party.kept_claims.of(claims), self._clock(), party.key)

    def explanation(
        self, method: str, path: str, host: str | None, opened: OpenSession | None, headers: Headers = ()
    ) -> Explanation:
        """Return what comes of a request for a path as it is on the wire, with this session or none, and why.

        Raises SettingsError for what is no request that rules have a say in.
        """
        request = self._request(method, path, host, headers)
        now = self._clock()
        judging = self._judging
        verdict = judging.verdict_without_session(request) if opened is None else judging.verdict(request, opened, now)
        spot, asked = self._judging.spot(request), self._judging.asked(request)
        identity, allowed = (None, False) if opened is None else (opened.identity, opened.allowed)
        requested = Requested(spot.method, path, spot.host or self.components.addresses.origin(request).host)
        return explained(self.policy, spot, verdict, identity, now, requested=requested, allowed=allowed, asked=asked)

    def passes_over_token(self, method: str | None, path: str | None, host: str | None, headers: Headers = ()) -> str:
        """Return why the Authorization header counts for nothing in a request; "" where it counts, or none is meant."""
        paths = self.components.settings.bearer_paths
        if method is None or path is None:
            return ""
        request = self._request(method, path, host, headers)
        if paths is not None and not PathList(paths).cover(request.app_path, request.raw_target):
            return "bearer_paths do not cover this path"
        return "anyone may pass" if self._judging.verdict(request, None, self._clock()).passes else ""

    def rules(self, opened: OpenSession | None, *, asks: bool, host: str | None = None) -> RuleList:
        """Return all rules, with what comes of a request with this session or none; just the rules unless it `asks`.

        `host`: without the rules for others. Raises SettingsError for what is no host.
        """
        identity, allowed = (None, False) if opened is None else (opened.identity, opened.allowed)
        name = None if host is None else self._judging.spot(self._request("GET", "/", host, ())).host
        return listed_rules(self.policy, identity, self._clock(), allowed=allowed, asks=asks, host=name)

    def _request(self, method: str, path: str, host: str | None, headers: Headers) -> WSGIRequest:
        if not _METHOD.fullmatch(method):
            raise SettingsError(f"method {method} is none, like GET")
        if not path.startswith("/"):
            raise SettingsError(f"path {path} must begin with /: the path alone, as it is sent, like /reports/q%203")
        sent, _, query = path.partition("#")[0].partition("?")
        in_bytes = sent.encode("utf-8", "surrogateescape")
        request = WSGIRequest(
            {
                "REQUEST_METHOD": method.upper(),
                "SCRIPT_NAME": "",
                "PATH_INFO": unquote_to_bytes(in_bytes).decode("latin-1"),
                "RAW_URI": in_bytes.decode("latin-1"),
                "QUERY_STRING": query,
                "HTTP_HOST": self._host if host is None else host,
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "443",
                "REMOTE_ADDR": "127.0.0.1",
                "wsgi.url_scheme": "https",
            }
            | _in_environ(headers)
        )
        if not self.components.addresses.is_wellformed(request):
            raise SettingsError(f"host {host} is malformed: such a request is answered with 400, whoever asks")
        if request.path.startswith(f"{self._prefix}/"):
            raise SettingsError(
                f"path {path} is among the gate's own, below path_prefix {self._prefix}: it answers there itself, and"
                " no rule has a say"
            )
        if self._metadata is not None and self._metadata.answer(request) is not None:
            raise SettingsError(
                f"path {path} is the gate's own, for protected_resource_metadata is gate: it tells whoever asks there"
                " where programs get tokens, and no rule has a say"
            )
        return request


def _in_environ(headers: Headers) -> dict[str, str]:
    """Return the headers as servers hand them to WSGI apps; of one that comes twice, both values with a comma."""
    found: dict[str, str] = {}
    for name, value in headers:
        variable = f"HTTP_{name.upper().replace('-', '_')}"
        found[variable] = f"{found[variable]}, {value}" if variable in found else value
    return found
