"""P1 to P6, P21: what the provider says of itself."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64decode
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509

from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, unknown, warn
from oidc_gate.doctor.probes import OF_PKCE, authorization, complaint
from oidc_gate.errors import ProviderError
from oidc_gate.provider import HTTPAnswer, HTTPRequest, algorithms_of, error_said, is_usable, read_json_object, shown

__all__ = ["PROVIDER_CHECKS"]

_WELL_KNOWN = "/.well-known/openid-configuration"
_REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint", "revocation_endpoint")
#: Sites at which large providers have endpoints beside their issuer.
_SAME = {
    "accounts.google.com": ("google.com", "googleapis.com"),
    "login.microsoftonline.com": ("microsoftonline.com", "microsoft.com"),
    "sts.windows.net": ("microsoftonline.com", "microsoft.com"),
}
_ADDRESS = "issuer_url is the address before /.well-known/openid-configuration, as the provider's console shows it"


def _discovery(case: Case) -> Finding:
    try:
        answer = case.discovery().answer
    except ProviderError as error:
        return fail(error.detail, "N1, N2 and N3 tell where the way ends")
    location = answer.location.partition("?")[0]
    if location.endswith(_WELL_KNOWN):
        return fail(
            f"{answer.url} leads to {location}",
            f"if that is your provider's, set issuer_url to {location.removesuffix(_WELL_KNOWN)}",
        )
    try:
        answer.document("discovery document", "discovery_failed")
    except ProviderError as error:
        said = _error_in(answer)
        return fail(
            f"{error.detail}{f': {said}' if said else ''}", f"mend what it says; {_ADDRESS}" if said else _ADDRESS
        )
    if answer.content_type != "application/json":
        return warn(
            f"the discovery document comes as {answer.content_type or 'nothing'}", "it should be application/json"
        )
    return ok(f"{len(answer.body)} bytes, in {case.discovery().seconds:.2f} s")


def _error_in(answer: HTTPAnswer) -> str:
    """Return the error that an answer names, `""` for none."""
    try:
        document = read_json_object(answer.body)
    except ValueError:
        return ""
    error = document.get("error")
    return "" if error is None else error_said(error, document.get("error_description"), frozenset())


def _issuer(case: Case) -> Finding:
    said, expected = case.document().get("issuer"), case.settings.issuer_url
    if said == expected:
        return ok("as in issuer_url, letter by letter")
    if isinstance(said, str) and said.rstrip("/") == expected.rstrip("/"):
        return ok("but for the slash at the end as in issuer_url; the gate takes the provider's spelling")
    if isinstance(said, str) and case.addresses.names(said):
        return ok(f"the provider names {said}, with the tenant of each person in it; allow_tenants lists them")
    if isinstance(said, str) and "{" in said:
        mend = "name one tenant's id in issuer_url, or list those whose users may come in allow_tenants"
        return fail(f"the provider names {shown(said)}, which stands for many", mend)
    mend = (
        f"if that is your provider's, set issuer_url to {said}"
        if isinstance(said, str)
        else "this is no OpenID provider's document"
    )
    return fail(f"the provider names {shown(said)}, and issuer_url is {expected!r}", mend)


def _endpoints(case: Case) -> Finding:
    document = case.document()
    issuer = str(document.get("issuer"))
    if not case.addresses.names(issuer):
        raise SkippedError("these would be another issuer's: P2")
    given = dict(case.settings.provider_endpoints)
    secure, wrong, foreign = issuer.startswith("https:"), [], []
    for name in (*_REQUIRED, *_OPTIONAL):
        url = document.get(name)
        if url is None:
            wrong += [f"{name} is missing"] if name in _REQUIRED else []
        elif name not in given and not is_usable(url, issuer, allows_http=case.settings.insecure_http_issuer):
            wrong.append(f"{name} is {shown(url, 120)}, which the gate does not use")
        elif not _is_near(url, issuer):
            foreign.append(f"{name} at {urlsplit(url).hostname}")
    if wrong:
        mend = "have the provider tell its addresses by https; behind a proxy it often needs to be told its public one"
        required = any(sentence.startswith(_REQUIRED) for sentence in wrong)
        return (fail if required else warn)("; ".join(wrong), mend)
    if foreign:
        return warn(
            f"at another site than the issuer {urlsplit(issuer).hostname}: {', '.join(foreign)}",
            "if the provider says so in its documents, all is well; secrets and tokens go there",
        )
    return ok("all at the issuer's site" + (", by https" if secure else ""))


def _is_near(url: str, issuer: str) -> bool:
    """Return whether two addresses are of one site, as far as names tell."""
    host, home = urlsplit(url).hostname or "", urlsplit(issuer).hostname or ""
    sites = (".".join(home.split(".")[-2:]), *_SAME.get(home, ()))
    return host == home or (not home.replace(".", "").isdigit() and host.endswith(tuple(f".{site}" for site in sites)))


def _keys(case: Case) -> Finding:
    answer = case.ask(HTTPRequest(case.metadata().jwks_uri))
    try:
        entries = answer.document("key set", "keys_unreadable").get("keys")
    except ProviderError as error:
        return fail(error.detail, "this is the provider's to mend")
    if not isinstance(entries, list):
        return fail("the provider's key set holds no keys", "this is the provider's to mend")
    signing = [each for each in entries if isinstance(each, dict) and each.get("use", "sig") == "sig"]
    accepted = case.settings.signing_algs or case.metadata().signing_algs
    good = [each for each in signing if not set(accepted).isdisjoint(algorithms_of(each))]
    if any("d" in each for each in signing):
        return fail("a private key stands in the key set, for all to read", "the provider must change its keys at once")
    if not good:
        return fail(
            f"no key of the {len(entries)} can have signed an ID token by {', '.join(sorted(accepted))}",
            "leave signing_algs out, or have the provider sign with RS256, and an RSA key of 2048 bits",
        )
    useless = list(filter(None, map(_wrong_with, signing)))
    if useless:
        return warn("; ".join(useless), "the gate passes such keys over; tokens signed with them are refused")
    odd = list(filter(None, [_repeated(signing), *(_expired(each, case.clock()) for each in signing)]))
    if odd:
        return warn("; ".join(odd), "the gate goes by such keys all the same; have the provider mend it for others")
    return ok(f"{len(good)} key{'' if len(good) == 1 else 's'} that may sign ID tokens")


def _wrong_with(key: dict[str, Any]) -> str:
    """Return what is wrong with a key for signatures, `""` for nothing."""
    if key.get("kty") == "RSA" and 0 < _bits(key.get("n")) < 2048:
        return f"the key {shown(key.get('kid'), 60)} has {_bits(key.get('n'))} bits only"
    if not algorithms_of(key):
        kind = f"{shown(key.get('kty'), 20)} and alg {shown(key.get('alg'), 20)}"
        return f"the key {shown(key.get('kid'), 60)} cannot be used: kty {kind}"
    return ""


def _bits(modulus: Any) -> int:
    try:
        return int.from_bytes(urlsafe_b64decode(f"{modulus}===")).bit_length()
    except ValueError:
        return 0


def _repeated(keys: list[dict[str, Any]]) -> str:
    counted = Counter((str(key["kid"]), key.get("kty"), key.get("crv")) for key in keys if "kid" in key)
    twice = [kid for (kid, _, _), count in counted.items() if count > 1]
    return f"the kid {shown(twice[0], 60)} stands for several keys" if twice else ""


def _expired(key: dict[str, Any], now: float) -> str:
    """Return that a key's certificate is over, `""` where it is not, or there is none that can be read."""
    try:
        until = x509.load_der_x509_certificate(b64decode(key["x5c"][0])).not_valid_after_utc
    except (LookupError, TypeError, ValueError):
        return ""
    over = until.timestamp() < now
    return f"the certificate of the key {shown(key.get('kid'), 60)} ended on {until:%Y-%m-%d}" if over else ""


def _algorithms(case: Case) -> Finding:
    listed = case.document().get("id_token_signing_alg_values_supported")
    if not isinstance(listed, list):
        return unknown("the provider does not list its algorithms")
    accepted = case.settings.signing_algs or tuple(sorted(case.metadata().signing_algs))
    common = [alg for alg in accepted if alg in listed]
    if not common:
        return fail(
            f"the provider signs with {', '.join(map(str, listed[:12]))}, and the gate accepts {', '.join(accepted)}",
            "set signing_algs to one that the provider lists, or leave it out; HS256 cannot be had: choose RS256 there",
        )
    return ok(f"both sides know {', '.join(common)}")


def _pkce(case: Case) -> Finding:
    listed = case.document().get("code_challenge_methods_supported")
    if isinstance(listed, list) and "S256" not in listed:
        return fail(
            f"the provider lists {', '.join(map(str, listed[:5])) or 'no method'} for PKCE, and the gate sends S256",
            "switch S256 on at the provider",
        )
    no = complaint(case)
    if no is not None and no.speaks_of(*OF_PKCE):
        return fail(f"the provider refuses the gate's S256: {no.said}", "set PKCE to S256 for this client there")
    enforced = _is_enforced(case)
    said = "S256 is listed" if listed else "the provider does not list S256"
    if enforced is not None:
        said += f"; a login without it is {'refused' if enforced else 'not refused; the gate always sends it'}"
    if listed or enforced:
        return ok(said)
    return warn(said, "a stolen code may be of use: have the provider demand PKCE of this client")


def _is_enforced(case: Case) -> bool | None:
    """Return whether the provider demands PKCE, None where that cannot be told."""
    if not case.options.controls:
        return None
    try:
        usual, without = authorization(case), authorization(case, without="code_challenge")
    except (SkippedError, ProviderError):
        return None
    if not (usual.is_back_without_complaint or usual.kind == "page"):
        return None
    return without.error == "invalid_request" or without.kind == "refused"


def _remote_logout(case: Case) -> Finding:
    document = case.document()
    offered = [
        name
        for name, member in (("back-channel", "backchannel_logout"), ("front-channel", "frontchannel_logout"))
        if document.get(f"{member}_supported") is True
    ]
    said = f"the provider offers {' and '.join(offered) or 'no remote'} logout"
    if case.settings.session_store == "cookie":
        return ok(f"{said}; with session_store cookie only a browser's own logout ends a session")
    if not offered:
        return unknown(f"{said}, by what it lists; sessions then end by their own times and at rechecks")
    if "back-channel" in offered and document.get("backchannel_logout_session_supported") is False:
        return ok(f"{said}, of all of a person's sessions at once")
    return ok(f"{said}; to register: …{case.settings.path_prefix}/backchannel-logout")


PROVIDER_CHECKS = (
    Check("P1", "discovery", _discovery),
    Check("P2", "issuer", _issuer),
    Check("P3", "endpoints", _endpoints),
    Check("P4", "keys", _keys),
    Check("P5", "algorithms", _algorithms),
    Check("P6", "PKCE", _pkce),
    Check("P21", "remote logout", _remote_logout),
)
