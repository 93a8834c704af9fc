"""Logins under way: what goes to the provider in `state`, and what the browser keeps until it comes back.

A login has two halves. `state` goes to the provider and returns: it says when the login was begun, in which slot, and
where it is to lead. The cookie of the slot stays in the browser, and holds a random seed, from which `nonce`, the PKCE
verifier and an identifier are derived; the identifier stands in `state` too. Both are sealed: nobody can read or make
one, and only a browser that has the one may come with the other.

There are eight slots, fixed names that overwrite each other: whatever is sent in parallel, the cookies of all logins
together stay under 4 KB. Logins that are begun in turn have a slot each, the oldest gives way to the ninth; of those
that are begun at once the newest has its slot. The others still know by their `state` where they were to lead.

A login is single use: the callback leaves a note in its slot, which shows a login that goes round in circles.
"""

from __future__ import annotations

import os
import secrets
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct
from typing import NamedTuple

from oidc_gate.browser.cookies import LOGIN_SLOTS, Cookies
from oidc_gate.sealing import Seal, from_url, to_url

__all__ = ["Attempt", "Attempts", "BegunLogin", "Note", "State", "person_of"]

Header = tuple[str, str]

#: All cookies of logins together, with names and separators, are to stay under 4096 bytes.
_ALL_LOGINS = 4000
#: A Cookie header is to stay under this where that can be had: servers cut a request's headers at 8 KB.
_WHOLE_HEADER = 7600
#: What stands around a cookie in a header, `; ` and `=`; and the longest text of a slot, with a stored session's id.
_AROUND, _LONGEST_TEXT = 3, 164
#: So many bytes of a return address, and of what is asked, go to the provider in `state`; servers cut addresses at
#: 4 KB, some sooner.
_MOST_IN_STATE = 600
#: A shorter address is not worth the work of deflating it.
_DEFLATED_FROM = 300

#: identifier, begun at, slot, flags; then the return address.
_STATE = Struct(">16sdBB")
_RESTARTED, _DEFLATED, _IN_COOKIE, _FORCED, _STEP_UP, _BY_PERSON, _ASKED, _OTHER = 1, 2, 4, 8, 16, 32, 64, 128
#: What stands before the return address of a step-up: how long it is what is asked, and that; whose session it is.
_LENGTH, _PERSON_BYTES = Struct(">I"), 16
#: What stands before all that in a login at another provider than the first: its key.
_KEY_BYTES = 6
#: Seed, or identifier of what is done; when; whether it is done. Then the id of the session that is replaced.
_SLOT = Struct(">16sdB")

#: A state stands in no cookie; a seal wants a name all the same.
_STATE_NAME = "state"


class State(NamedTuple):
    """What the parameter `state` says. `begun_at` as time.time().

    `return_to` is a path of our own, None where it was too long for `state`: then it stands in a cookie, or is lost.
    `restarted`: this is the second try of one login. `forced`: the person was to authenticate anew. `step_up`: what is
    asked of the sign-in, as `gate.step_up` packs it, `b""` for nothing; `person`: who alone may come back with it, as
    `person_of` has them, `b""` for anybody. `asked`: it was begun by the login path, not for a page. `provider_key`:
    the provider that it leads to, `""` for the first.
    """

    identifier: bytes
    begun_at: float
    slot: int
    restarted: bool
    forced: bool
    return_to: str | None
    step_up: bytes = b""
    person: bytes = b""
    asked: bool = False
    provider_key: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way, as its browser's cookie has it. `begun_at` as time.time().

    `replaces` is the id of the session that the browser had when it left: a callback that the provider's page posts
    comes from another site, and without the session's cookie.
    """

    seed: bytes = field(repr=False)
    begun_at: float
    replaces: str = ""

    @property
    def identifier(self) -> bytes:
        """What stands in its `state`."""
        return _derived(self.seed, b"state")[:16]

    @property
    def nonce(self) -> str:
        """The nonce of the authentication request (Core, 3.1.2.1): 43 characters."""
        return _text(_derived(self.seed, b"nonce"))

    @property
    def verifier(self) -> str:
        """The PKCE code verifier (RFC 7636, 4.1): 43 characters."""
        return _text(_derived(self.seed, b"verifier"))


class Note(NamedTuple):
    """What remains of a login that was answered, and when that was: nothing that could finish one."""

    identifier: bytes
    done_at: float


class BegunLogin(NamedTuple):
    """A login that begins: what goes to the provider, and what the browser is to keep."""

    state: str
    attempt: Attempt
    set_cookies: tuple[Header, ...]
    is_lost: bool  #: whether the return address is too long to be kept


class Attempts:
    """Begins, finds and finishes the logins of one gate. `lifetime`: seconds a login is good for."""

    def __init__(self, cookie_secrets: Sequence[str], context: str, *, lifetime: float) -> None:
        self._state_seal = Seal(cookie_secrets, f"login state 2 {context}")
        self._slot_seal = Seal(cookie_secrets, f"login attempt {context}")
        self._lifetime = lifetime

    # Leaving

    def begin(
        self,
        return_to: str,
        cookies: Cookies,
        header: str,
        now: float,
        *,
        restarted: bool = False,
        forced: bool = False,
        asked: bool = False,
        replaces: str = "",
        step_up: bytes = b"",
        person: bytes = b"",
        provider_key: str = "",
    ) -> BegunLogin:
        """Begin a login that is to lead to `return_to`, in a browser that sent this Cookie header.

        `asked`, `step_up`, `person`, `provider_key`: see `State`. `replaces`: see `Attempt`.
        """
        attempt = Attempt(os.urandom(16), now, replaces)
        identifier = attempt.identifier
        slots, page_room = self._room(cookies, header)
        slot = self._slot(cookies, header, slots, chance=identifier[0])
        flags = _RESTARTED * restarted | _FORCED * forced | _ASKED * asked
        address, page = return_to.encode(), ""
        if len(address) > _DEFLATED_FROM:
            flags, address = flags | _DEFLATED, zlib.compress(address)
        if len(step_up) + len(address) > _MOST_IN_STATE:
            address = address if flags & _DEFLATED else zlib.compress(address)  # as `long_address` reads it
            page = self._slot_seal.seal(identifier + address, cookies.login_name("page"))
            flags, address = flags | _IN_COOKIE, b""
        if person:
            flags, address = flags | _BY_PERSON, person + address
        if step_up:
            flags, address = flags | _STEP_UP, _LENGTH.pack(len(step_up)) + step_up + address
        if provider_key:
            flags, address = flags | _OTHER, bytes.fromhex(provider_key) + address
        packed = _STATE.pack(identifier, now, slot, flags) + address
        headers = list(cookies.drop_logins(header, slots)) if slots < LOGIN_SLOTS else []
        headers.append(self._written(cookies, slot, attempt.seed, now, replaces=replaces))
        if 0 < len(page) <= page_room:
            headers.append(cookies.set_login("page", page, self._lifetime))
        state = to_url(self._state_seal.seal(packed, _STATE_NAME))
        return BegunLogin(state, attempt, tuple(headers), is_lost=len(page) > page_room)

    def _room(self, cookies: Cookies, header: str) -> tuple[int, int]:
        """Return how many slots there is room for beside the browser's other cookies, and how long `page` may be."""
        slot = len(cookies.login_name(0)) + _AROUND + _LONGEST_TEXT
        page = _ALL_LOGINS - LOGIN_SLOTS * slot - len(cookies.login_name("page")) - _AROUND
        if len(header) <= _WHOLE_HEADER - _ALL_LOGINS:
            return LOGIN_SLOTS, page
        ours = sum(
            len(name) + _AROUND + len(text)
            for what in (*range(LOGIN_SLOTS), "page")
            for name, text in cookies.login_texts(header, what)
        )
        left = _WHOLE_HEADER - (len(header) - ours)
        return max(1, min(LOGIN_SLOTS, left // slot)), page if left >= _ALL_LOGINS else 0

    def _slot(self, cookies: Cookies, header: str, slots: int, *, chance: int) -> int:
        """Return a slot for a new login: one that is free, else that of the note, or the login, of longest ago.

        Which of the free ones is left to `chance`, a byte of the login's identifier, so that logins that are begun at
        once do not all meet in one slot.
        """
        taken = self.all(cookies, header)
        free = [slot for slot in range(slots) if slot not in taken]
        if free:
            return free[chance % len(free)]
        return min(range(slots), key=lambda slot: (isinstance(taken[slot], Attempt), _time(taken[slot])))

    # Coming back

    def read_state(self, text: str) -> State | None:
        """Return what a `state` says, or None for one that was not made here, or with a secret that is not listed."""
        packed = self._state_seal.open(from_url(text), _STATE_NAME)
        if packed is None:
            return None
        identifier, begun_at, slot, flags = _STATE.unpack_from(packed)
        packed, step_up, person, provider_key = packed[_STATE.size :], b"", b"", ""
        if flags & _OTHER:
            provider_key, packed = packed[:_KEY_BYTES].hex(), packed[_KEY_BYTES:]
        if flags & _STEP_UP:
            end = _LENGTH.size + _LENGTH.unpack_from(packed)[0]
            step_up, packed = packed[_LENGTH.size : end], packed[end:]
        if flags & _BY_PERSON:
            person, packed = packed[:_PERSON_BYTES], packed[_PERSON_BYTES:]
        address = None if flags & _IN_COOKIE else _address(packed, is_deflated=bool(flags & _DEFLATED))
        restarted, forced = bool(flags & _RESTARTED), bool(flags & _FORCED)
        asked = bool(flags & _ASKED)
        return State(identifier, begun_at, slot, restarted, forced, address, step_up, person, asked, provider_key)

    def find(self, state: State, cookies: Cookies, header: str) -> Attempt | Note | None:
        """Return this browser's login with that state, late ones too, or what remains of it; None if it has none."""
        found = self._in_slot(state.slot, cookies, header)
        return next((each for each in found if secrets.compare_digest(each.identifier, state.identifier)), None)

    def long_address(self, state: State, cookies: Cookies, header: str) -> str | None:
        """Return the return address that was too long for this state, None where it is lost."""
        for name, text in cookies.login_texts(header, "page"):
            packed = self._slot_seal.open(text, name)
            if packed is not None and packed.startswith(state.identifier):
                return _address(packed[16:], is_deflated=True)
        return None

    def is_late(self, state: State, now: float) -> bool:
        """Return whether the login was begun too long ago to be finished."""
        return now - state.begun_at > self._lifetime

    def all(self, cookies: Cookies, header: str) -> dict[int, Attempt | Note]:
        """Return this browser's logins by slot: those under way, and what remains of those that were answered."""
        if not cookies.has_logins(header):
            return {}
        return {slot: each for slot in range(LOGIN_SLOTS) for each in self._in_slot(slot, cookies, header)}

    def finished_lately(self, seconds: float, now: float, cookies: Cookies, header: str) -> int:
        """Return how many logins this browser has finished in the last seconds, or by a clock that is ahead by so many.

        One that was finished later than that was finished before the clock was set back, and tells nothing.
        """
        found = self.all(cookies, header).values()
        return sum(isinstance(each, Note) and abs(now - each.done_at) < seconds for each in found)

    def finish(self, state: State, cookies: Cookies, now: float) -> Header:
        """Return the Set-Cookie header that leaves a note in the place of a login that was answered."""
        return self._written(cookies, state.slot, state.identifier, now, is_done=True)

    def _written(
        self, cookies: Cookies, slot: int, data: bytes, when: float, *, is_done: bool = False, replaces: str = ""
    ) -> Header:
        text = self._slot_seal.seal(_SLOT.pack(data, when, is_done) + replaces.encode(), cookies.login_name(slot))
        return cookies.set_login(slot, text, self._lifetime)

    def _in_slot(self, slot: int, cookies: Cookies, header: str) -> Iterator[Attempt | Note]:
        for name, text in cookies.login_texts(header, slot):
            packed = self._slot_seal.open(text, name)
            if packed is not None:
                data, when, is_done = _SLOT.unpack_from(packed)
                replaces = packed[_SLOT.size :].decode().rstrip(" ")  # a seal adds spaces
                yield Note(data, when) if is_done else Attempt(data, when, replaces)


def _time(found: Attempt | Note) -> float:
    return found.begun_at if isinstance(found, Attempt) else found.done_at


def _address(data: bytes, *, is_deflated: bool) -> str:
    """Return a return address, perhaps with spaces after it, which no address has."""
    return (zlib.decompressobj().decompress(data) if is_deflated else data).decode().rstrip(" ")


def person_of(subject: str, session_id: str) -> bytes:
    """Return what stands for a person in the `state` of a login that is to step this session of theirs up."""
    key = session_id.encode()[:64]
    return blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=_PERSON_BYTES, key=key).digest()


def _derived(seed: bytes, what: bytes) -> bytes:
    return blake2b(seed, digest_size=32, person=what).digest()


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
