"""Forms that come when the session has ended: the page that says so keeps them, and sends them again after a sign-in.

Nothing of them is kept here, nor at the provider: the form goes back to the browser that sent it, sealed, in a field of
the 401 page. Its owner signs in in another tab and presses a button; then the app gets the form as it was, judged anew.

What keeps others away, each by itself enough against some of them; `docs/security.md` has the table:

- a form is kept only from a page of the app's own, so that no other site's form becomes one of ours on its way;
- only where the session's cookie was sent and its seal opens: of strangers nothing is read;
- it is sealed for the person whose session that was, and sent for nobody else;
- it is good for `login_timeout`, and once, where there is a store.

The app's answer stands at the path that the form was sent again to, and a form in it without an address of its own is
sent there too. So that path says in its query where the form belongs, and leads on there what is sent (307).
"""

from __future__ import annotations

import json
import logging
import zlib
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from oidc_gate.access import CheckedRule, counted
from oidc_gate.browser import KeptForm, Kind, is_from_own_page, kind_of, own_path, pages, requested_path, safe_path
from oidc_gate.decisions import Decision, Instead, ReadBody, Reply, Request, Work
from oidc_gate.errors import GateError, LoginError, StoreError
from oidc_gate.gate.addresses_asked_for import own_address
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.credentials import names_token
from oidc_gate.gate.departures import Departures
from oidc_gate.gate.refusals import Refusals
from oidc_gate.provider import code_flow
from oidc_gate.sealing import Seal, from_url, to_url
from oidc_gate.sessions import CLOCKS_APART, AskingBackend

__all__ = ["KeptForms"]

logger = logging.getLogger("oidc_gate")

#: Raised with every change of what is sealed.
_FORMAT = 1
#: A body of so many bytes is kept, with so much of address and headers; sealed, both are no longer than the last.
_LARGEST, _LONGEST_HEAD, _LONGEST_SEALED = 2**20, 2**16, 3 * 2**19
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_FIELD = b"kept="
#: A longer query is left out: quoted a second time, an address might be longer than a server takes.
_LONGEST_QUERY = 2000
#: The type of the form that sends what is kept.
_SENDS_AS = _FORMS[0]
#: What has the login path force nobody to sign in anew.
_FOR_PAGE = "&page=1"


class _Kept(NamedTuple):
    """A form that is kept. `at`: since when, in seconds since 1970; `person`: whose it is. The others are a request's.

    The method is POST: a form's other one is GET, which is a page.
    """

    at: float
    person: str
    path: str
    raw_target: str
    query: str
    content_type: str
    referer: str
    body: bytes

    def packed(self) -> bytes:
        """Return it as it is sealed."""
        head = json.dumps(self[:-1]).encode()
        return zlib.compress(len(head).to_bytes(4, "big") + head + self.body, 1)

    @classmethod
    def read(cls, packed: bytes) -> _Kept:
        """Return the form that was packed."""
        data = zlib.decompressobj().decompress(packed)  # with the spaces that a seal adds left over
        end = 4 + int.from_bytes(data[:4], "big")
        return cls._make([*json.loads(data[4:end]), data[end:]])


class KeptForms:
    """The kept forms of one gate."""

    def __init__(self, components: Components, refusals: Refusals, departures: Departures) -> None:
        settings = components.settings
        self._components, self._refusals, self._departures = components, refusals, departures
        self._seal = Seal(settings.cookie_secret, f"kept form {_FORMAT} {components.context}")
        self._lifetime = settings.login_timeout
        self._takes_tokens = bool(settings.bearer_audience)

    # Keeping

    def login_required(self, request: Request, kind: Kind, rule: CheckedRule | None = None) -> Decision:
        """Return what `Refusals.login_required` does, or for a form that can be kept the page that keeps it."""
        if kind is not Kind.FORM:
            return self._refusals.login_required(request, kind, rule)
        here = self._components.here(request)
        person = self._components.person(here) if _is_keepable(here) else ""
        if not person:
            return self._refusals.login_required(request, kind, rule)

        def keep(body: bytes | None) -> Decision:
            if rule is None:
                self._components.telling.login_required(request, kind)
            if body is None:
                return self._components.pages.form_too_large(request, self._login(here, rule))
            page = own_address(requested_path(request, here.origin.root_path), here)
            return Work("store", lambda: self._page(here, page, self._sealed(here, person, body), self._lifetime, rule))

        return ReadBody(_LARGEST, keep)

    def _sealed(self, here: Here, person: str, body: bytes) -> str:
        request = here.request
        kept = _Kept(
            self._components.clock(),
            person,
            request.path,
            request.raw_target,
            request.query,
            request.header("content-type"),
            request.header("referer"),
            body,
        )
        logger.debug("the page keeps a form of %d bytes for %r", len(body), request.path)
        return self._seal.seal(kept.packed(), _place(here))

    def _page(self, here: Here, belongs_to: str, text: str, left: float, rule: CheckedRule | None = None) -> Reply:
        demand = self._refusals.demand(here.origin.root_path, rule)
        left = left // 60 * 60 if left >= 60 else left  # rather less than more
        return self._components.pages.kept_form(
            here.request,
            demand.challenge,
            self._on_page(here, belongs_to, text),
            sign_in=self._login(here, rule),
            left=counted(left),
            is_step_up=demand.is_step_up,
        )

    def _login(self, here: Here, rule: CheckedRule | None) -> str:
        """Return where the new tab leads: to a login that comes back to a page which says to go on in the old one.

        Like a login for a page it forces nobody to sign in anew whom the provider still knows.
        """
        login = self._refusals.demand(here.origin.root_path, rule).coming_back(self._components.path(here, "resume"))
        return login if rule is not None else login + _FOR_PAGE

    def _on_page(self, here: Here, belongs_to: str, text: str) -> KeptForm:
        """Return the form as a page keeps it. `text`: a seal's."""
        query = belongs_to and f"next={quote(belongs_to, safe='/')}"
        query = query if len(query) <= _LONGEST_QUERY else ""
        return KeptForm(self._components.path(here, "resume"), query, to_url(text))

    # Sending again

    def resume(self, request: Request) -> Decision:
        """Return what happens at the path where kept forms are sent to, and logins for them come back to."""
        here = self._components.here(request)
        try:
            page = _belongs_to(here)
        except LoginError as error:
            return self._refusals.failure(request, error, own_path(here.origin, "/"))
        if request.method == "POST":
            return self._sent(here, page)
        if page:  # somebody asks anew for the address at which the app's answer stood
            return pages.redirect(page)
        sessions = self._components.sessions
        return Work("store", lambda: self._landed(request)) if sessions.asks else self._landed(request)

    def _landed(self, request: Request) -> Decision:
        """Answer the tab in which somebody signs in: with a login first, then with a page."""
        here = self._components.here(request)
        try:
            if self._components.session(here) is not None:
                return self._components.pages.message(request, 200, "title_signed_in", "text_signed_in_for_form")
        except StoreError as error:
            return self._refusals.failure(request, error, self._components.path(here, "resume"))
        kind = kind_of(request)
        if kind is Kind.PAGE:
            return self._departures.send(request, None)
        return self._refusals.login_required(request, kind)

    def _sent(self, here: Here, page: str) -> Decision:
        """Read a kept form, if it comes from a page of this gate, and from somebody who had a session here.

        What can be none, and was sent from the app's answer to one, is led on to where that belongs.
        """
        request = here.request
        if not is_from_own_page(request, here.origin.site):
            error = LoginError("kept_form_foreign", "a kept form was sent by another site", status=403)
            return self._refusals.failure(request, error, own_path(here.origin, "/"))
        if page and _content_type(request) != _SENDS_AS:
            return pages.redirect(page, status=307)
        if not self._components.person(here):
            return self._refusals.login_required(request, kind_of(request))

        def read(body: bytes | None) -> Decision:
            if page and (body is None or not body.startswith(_FIELD) or b"&" in body):
                return pages.redirect(page, status=307)
            return Work("store", lambda: self._judged(here, body or b""))

        return ReadBody(_LONGEST_SEALED, read)

    def _judged(self, here: Here, body: bytes) -> Decision:
        """Return the request that was kept, for whoever may send it; else say why not."""
        text = from_url(body.removeprefix(_FIELD).decode("ascii", "replace"))
        packed = self._seal.open(text, _place(here)) if text else None
        if packed is None:
            error = LoginError("kept_form_invalid", "no form that was kept here")
            return self._refusals.failure(here.request, error, own_path(here.origin, "/"))
        kept = _Kept.read(packed)
        page, left = safe_path(kept.referer, here.origin), kept.at + self._lifetime - self._components.clock()
        if left < 0:
            error = LoginError("kept_form_late", "a form was kept for longer than login_timeout")
            return self._refusals.failure(here.request, error, page)
        try:
            opened = self._components.session(here)
            if opened is not None and opened.session.person == kept.person:
                self._claim(text)
                return self._as_it_was(kept, here.request)
        except LoginError as sent:
            return self._refusals.failure(here.request, sent, page)
        except StoreError as down:
            return self._not_yet(here, text, down, "")
        if opened is None:
            return self._page(here, _belongs_to(here), text, left)
        other = LoginError("kept_form_other_person", "a form was kept for another person", status=403)
        return self._not_yet(here, text, other, self._login(here, None).removesuffix(_FOR_PAGE))

    def _not_yet(self, here: Here, text: str, error: GateError, link: str) -> Reply:
        """Return a page that says what is in the way, and goes on keeping the form."""
        kept = self._on_page(here, _belongs_to(here), text)
        return self._refusals.failure(here.request, error, link, kept=kept)

    def _as_it_was(self, kept: _Kept, request: Request) -> Instead:
        """Return the request that was kept, for whoever the cookie of this one says it is.

        An access token beside it does not count, as on all of the gate's own paths: at the app's path it would.
        """
        logger.debug("a kept form of %d bytes is sent to %r", len(kept.body), kept.path)
        headers = [
            ("content-type", kept.content_type),
            ("content-length", str(len(kept.body))),
            ("referer", kept.referer),
            ("content-encoding", ""),
            ("transfer-encoding", ""),
        ]
        if self._takes_tokens and names_token(request.authorization):
            headers.append(("authorization", ""))
        return Instead(kept.path, kept.raw_target, kept.query, tuple(headers), kept.body)

    def _claim(self, text: str) -> None:
        """Have this form count once, where there is a store. Raises LoginError `kept_form_sent`, StoreError."""
        backend = self._components.sessions.backend
        what = f"kept form {sha256(text.encode()).hexdigest()}"  # as it was sealed: there is one such text of a seal
        if isinstance(backend, AskingBackend) and not backend.claim(what, self._lifetime + CLOCKS_APART):
            raise LoginError("kept_form_sent", "a kept form was sent a second time", status=409)


def _belongs_to(here: Here) -> str:
    """Return the address that the query of a request to our path names, `""` for none. Raises LoginError."""
    params = code_flow.single_values(code_flow.read_form(here.request.query), ("next",))
    return own_address(params.get("next", ""), here)


def _content_type(request: Request) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()


def _is_keepable(here: Here) -> bool:
    """Return whether a form could be sent again just as it is, and comes from a page of the app's own."""
    request = here.request
    head = (request.path, request.raw_target, request.query, request.header("content-type"), request.header("referer"))
    return (
        request.method == "POST"
        and _content_type(request) in _FORMS
        and not request.header("content-encoding")
        and "\ufffd" not in request.path  # the server's bytes were no text, and cannot be had back
        and sum(map(len, head)) < _LONGEST_HEAD
        and is_from_own_page(request, here.origin.site)
    )


def _place(here: Here) -> str:
    """Return what a seal is bound to: the app's address, mount point and all."""
    return f"kept {here.origin.url}"
