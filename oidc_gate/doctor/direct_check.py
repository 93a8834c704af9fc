"""A10: nobody reaches the app beside its proxy, at `--direct HOST:PORT`."""

from __future__ import annotations

import http.client
import secrets
import socket

from oidc_gate.doctor.app_address import components_of, json_of
from oidc_gate.doctor.case import Case
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, skipped, unknown
from oidc_gate.gate import Proof, read_proof

__all__ = ["beside_the_proxy"]

_FORGED = "forged.invalid"
_MOST = 65536


def beside_the_proxy(case: Case) -> Finding:
    """Return what answers there: nothing, this gate without faith in made-up headers, or something worse."""
    if not case.options.direct:
        return skipped("not asked for: --direct HOST:PORT")
    if case.options.offline:
        raise SkippedError("nothing is asked: --offline")
    where, place = case.options.direct, case.options.place
    try:
        socket.create_connection(place, case.settings.http_timeout).close()
    except socket.gaierror:
        return unknown(f"the host name in --direct {where} was not found")
    except OSError as error:
        return ok(f"{where} takes no connection from here ({error.strerror or type(error).__name__})")
    return _judged(case, where, place)


def _judged(case: Case, where: str, place: tuple[str, int]) -> Finding:
    mend = "have it listen on 127.0.0.1 or a socket, or let nobody but the proxy through to it"
    try:
        proof = _proof(case, place) if case.has_cookie_secret else None
        status = 0 if proof is not None else _ask(case, place, "/")[0]
    except (OSError, http.client.HTTPException) as error:
        return unknown(f"{where} takes connections, and does not speak HTTP ({type(error).__name__})", mend)
    if proof is None:
        if status in (401, 403):
            return unknown(f"{where} answers {status}, and it is not known to be this gate", mend)
        return fail(f"{where} answers {status} without this gate", mend)
    if _FORGED in proof.seen:
        return fail(f"this gate answers at {where}, and believes what anybody there says of proxies", mend)
    return ok(f"this gate itself answers at {where}, and believes nobody there about proxies")


def _proof(case: Case, place: tuple[str, int]) -> Proof | None:
    challenge = secrets.token_urlsafe(24)
    path = f"{case.settings.path_prefix}/health?challenge={challenge}"
    forged = {"X-Forwarded-Host": _FORGED, "X-Forwarded-For": "203.0.113.99", "Forwarded": f"host={_FORGED}"}
    _, body = _ask(case, place, path, forged)
    text = json_of(body).get("answer")
    if not isinstance(text, str):
        return None
    return read_proof(text, case.settings.cookie_secret, components_of(case).context, challenge)


def _ask(case: Case, place: tuple[str, int], path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Return status and body, asked past every proxy that the environment names."""
    connection = http.client.HTTPConnection(*place, timeout=case.settings.http_timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST)
    finally:
        connection.close()
