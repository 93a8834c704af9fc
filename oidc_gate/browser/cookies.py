"""The gate's cookies: their names, their attributes, how they are found in a Cookie header and kept from the app.

The header is searched rather than parsed: the session cookie is wanted on every request, and a general parser costs
more than opening the seal. A cookie that comes twice counts as absent, for one of the two was planted.

Names, with `default` standing for the setting `auth_id`::

    oidc_gate.default            the session; its value starts with `2.` … `5.` when it goes on in further cookies
    oidc_gate.default.1 … .4     its further parts
    oidc_gate.default.login.ID   a login under way
    oidc_gate.default.logout     a logout under way at the provider

Under https they carry the prefix `__Host-`, which makes the browser refuse them from anywhere but this host; with
`auth_cookie_domain` the session's prefix is `__Secure-`.
"""

from __future__ import annotations

from oidc_gate.errors import LoginError

__all__ = ["Cookies", "find"]

#: Browsers keep at least 4096 bytes of name and value; the attributes are counted too, to be safe.
LARGEST_COOKIE = 3800
MOST_COOKIES = 5

_PREFIXES = ("__Host-", "__Secure-")
#: So many places where a name may stand are looked at one by one.
_MOST_ALIKE = 4
#: What may stand around a cookie. No more than that is cut off: a browser lets any site of the domain set a name that
#: starts with another blank, and does not know it for one that `__Host-` protects.
_BLANKS = " \t"

Header = tuple[str, str]


def find(header: str, name: str) -> str | None:
    """Return the value of the cookie with exactly this name, or None when it is absent or there is more than one."""
    needle = f"{name}="
    found, end = None, len(header)
    for _ in range(_MOST_ALIKE):
        at = header.rfind(needle, 0, end)  # from the right: `find` takes up to four times as long
        if at == -1:
            return found
        if at == 0 or header[at - 1] == ";" or header[at - 2 : at] == "; ":
            if found is not None:
                return None
            found = header[at + len(needle) :].partition(";")[0]
        end = at
    return _find_among_many(header, needle)


def _find_among_many(header: str, needle: str) -> str | None:
    """Do the same in a header full of names that end alike, as somebody may have planted them, in one go.

    Here cookies are separated as every browser separates them, by semicolon and space.
    """
    starts = [0] if header.startswith(needle) else []
    at = header.rfind(f"; {needle}")
    while at != -1 and len(starts) < 2:
        starts.append(at + 2)
        at = header.rfind(f"; {needle}", 0, at)
    return header[starts[0] + len(needle) :].partition(";")[0] if len(starts) == 1 else None


class Cookies:
    """The cookies of one gate under one scheme. Values that go in and come out are sealed texts."""

    def __init__(self, auth_id: str, *, secure: bool, domain: str, cross_site_callback: bool) -> None:
        self._base = f"oidc_gate.{auth_id}"
        host_prefix = "__Host-" if secure else ""
        self.session = ("__Secure-" if secure and domain else host_prefix) + self._base
        self._needle = f"{self.session}="
        self._attempt = f"{host_prefix}{self._base}.login."
        self._logout = f"{host_prefix}{self._base}.logout"
        secured = "; Secure" if secure else ""
        self._host_only_end = f"; Path=/; HttpOnly; SameSite=Lax{secured}"
        self._session_end = self._host_only_end + (f"; Domain={domain}" if domain else "")
        self._attempt_end = f"; Path=/; HttpOnly{_same_site(secure, cross_site_callback)}{secured}"
        self._room = LARGEST_COOKIE - len(self.session) - len(self._session_end) - len("; Max-Age=31536000") - 4

    def cut(self, header: str) -> tuple[str | None, str]:
        """Return the sealed session of a Cookie header as `session_text` does, and the rest of the header.

        The rest may still hold cookies of ours: `hidden` is to be called on it. The header is searched for the name
        once, and from the right: a long one, full of names that are nearly ours, is to take no longer than opening a
        session.
        """
        before, found, after = header.rpartition(self._needle)
        if not found:
            return None, header
        text, _, later = after.partition(";")
        if text[1:2] == "." or (before and not before.endswith("; ")) or before.rfind(self._needle) != -1:
            return self.session_text(header), header
        if len(text) > LARGEST_COOKIE:  # longer than any that was set here
            return None, header
        return text, before + later.lstrip(_BLANKS) if later else before[:-2]

    # The session cookie

    def session_text(self, header: str) -> str | None:
        """Return the sealed session of a Cookie header, put together from its parts, or None."""
        text = find(header, self.session)
        if text is None or len(text) > LARGEST_COOKIE:  # longer than any that was set here
            return None
        if text[1:2] != ".":
            return text
        if text[0] not in "2345":
            return None
        whole = text[2:]
        for number in range(1, int(text[0])):
            part = find(header, f"{self.session}.{number}")
            if part is None:
                return None
            whole += part
        return whole

    def set_session(self, text: str, header: str, max_age: float) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that store a sealed session, and drop parts of a longer one before it.

        `max_age`: seconds, or `inf` for as long as the browser runs. Raises LoginError `session_too_large`.
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
        age = "" if max_age == float("inf") else f"; Max-Age={max(0, int(max_age))}"
        stored = tuple(
            ("set-cookie", f"{self._part(number)}={part}{self._session_end}{age}") for number, part in enumerate(parts)
        )
        return stored + self._drop_parts(header, len(parts))

    def drop_session(self, header: str) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that delete the session cookie, and those of its parts that were sent."""
        gone = ("set-cookie", f"{self.session}={self._session_end}; Max-Age=0")
        return (gone, *self._drop_parts(header, 1))

    def _drop_parts(self, header: str, first: int) -> tuple[Header, ...]:
        names = [self._part(number) for number in range(first, MOST_COOKIES)]
        return tuple(("set-cookie", f"{name}={self._session_end}; Max-Age=0") for name in names if f"{name}=" in header)

    def _part(self, number: int) -> str:
        return f"{self.session}.{number}" if number else self.session

    # Logins and logouts under way

    def attempts(self, header: str) -> dict[str, str]:
        """Return the logins under way in this browser: identifier to sealed text."""
        found: dict[str, str] = {}
        repeated = set()
        for pair in header.split(";") if self._attempt in header else ():
            name, _, value = pair.strip(_BLANKS).partition("=")
            identifier = name.removeprefix(self._attempt)
            if identifier != name and identifier.isalnum() and identifier.isascii():
                repeated |= {identifier} & found.keys()
                found[identifier] = value
        return {identifier: value for identifier, value in found.items() if identifier not in repeated}

    def set_attempt(self, identifier: str, text: str, max_age: float) -> Header:
        """Return the Set-Cookie header that stores one login attempt for `max_age` seconds."""
        return ("set-cookie", f"{self._attempt}{identifier}={text}{self._attempt_end}; Max-Age={int(max_age)}")

    def drop_attempt(self, identifier: str) -> Header:
        """Return the Set-Cookie header that deletes one login attempt."""
        return ("set-cookie", f"{self._attempt}{identifier}={self._attempt_end}; Max-Age=0")

    def logout_text(self, header: str) -> str | None:
        """Return the signed note of a logout under way at the provider, or None."""
        return find(header, self._logout)

    def set_logout(self, text: str, max_age: float) -> Header:
        """Return the Set-Cookie header that stores the note of a logout; `max_age` 0 deletes it."""
        return ("set-cookie", f"{self._logout}={text}{self._host_only_end}; Max-Age={int(max_age)}")

    # What the app sees

    def hidden(self, header: str) -> str:
        """Return the Cookie header without the gate's own cookies, under either scheme; other cookies stand as sent."""
        if self._base not in header:
            return header
        pairs = header.split(";")
        return ";".join([pair for pair in pairs if self._base not in pair or not self._is_own(pair)]).strip(_BLANKS)

    def _is_own(self, pair: str) -> bool:
        name = pair.partition("=")[0].strip()
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        return name == self._base or name.startswith(f"{self._base}.")


def _same_site(secure: bool, cross_site_callback: bool) -> str:
    """Return the SameSite attribute of a login attempt.

    With `form_post` the provider's page posts to the callback from another site, where a Lax cookie is not sent. None
    needs Secure; over plain http the attribute is left out, which browsers take as Lax but for POSTs like this one.
    """
    if not cross_site_callback:
        return "; SameSite=Lax"
    return "; SameSite=None" if secure else ""
