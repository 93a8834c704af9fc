"""Shared Signals: the provider says that something happened to somebody, and their sessions end (RFC 8935, CAEP, RISC).

A session that ends so is no harm to whoever may still come: the next page sends them through the provider, which knows
what has changed. Only sessions in a store can be ended by a name; for the others the answer is 501, as for a logout
from the provider. What was taken is answered 202, also when it comes once more; what could not be, by an error that the
provider understands (RFC 8935, 2.4).
"""

from __future__ import annotations

import hashlib

from oidc_gate.browser import pages
from oidc_gate.decisions import Decision, Reply, Work
from oidc_gate.errors import GateError, LoginError, ProviderDownError, ProviderSetupError, StoreError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.kept_tokens import check_signed_as_before
from oidc_gate.gate.parties import Party
from oidc_gate.provider import SecurityEvent
from oidc_gate.sessions import StoreBackend

__all__ = ["Signals"]

_TYPE = "application/secevent+jwt"
#: So long a token's name is remembered (seconds): longer than one may be old, with a margin.
_REMEMBERED = 26 * 3600.0
#: Codes of RFC 8935, 2.4, by ours; any other is `invalid_request`.
_ERRORS = {
    "issuer_mismatch": "invalid_issuer",
    "audience_mismatch": "invalid_audience",
    "signature_invalid": "invalid_key",
    "alg_not_allowed": "invalid_key",
}
_SAID = {
    "invalid_issuer": "the token is of another issuer",
    "invalid_audience": "the token is for another receiver",
    "invalid_key": "the token is not signed with a key that counts here",
    "invalid_request": "the token is not accepted here",
}
#: What the provider is told in more words, for there its operator can mend it.
_SUBJECT = "the subject must be iss_sub, or opaque with the name of a person or a session at this issuer"


class Signals:
    """Takes security events for one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components

    def receive(self, here: Here, body: bytes | None) -> Decision:
        """Take one event that the provider pushes (RFC 8935, 2)."""
        backend = self._components.sessions.backend
        if not isinstance(backend, StoreBackend):
            return pages.json_reply(501, {"error": "session_store_required"})
        content_type = here.request.header("content-type").partition(";")[0].strip().lower()
        if body is None or content_type != _TYPE:
            error = LoginError("body_invalid", f"the body is no {_TYPE}, or too long")
            return self._refused(here, self._components.parties.first, error)
        token = body.decode("ascii", "replace").strip()
        party = self._components.parties.of_token(token)
        return Work(
            party.lane("logout"),
            lambda: self._take(here, party, backend, token),
            turned_away=lambda: pages.json_reply(503, {}, _LATER),
        )

    def _take(self, here: Here, party: Party, backend: StoreBackend, token: str) -> Reply:
        try:
            event, algorithm = party.provider.security_event(token, self._own_address(here))
            check_signed_as_before(party, backend, algorithm)
            ended = self._end_once(party, backend, event)
        except (ProviderDownError, StoreError, ProviderSetupError) as error:
            party.telling.signal_refused(here.request, error)
            return pages.json_reply(503, {}, _LATER)
        except GateError as error:
            return self._refused(here, party, error)
        party.telling.signal_received(here.request, event.kind, dict(event.named), ended)
        return pages.accepted()

    def _own_address(self, here: Here) -> str:
        """Return the address that events may be for, `""` where only the sender of a request says what it is.

        Else whoever gets events at another address could hand them on here, under that name.
        """
        return self._components.url(here, "events") if self._components.settings.base_url else ""

    def _end_once(self, party: Party, backend: StoreBackend, event: SecurityEvent) -> int:
        """End the sessions of whoever an event is about; return how many. One that was here before ends nothing.

        One whose work could not be done is forgotten again, for the provider will send it once more.
        """
        if not event.ends:
            return 0
        name = f"signal {party.key}{hashlib.sha256(event.jti.encode('utf-8', 'surrogatepass')).hexdigest()}"
        if not backend.claim(name, _REMEMBERED):
            return 0
        try:
            ended = sum(backend.end_named(claim, value, party.key) for claim, value in event.named)
        except StoreError:
            backend.release(name)
            raise
        if ended:
            self._components.sessions.forget_all()
        return ended

    def _refused(self, here: Here, party: Party, error: GateError) -> Reply:
        party.telling.signal_refused(here.request, error)
        said = _ERRORS.get(error.code, "invalid_request")
        description = _SUBJECT if error.code == "event_subject_unknown" else _SAID[said]
        return pages.json_reply(400, {"err": said, "description": description})


_LATER = (("retry-after", "30"),)
