"""The gate's cookies: their names, their attributes, how they are found in a Cookie header and kept from the app.

The header is searched rather than parsed: the session cookie is wanted on every request, and a general parser costs
more than opening the seal. A cookie that comes twice counts as absent, for one of the two was planted.

Names, with `default` standing for the setting `auth_id`, and `x7k2ab` for the gate's tag::

    oidc_gate.default-x7k2ab               the session; its value starts with `2.` … `5.` when it goes on in others
    oidc_gate.default-x7k2ab.1 … .4        its further parts
    oidc_gate.default-x7k2ab.login.0 … .7  the logins under way, or what remains of them
    oidc_gate.default-x7k2ab.login.page    where one of them is to lead, when that is a long address
    oidc_gate.default-x7k2ab.logout        a logout under way at the provider

The tag is made of provider, client, `cookie_secret` and `auth_cookie_domain`, so that two gates on one host leave each
other's cookies alone: browsers tell neither ports nor paths apart, and keep cookies of one name at two domains. Each
secret that is listed has a tag of its own; cookies are set under the newest, and read under all.

Under https they carry the prefix `__Host-`, which makes the browser refuse them from anywhere but this host; with
`auth_cookie_domain` the session's prefix is `__Secure-`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oidc_gate.browser.cookie_lookup import find
from oidc_gate.errors import LoginError

__all__ = ["LOGIN_SLOTS", "LONGEST_HEADER", "Cookies"]

#: Browsers keep at least 4096 bytes of name and value; the attributes are counted too, to be safe.
LARGEST_COOKIE = 3800
MOST_COOKIES = 5
#: A longer Cookie header holds no cookie of ours, and is not looked into: browsers send less, servers take megabytes.
LONGEST_HEADER = 32768
#: So many logins can be under way in one browser: there are no more names than these, whatever is sent in parallel.
LOGIN_SLOTS = 8

#: What the names of every gate's cookies start with, behind the prefixes.
_ALL_GATES = "oidc_gate."
_PREFIXES = ("__Host-", "__Secure-")
#: What follows in a name on that of a gate: a part of a session, a login, a logout, the last provider.
_OF_A_GATE = re.compile(r"\.(?:[0-9]|login\..*|logout|provider)\Z")
#: So many cookies are looked at where nothing depends on it but the log.
_MOST_NAMES = 64
#: What may stand around a cookie. No more than that is cut off: a browser lets any site of the domain set a name that
#: starts with another blank, and does not know it for one that `__Host-` protects.
_BLANKS = " \t"

Header = tuple[str, str]


class Cookies:
    """The cookies of one gate under one scheme. Values that go in and come out are sealed texts.

    `tags`: one for each secret, the newest first. Headers that come in are Cookie headers, no longer than
    LONGEST_HEADER, unless it says otherwise. `outlives`: how long the session's cookie stays behind the session's end,
    in seconds.
    """

    def __init__(
        self,
        auth_id: str,
        tags: Sequence[str],
        *,
        secure: bool,
        domain: str,
        cross_site_callback: bool,
        outlives: float = 0.0,
    ) -> None:
        host_prefix = "__Host-" if secure else ""
        session_prefix = "__Secure-" if secure and domain else host_prefix
        self._bases = bases = [f"{_ALL_GATES}{auth_id}-{tag}" for tag in tags]
        self.session, *self._older_sessions = [f"{session_prefix}{base}" for base in bases]
        self._needle = f"{self.session}="
        self._logins = [f"{host_prefix}{base}.login." for base in bases]
        self._logouts = [f"{host_prefix}{base}.logout" for base in bases]
        self._choice = f"{host_prefix}{bases[0]}.provider"
        secured = "; Secure" if secure else ""
        self._host_only_end = f"; Path=/; HttpOnly; SameSite=Lax{secured}"
        self._session_end = self._host_only_end + (f"; Domain={domain}" if domain else "")
        self._login_end = f"; Path=/; HttpOnly{_same_site(secure, cross_site_callback)}{secured}"
        self._outlives = outlives
        self._room = LARGEST_COOKIE - len(self.session) - len(self._session_end) - len("; Max-Age=31536000") - 4

    def cut(self, header: str) -> tuple[str, str | None, str]:
        """Return the sealed session of a Cookie header as `session_text` does, and the rest of the header.

        The header may be of any length. The rest may still hold cookies of ours: `hidden` is to be called on it. The
        header is searched for the name once, and from the right: a long one, full of names that are nearly ours, is to
        take no longer than opening a session.
        """
        if len(header) > LONGEST_HEADER:
            return self.session, None, header
        before, found, after = header.rpartition(self._needle)
        if not found:
            return (*self.session_text(header), header) if self._older_sessions else (self.session, None, header)
        text, _, later = after.partition(";")
        if text[1:2] == "." or (before and not before.endswith("; ")) or before.rfind(self._needle) != -1:
            return (*self.session_text(header), header)
        if len(text) > LARGEST_COOKIE:  # longer than any that was set here
            return self.session, None, header
        return self.session, text, before + later.lstrip(_BLANKS) if later else before[:-2]

    # The session cookie

    @property
    def session_names(self) -> tuple[str, ...]:
        """The names that the session's cookie may have, the newest secret's first."""
        return (self.session, *self._older_sessions)

    def session_text(self, header: str) -> tuple[str, str | None]:
        """Return the sealed session of a Cookie header, put together from its parts, or None; and its cookie's name."""
        for name in self.session_names:
            text = self._whole(header, name)
            if text is not None:
                return name, text
        return self.session, None

    def _whole(self, header: str, name: str) -> str | None:
        text = find(header, name)
        if text is None or len(text) > LARGEST_COOKIE:  # longer than any that was set here
            return None
        if text[1:2] != ".":
            return text
        if text[0] not in "2345":
            return None
        whole = text[2:]
        for number in range(1, int(text[0])):
            part = find(header, f"{name}.{number}")
            if part is None:
                return None
            whole += part
        return whole

    def has_session(self, header: str) -> bool:
        """Return whether a session cookie was sent, be it good or not."""
        return any(f"{name}=" in header for name in self.session_names)

    def set_session(self, text: str, header: str, max_age: float) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that store a sealed session, and drop what was stored before it.

        `max_age`: seconds until the session ends, or `inf` for as long as the browser runs. Raises LoginError
        `session_too_large`.
        """
        parts = [text[start : start + self._room] for start in range(0, len(text), self._room)]
        if len(parts) > MOST_COOKIES:
            raise LoginError(
                "session_too_large",
                f"the claims fill {len(parts)} cookies, and {MOST_COOKIES} is the most; ask the provider for fewer"
                " groups or claims",
            )
        if len(parts) > 1:
            parts[0] = f"{len(parts)}.{parts[0]}"
        age = "" if max_age == float("inf") else f"; Max-Age={max(0, int(max_age + self._outlives))}"
        stored = tuple(
            ("set-cookie", f"{_part(self.session, number)}={part}{self._session_end}{age}")
            for number, part in enumerate(parts)
        )
        return stored + self._drop_sent(header, len(parts))

    def drop_session(self, header: str) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that delete the session cookie, and those of its parts that were sent."""
        return (self._drop(self.session), *self._drop_sent(header, 1))

    def _drop_sent(self, header: str, first: int) -> tuple[Header, ...]:
        names = [_part(self.session, number) for number in range(first, MOST_COOKIES)]
        names += [_part(older, number) for older in self._older_sessions for number in range(MOST_COOKIES)]
        return tuple(self._drop(name) for name in names if f"{name}=" in header)

    def _drop(self, name: str) -> Header:
        return ("set-cookie", f"{name}={self._session_end}; Max-Age=0")

    def of_others(self, header: str, *, logins: bool = False) -> list[str]:
        """Return the names of other gates' cookies that were sent: of their sessions, or of `logins` under way there.

        A gate that is alike but for its `cookie_secret` is another one. Of a long header the first cookies are enough.
        """
        found = []
        for pair in header.split(";", _MOST_NAMES)[:_MOST_NAMES] if _ALL_GATES in header else ():
            name = pair.partition("=")[0].strip(_BLANKS)
            bare = _without_prefix(name)
            base = _OF_A_GATE.sub("", bare)
            is_wanted = ".login." in bare if logins else base == bare
            if is_wanted and bare.startswith(_ALL_GATES) and base not in self._bases:
                found.append(name)
        return found

    # Logins and logouts under way

    def login_name(self, what: int | str) -> str:
        """Return the name of a cookie of logins: of a slot, or `page`."""
        return f"{self._logins[0]}{what}"

    def login_texts(self, header: str, what: int | str) -> Iterator[tuple[str, str]]:
        """Return the cookies of a slot, or `page`, that were sent: name and sealed text, the newest secret's first."""
        for prefix in self._logins:
            name = f"{prefix}{what}"
            text = find(header, name)
            if text:
                yield name, text

    def has_logins(self, header: str) -> bool:
        """Return whether a cookie of logins was sent, be it good or not."""
        return any(prefix in header for prefix in self._logins)

    def set_login(self, what: int | str, text: str, max_age: float) -> Header:
        """Return the Set-Cookie header that stores a cookie of logins for `max_age` seconds."""
        return ("set-cookie", f"{self.login_name(what)}={text}{self._login_end}; Max-Age={int(max_age)}")

    def drop_logins(self, header: str, kept: int = 0) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that delete the cookies of logins that were sent, but for the first slots."""
        names = [
            f"{prefix}{what}"
            for number, prefix in enumerate(self._logins)
            for what in (*range(0 if number else kept, LOGIN_SLOTS), "page")
            if prefix in header
        ]
        return tuple(self._drop_login(name) for name in names if f"{name}=" in header)

    def _drop_login(self, name: str) -> Header:
        return ("set-cookie", f"{name}={self._login_end}; Max-Age=0")

    def drop_slot(self, slot: int) -> Header:
        """Return the Set-Cookie header that deletes the cookie of one slot."""
        return self._drop_login(self.login_name(slot))

    def logout_text(self, header: str) -> str | None:
        """Return the signed note of a logout under way at the provider, or None."""
        return next((text for name in self._logouts if (text := find(header, name)) is not None), None)

    def set_logout(self, text: str, max_age: float) -> Header:
        """Return the Set-Cookie header that stores the note of a logout; `max_age` 0 deletes it."""
        return ("set-cookie", f"{self._logouts[0]}={text}{self._host_only_end}; Max-Age={int(max_age)}")

    # The choice among providers

    def last_provider(self, header: str) -> str:
        """Return what `set_last_provider` stored, or what somebody else put there; `""` for nothing."""
        return find(header, self._choice) or ""

    def set_last_provider(self, auth_id: str) -> Header:
        """Return the Set-Cookie header that stores which provider this browser has signed in at last, for a year.

        It is not sealed: it says nothing but which link stands first.
        """
        return ("set-cookie", f"{self._choice}={auth_id}{self._host_only_end}; Max-Age=31536000")

    # What the app sees

    def hidden(self, header: str) -> str:
        """Return the Cookie header without the cookies of any gate, under either scheme; others stand as sent.

        Another gate's cookie is a session there, and no business of this app. Servers that join two Cookie headers with
        a comma are reckoned with. The header may be of any length; a longer one than LONGEST_HEADER is not looked into,
        and the app gets none.
        """
        if len(header) > LONGEST_HEADER:
            return ""
        if _ALL_GATES not in header:
            return header
        pairs = header.split(";")
        return ";".join([pair for pair in pairs if _ALL_GATES not in pair or not _is_a_gates(pair)]).strip(_BLANKS)


def _is_a_gates(pair: str) -> bool:
    """Return whether one cookie of a header is a gate's, or holds one behind a comma."""
    for each in pair.split(",") if "," in pair else (pair,):
        if _without_prefix(each.partition("=")[0].strip()).startswith(_ALL_GATES):
            return True
    return False


def _without_prefix(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _part(name: str, number: int) -> str:
    return f"{name}.{number}" if number else name


def _same_site(secure: bool, cross_site_callback: bool) -> str:
    """Return the SameSite attribute of the cookies of logins.

    With `form_post` the provider's page posts to the callback from another site, where a Lax cookie is not sent. None
    needs Secure; over plain http the attribute is left out, which browsers take as Lax but for POSTs like this one.
    """
    if not cross_site_callback:
        return "; SameSite=Lax"
    return "; SameSite=None" if secure else ""
