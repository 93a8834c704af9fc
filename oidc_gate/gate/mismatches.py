"""What requests show that does not fit the settings: told with both values, so that the operator sees which is wrong.

None of it can be told at start-up, and none is certain: a proxy in front may change what the browser has sent. So each
is only said, and once: strangers can send any header.
"""

from __future__ import annotations

import logging
from threading import Lock

from oidc_gate.browser import Origin
from oidc_gate.errors import LoginError
from oidc_gate.gate.components import Components, Here

__all__ = ["Mismatches"]

logger = logging.getLogger("oidc_gate")

#: So much is said in the life of a process; the rest would be said by somebody who tries headers.
_MOST = 16
#: Of a value from a request so much is shown.
_LONGEST = 100


class Mismatches:
    """Looks at the requests with which logins begin, and at those that end one badly. Thread-safe."""

    def __init__(self, components: Components) -> None:
        self._addresses = components.addresses
        self._settings = components.settings
        self._told: set[tuple[str, ...]] = set()
        self._lock = Lock()  # guards _told

    def look_at_departure(self, here: Here) -> None:
        """Look at a request with which a login begins."""
        if self._settings.base_url:
            self._compare(here, self._addresses.seen(here.request))
        elif here.origin.scheme == "http":
            self._look_for_a_proxy(here)
        if here.cookie_header:
            for name in here.cookies.of_others(here.cookie_header):
                self._tell(
                    ("session", name),
                    "a browser came with the cookie %s of another gate, and this one sets %s: another app on this host,"
                    " or a process with another cookie_secret (a new one goes in front of the old one) or"
                    " auth_cookie_domain",
                    name,
                    here.cookies.session,
                )

    def _compare(self, here: Here, seen: Origin) -> None:
        """Compare where a request came to with `base_url`.

        That a request comes over http where `base_url` is https is nothing: a proxy in front speaks TLS.
        """
        if seen.host != here.origin.host and here.origin.host not in here.request.header("x-forwarded-host").lower():
            self._tell(
                ("host", seen.host),
                "a login begins at the host %s, and base_url is %s: fine where a proxy in front changes the Host"
                " header; else its cookies stay behind, and people have to open base_url, or it has to be corrected",
                seen.host,
                self._settings.base_url,
            )
        if seen.scheme == "https" and here.origin.scheme == "http":
            self._tell(
                ("scheme",), "requests come over https (%s), and base_url is %s", seen.site, self._settings.base_url
            )

    def _look_for_a_proxy(self, here: Here) -> None:
        """Look for a proxy that says that the browser came over https, and is not believed."""
        request = here.request
        for name in ("x-forwarded-proto", "forwarded"):
            value = request.header(name)
            if "https" in value.lower():
                self._tell(
                    ("proxy", name),
                    "%s says %s: %s, and is not believed, so a login begins at %s: set base_url, or name the proxy in"
                    " trusted_proxies",
                    request.peer or "the peer",
                    name,
                    value,
                    here.origin.site,
                )

    def _tell(self, key: tuple[str, ...], message: str, *values: str) -> None:
        with self._lock:
            if key in self._told or len(self._told) >= _MOST:
                return
            self._told.add(key)
        logger.warning(message, *(_shown(value) for value in values))

    def no_login(self, here: Here, *, is_readable: bool) -> LoginError:
        """Return the error of a callback that belongs to no login of this browser, with what may be the reason.

        `is_readable`: whether its `state` was made here.
        """
        reason = ""
        cookies, header = here.cookies, here.cookie_header
        others = [] if is_readable else cookies.of_others(header, logins=True)
        seen = self._addresses.seen(here.request)
        if others:
            reason = (
                f"; this browser has the cookie {_shown(others[0])} of a login, and this process sets"
                f" {cookies.login_name(0)}: do all processes share one cookie_secret?"
            )
        elif here.origin.scheme == "https" and seen.scheme == "http" and not cookies.has_logins(header):
            reason = (
                f"; a login's cookie is Secure, for {here.origin.site}, and none came with this request, over http for"
                f" {seen.host}: have people open https, and what stands in front say so"
            )
        return LoginError("state_unknown" if header else "cookies_missing", f"no login with this state{reason}")

    def login_loop(self, here: Here) -> LoginError:
        """Return the error of a browser that comes back from login after login without a session."""
        domain = self._settings.auth_cookie_domain
        kept_for = f"the domain {domain}" if domain else "this host alone"
        return LoginError(
            "login_loop",
            f"the session cookie does not come back; it was set at {here.origin.site}, for {kept_for}, and the browser"
            f" asks at {self._addresses.seen(here.request).site}",
        )


def _shown(value: str) -> str:
    """Return a value from a request as a log may show it."""
    return repr(value[:_LONGEST])[1:-1]
