"""Proof that this very gate answered: what `health` seals for whoever knows the secret, and asks from outside.

An answer opens only with this gate's `cookie_secret`, for its provider and client, and for the challenge that it was
made for; so no other gate gives it, and none that was overheard is of use again. It tells what arrived here: what
proxies in front have made of the request. To anybody else it tells nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from oidc_gate.browser import Addresses
from oidc_gate.decisions import Request
from oidc_gate.errors import LoginError
from oidc_gate.sealing import Seal

__all__ = ["FORWARDED", "Proof", "checked_challenge", "proof_for", "read_proof"]

#: Headers by which proxies tell what they were asked for.
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
#: So much is told of each, and of the path: an answer is short whatever is sent.
_MOST_TOLD = 200
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_NAME = "health"
#: Raised with every change of what is told. It is part of the seal, so that what another version tells is no proof.
_FORMAT = 2


class Proof(NamedTuple):
    """What a gate says of a request that reached it.

    - `seen`: the public URL of the app as the request has it, and proxies that are believed.
    - `own`: the same as the gate uses it: `base_url`, where that is set.
    - `host`: the Host header alone, which is what the app is told.
    - `target`: the path as it stood on the request line, `""` where the server does not tell.
    - `peer`: the address of who connected; `client`: of who asked, as far as proxies are believed.
    - `cookies`: how long the Cookie header was.
    - `forwarded`: the headers FORWARDED that came, believed or not.
    - `is_newest`: whether the first of the secrets that open it has sealed it.
    """

    seen: str
    own: str
    host: str
    target: str
    peer: str
    client: str
    cookies: int
    forwarded: dict[str, str]
    is_newest: bool


def checked_challenge(text: str) -> str:
    """Return a challenge. Raises LoginError `challenge_invalid`."""
    if not _CHALLENGE.fullmatch(text):
        raise LoginError("challenge_invalid", "a challenge has 1 to 128 letters, digits and any of . _ ~ -")
    return text


def proof_for(request: Request, addresses: Addresses, secrets: Sequence[str], context: str, challenge: str) -> str:
    """Return the sealed proof for a checked challenge."""
    origins = addresses.seen(request).url, addresses.origin(request).url
    came = {name: value[:_MOST_TOLD] for name in FORWARDED if (value := request.header(name))}
    told = [each[:_MOST_TOLD] for each in (request.host, request.raw_target, request.peer, addresses.client(request))]
    row = [*origins, *told, len(request.cookie_header), came]
    return _seal(secrets, context, challenge).seal(json.dumps(row).encode(), _NAME)


def read_proof(text: str, secrets: Sequence[str], context: str, challenge: str) -> Proof | None:
    """Return the proof, or None for anything that no gate with one of these secrets made for this challenge."""
    seal = _seal(secrets, context, challenge)
    plaintext = seal.open(text, _NAME)
    if plaintext is None:
        return None
    seen, own, host, target, peer, client, cookies, forwarded = json.loads(plaintext)
    is_newest = text.startswith(seal.newest_prefix)
    return Proof(seen, own, host, target, peer, client, cookies, forwarded, is_newest)


def _seal(secrets: Sequence[str], context: str, challenge: str) -> Seal:
    """Return a seal for one challenge: its key is of use for no other, and no stranger can wear it out."""
    return Seal(secrets, f"health {_FORMAT} {challenge} {context}")
