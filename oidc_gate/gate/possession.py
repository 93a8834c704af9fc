"""Tokens that are bound to their holder: to a key (DPoP, RFC 9449) or to a certificate (RFC 8705).

What `cnf` of a token holds has to be proven with each request; what cannot be proven here is refused. A proof is for
one request: its name (`jti`) is remembered for as long as it is good, in the store where there is one.

Nonces (RFC 9449, 8.2): who sends one of ours is judged by our clock; who sends none, or an old one, and whose clock is
off, is given one. They are signed times, so that nothing has to be remembered, and every process knows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from oidc_gate.browser import requested_path
from oidc_gate.decisions import Header, Request
from oidc_gate.errors import LoginError, ProviderError
from oidc_gate.gate.components import Components
from oidc_gate.gate.seen_proofs import REMEMBERED
from oidc_gate.provider import ExpectedProof, Proof, certificate_thumbprint, check_proof
from oidc_gate.sealing import SignedRows
from oidc_gate.sessions import AskingBackend

__all__ = ["Possession"]

_KEY, _CERTIFICATE = "jkt", "x5t#S256"
_SENT_AS_DPOP = re.compile(r"[ \t]*dpop(?![^ \t,])", re.IGNORECASE)
#: How far a proof's time may be from ours, in seconds, where it has no nonce of ours.
_WINDOW = 60.0
#: A nonce is made every so many seconds, and good for so long.
_NONCE_STEP, _NONCE_LIFE = 30.0, 180.0


class Possession:
    """What one gate demands beside a token that is bound."""

    def __init__(self, components: Components) -> None:
        settings = components.settings
        self._mode = settings.bearer_dpop
        self._header = settings.bearer_client_cert_header.lower()
        self._addresses, self._clock = components.addresses, components.clock
        backend = components.sessions.backend
        self._store = backend.store if isinstance(backend, AskingBackend) else None
        self._seen = components.seen_proofs
        self._rows = SignedRows(settings.cookie_secret, f"dpop nonce {components.context}")
        self._nonce = (0.0, "")

    def scheme_for(self, request: Request) -> str:
        """Return the scheme of a challenge for whoever sent a token: the one that it came under, if that is taken."""
        is_dpop = self._mode == "require" or _SENT_AS_DPOP.match(request.authorization) is not None
        return "DPoP" if is_dpop and self._mode != "off" else "Bearer"

    def check_kind(self, scheme: str, confirmation: Mapping[str, Any] | None) -> None:
        """Refuse a token that could not be proven here, or came under the wrong scheme (RFC 9449, 7.1 and 7.2).

        `scheme`: "" where it is not known. Raises ProviderError.
        """
        bound = frozenset(confirmation or ())
        if not bound <= {_KEY, _CERTIFICATE}:
            raise ProviderError("token_binding_unknown", "cnf in the token holds something that cannot be proven here")
        if _CERTIFICATE in bound and not self._header:
            raise ProviderError(
                "token_unproven", "the token is bound to a certificate, and bearer_client_cert_header is not set"
            )
        if self._mode == "off" and (_KEY in bound or scheme == "dpop"):
            what = "is bound to a key" if _KEY in bound else "came under the scheme DPoP"
            raise ProviderError("token_unproven", f"the token {what}, and bearer_dpop is off")
        if self._mode == "require" and _KEY not in bound:
            raise ProviderError("token_unbound", "the token is bound to no key, and bearer_dpop is require")
        if scheme == "dpop" and _KEY not in bound:
            raise ProviderError("token_unbound", "the token is bound to no key, and came under the scheme DPoP")
        if scheme == "bearer" and _KEY in bound:
            raise ProviderError("token_unproven", "the token is bound to a key, and came as Bearer: it comes as DPoP")

    def blocks(self, confirmation: Mapping[str, Any]) -> bool:
        """Return whether `check` may block."""
        return self._store is not None and _KEY in confirmation

    def check(self, request: Request, token: str, confirmation: Mapping[str, Any]) -> None:
        """Check that whoever sent a token has proven what it is bound to.

        Raises ProviderError `token_unproven`, LoginError `invalid_dpop_proof` and `use_dpop_nonce`, StoreError.
        """
        if _CERTIFICATE in confirmation:
            self._check_certificate(request, confirmation[_CERTIFICATE])
        if _KEY not in confirmation:
            return
        origin = self._addresses.origin(request)
        address = origin.site + requested_path(request, origin.root_path).partition("?")[0]
        expected = ExpectedProof(request.method, address, token, confirmation[_KEY])
        proof = check_proof(request.header("dpop"), expected)
        now = self._clock()
        self._check_time(proof, now)
        name = sha256(f"{confirmation[_KEY]} {proof.jti}".encode("utf-8", "surrogatepass")).digest()
        if self._store is None:
            is_first = self._seen.add(name[:16], now)
        else:
            is_first = self._store.claim(f"dpop proof {name.hex()}", REMEMBERED)
        if not is_first:
            raise LoginError("invalid_dpop_proof", "this proof was here before")

    def _check_certificate(self, request: Request, expected: Any) -> None:
        """Check that the proxy has handed on the certificate that a token is bound to. Raises ProviderError."""
        name = self._header
        sent = request.header(name)
        found = certificate_thumbprint(sent) if self._addresses.is_from_proxy(request) else None
        if isinstance(expected, str) and found is not None:
            if compare_digest(found, expected.encode("ascii", "replace").decode()):
                return
            what = "is bound to another certificate than came with the request"
        elif not sent:
            what = f"is bound to a certificate, and none came in {name}: the client sent none, or the proxy keeps it"
        elif not self._addresses.is_from_proxy(request):
            what = (
                f"is bound to a certificate, and {name} came from {request.peer or 'an unknown peer'}, which is none of"
                " trusted_proxies; where that is the client, the server has put it in the proxy's place (uvicorn does"
                " for proxies in forwarded_allow_ips)"
            )
        elif found is None:
            what = f"is bound to a certificate, and what came in {name} is none that can be read, or came twice"
        else:
            what = "has no text as x5t#S256 in cnf, so that no certificate is the one that it is bound to"
        raise ProviderError("token_unproven", f"the token {what}")

    def _check_time(self, proof: Proof, now: float) -> None:
        if proof.nonce:
            row = self._rows.loads(proof.nonce) if proof.nonce.isascii() else None
            if row is None or not -_NONCE_STEP <= now - row[0] <= _NONCE_LIFE:
                raise LoginError("use_dpop_nonce", "the proof has an old nonce, or none of ours")
        elif abs(now - proof.issued_at) > _WINDOW:
            raise LoginError("use_dpop_nonce", f"iat of the proof is {now - proof.issued_at:.0f} s off")

    def nonce(self) -> Header:
        """Return the header with a nonce for the next proof."""
        step = self._clock() // _NONCE_STEP * _NONCE_STEP
        if self._nonce[0] != step:
            self._nonce = (step, self._rows.dumps([step]))
        return "dpop-nonce", self._nonce[1]
