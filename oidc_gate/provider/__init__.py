"""The OpenID provider: what is sent to it, how its answers are read, and what must hold before they are believed.

Modules, from the ground up; each may import only from those before it:

- `http_messages`: requests and answers as values, and JSON read strictly
- `quoting`: the provider's own words in messages for the log
- `network_errors`: why there was no answer, and what to do about it
- `deadlines`: the end of a call, and what cuts it off
- `transport`: the only code that goes over the network to the provider
- `cache`: what the provider said of itself, kept for an hour
- `keys`: its keys, and whether one of them signed a token
- `token_checks`: what must hold of an ID token, a userinfo answer and a logout token
- `security_events`: what must hold of what the provider says happened to somebody
- `access_tokens`: what must hold of an access token that a program sends
- `proofs_of_possession`: what proves that whoever sends a token holds what it is bound to
- `claims`: how claims from the ID token and from userinfo become one set
- `client_assertion`: a token of the platform that stands for the client
- `client_authentication`: how the gate proves to the token endpoint that it is the client
- `client_credentials`: what it has for that
- `token_errors`: what a no of the token endpoint means
- `code_flow`: the code flow's messages, in pairs of request and answer
- `userinfo`: the pair for userinfo
- `pushed_requests`: authorization requests that go to the provider itself, in such pairs too
- `introspection`: whether the provider calls an access token good
- `discovery`: the provider's metadata
- `own_proofs`: what the gate's own access tokens are bound to
- `client_calls`: what this client alone may ask
- `signatures`: whether a token is the provider's
- `provider`: `Provider`, which puts them together
- `device_flow`: the device flow's messages, in the same pairs
- `terminal_client`: the provider, as a program at a terminal uses it

May import: `errors`, `identity`, `signing`, `settings`.
"""

from oidc_gate.provider import code_flow, pushed_requests, userinfo
from oidc_gate.provider.access_tokens import AccessToken
from oidc_gate.provider.claims import merged_claims, refreshed_claims, with_word
from oidc_gate.provider.client_assertion import read_assertion
from oidc_gate.provider.client_authentication import ClientAuthentication, client_authentication
from oidc_gate.provider.client_credentials import private_key_of
from oidc_gate.provider.code_flow import Tokens
from oidc_gate.provider.discovery import Metadata, ProviderAddresses, is_usable, metadata_of
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.provider.keys import algorithms_of, another_key, signing_alg, unverified_issuer
from oidc_gate.provider.network_errors import no_answer
from oidc_gate.provider.proofs_of_possession import (
    DPOP_ALGORITHM,
    PROOF_ALGORITHMS,
    ExpectedProof,
    Proof,
    certificate_thumbprint,
    check_proof,
)
from oidc_gate.provider.provider import Provider
from oidc_gate.provider.quoting import error_said, names_shown, scrubbed, secrets_in, shown
from oidc_gate.provider.security_events import SecurityEvent
from oidc_gate.provider.token_checks import is_time
from oidc_gate.provider.transport import Transport, tls_context

__all__ = [
    "DPOP_ALGORITHM",
    "PROOF_ALGORITHMS",
    "AccessToken",
    "ClientAuthentication",
    "ExpectedProof",
    "HTTPAnswer",
    "HTTPRequest",
    "Metadata",
    "Proof",
    "Provider",
    "ProviderAddresses",
    "SecurityEvent",
    "Tokens",
    "Transport",
    "algorithms_of",
    "another_key",
    "certificate_thumbprint",
    "check_proof",
    "client_authentication",
    "code_flow",
    "error_said",
    "is_time",
    "is_usable",
    "merged_claims",
    "metadata_of",
    "names_shown",
    "no_answer",
    "private_key_of",
    "pushed_requests",
    "read_assertion",
    "read_json_object",
    "refreshed_claims",
    "scrubbed",
    "secrets_in",
    "shown",
    "signing_alg",
    "tls_context",
    "unverified_issuer",
    "userinfo",
    "with_word",
]
