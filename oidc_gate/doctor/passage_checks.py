"""A4 to A8: what passes between a browser and the gate, and what something on the way keeps, cuts or adds."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlsplit

from oidc_gate.doctor.app_address import PAGE, ask_app, ask_health, components_of, parts_of, proven
from oidc_gate.doctor.case import LOOPBACK, Case, Check
from oidc_gate.doctor.findings import Finding, fail, ok, skipped, unknown, warn
from oidc_gate.errors import ProviderDownError
from oidc_gate.provider import HTTPAnswer

__all__ = ["PASSAGE_CHECKS"]

#: What browsers come with when a session is large, and what nearly every server still takes; with the header's name.
_LARGE, _USUAL = 7900, 4000
#: A return address of this length is kept in a cookie of its own.
_LONG_PATH = 1600


def _to_https(case: Case) -> Finding:
    """A4: whoever comes over plain http is led to https, and comes over https from then on."""
    _ = case.redirect_uri
    url = urlsplit(case.settings.base_url)
    if url.scheme == "http":
        if url.hostname in LOOPBACK:
            return skipped("base_url is plain http, on this machine")
        return warn("base_url is plain http: whoever is on the way can take over sessions", "serve it over https")
    proven(case)
    if url.port is not None:
        return unknown(f"base_url has the port {url.port}: which one plain http would have is not known")
    try:
        plain = ask_app(case, f"http://{url.netloc}{url.path}/", PAGE)
    except ProviderDownError:
        plain = None
    if plain is not None and not (300 <= plain.status < 400 and plain.location.startswith("https://")):
        return warn(
            f"over plain http the address answers {plain.status}, and does not lead to https",
            "have the proxy redirect port 80 to https, or close it",
        )
    told = ask_app(case, case.own_url("health")).header("strict-transport-security")
    what = "nothing answers over plain http" if plain is None else "plain http leads to https"
    if not told:
        return warn(f"{what}; without HSTS", "have the proxy send Strict-Transport-Security: max-age=31536000")
    return ok(f"{what}; HSTS is sent")


def _login_to(case: Case, page: str) -> str:
    """Return the address of a login at this provider, where people would choose among several."""
    return f"{case.own_url('login')}?auth_id={case.settings.auth_id}&next=/{page}"


def _login(case: Case) -> Finding:
    """A5: a login begins with the redirect URI that is registered, and its cookie passes both ways."""
    redirect_uri = case.redirect_uri
    proven(case)
    answer = ask_app(case, _login_to(case, ""), PAGE)
    if answer.status == 503:
        return unknown("the gate begins no login just now (503)", "look at its log: mostly the provider is down")
    if answer.status not in (302, 303):
        return fail(f"a login answers {answer.status}, and leads nowhere", "look at the gate's log, and at the proxy's")
    sent = dict(parse_qsl(parts_of(answer.location).query))
    for name, wanted in (("client_id", case.settings.client_id), ("redirect_uri", redirect_uri)):
        if sent.get(name, wanted) != wanted:  # pushed parameters are not in the address
            return fail(
                f"a login is sent off with the {name} {sent[name]}, and here it is {wanted}",
                "give the gate that runs, and doctor, the same settings; leave Location as the gate has it",
            )
    return _cookies(case, answer)


def _cookies(case: Case, answer: HTTPAnswer) -> Finding:
    """Judge the cookie of a login: as it comes out, and whether it gets in again."""
    components = components_of(case)
    is_secure = case.settings.base_url.startswith("https:")
    own = components.secure_cookies if is_secure else components.plain_cookies
    wanted = _attributes(own.set_login(0, "", 1)[1])
    came = [value for name, value in answer.headers if name == "set-cookie"]
    found = next((value for value in came if own.has_logins(value.partition("=")[0])), None)
    if found is None:
        names = ", ".join(value.partition("=")[0][:60] for value in came) or "none"
        return fail(
            f"the cookie {own.login_name('…')} does not come through; what comes: {names}",
            "have nothing on the way take out or rename Set-Cookie; are cookie_secret and auth_id the gate's?",
        )
    if _attributes(found) != wanted:
        changed = ", ".join(sorted(_attributes(found) ^ wanted))
        return fail(
            f"something on the way changes the cookie's attributes: {changed}",
            "take out what rewrites cookies (nginx: proxy_cookie_domain, proxy_cookie_path, proxy_cookie_flags)",
        )
    pair = found.partition(";")[0]
    back = ask_health(case, {"Cookie": pair}).proof
    if back is None:
        return unknown("with the login's cookie this gate does not answer", "look at the proxy's log")
    if back.cookies < len(pair):
        return fail("the Cookie header does not reach the gate", "have the proxy pass Cookie on, on every path")
    return ok("a login begins with the redirect URI of base_url; its cookie passes both ways")


def _attributes(set_cookie: str) -> set[str]:
    pairs = (part.strip().lower() for part in set_cookie.split(";")[1:])
    return {pair for pair in pairs if pair and not pair.startswith(("max-age=", "expires="))}


def _long_headers(case: Case) -> Finding:
    """A6: long headers pass: Cookie, as with many groups, and a long return address on its way out."""
    proven(case)
    passed = [length for length in (_USUAL, _LARGE) if _passes(case, length)]
    if _USUAL not in passed:
        return fail(
            f"a Cookie header of {_USUAL} bytes does not get through",
            "raise the limit for request headers (nginx: large_client_header_buffers; gunicorn:"
            " --limit-request-field_size)",
        )
    long = secrets.token_urlsafe(_LONG_PATH)[:_LONG_PATH]  # what does not deflate
    answer = ask_app(case, _login_to(case, long), PAGE)
    if answer.status not in (302, 303, 503):
        return fail(
            f"a login with a return address of {_LONG_PATH} bytes answers {answer.status}",
            "raise the limits for addresses and for the app's response headers (nginx: proxy_buffer_size 16k)",
        )
    if _LARGE not in passed:
        finding = (
            f"a Cookie header of {_LARGE} bytes does not get through, one of {_USUAL} does",
            "people in many groups have such: raise the limit for request headers, or keep sessions in a store",
        )
        return warn(*finding) if case.settings.session_store == "cookie" else ok(finding[0])
    return ok(f"{_LARGE} bytes of Cookie pass, and a return address of {_LONG_PATH}")


def _passes(case: Case, length: int) -> bool:
    found = ask_health(case, {"Cookie": "oidc-gate-doctor=" + "x" * (length - 17)})
    return found.proof is not None and found.proof.cookies >= length


def _caches(case: Case) -> Finding:
    """A7: nothing on the way keeps an answer of the gate: two that are asked alike differ."""
    proven(case, at_times=True)
    challenge = secrets.token_urlsafe(24)
    first, second = (ask_health(case, challenge=challenge).answer for _ in range(2))
    logins = [ask_app(case, _login_to(case, "oidc-gate-doctor"), PAGE) for _ in range(2)]
    mend = "have nothing on the way cache what says no-store"
    if first is None or second is None:
        return unknown("asked again, this gate does not answer", "look at the proxy's log")
    if first.body == second.body:
        return fail("a cache on the way gives one answer of the gate to two requests", mend)
    if logins[0].location and logins[0].location == logins[1].location:
        return fail("a cache on the way gives one person's login to another", mend)
    answers = [first, second, *logins]
    if any(_is_hit(each) for each in answers):
        return warn("a cache says that it has given the gate's answers before (Age, X-Cache)", mend)
    if any("no-store" not in each.header("cache-control") for each in answers if each.status < 500):
        return warn("something on the way takes Cache-Control: no-store out of the gate's answers", mend)
    return ok("nothing on the way keeps the gate's answers")


def _is_hit(answer: HTTPAnswer) -> bool:
    said = f"{answer.header('x-cache')} {answer.header('cf-cache-status')} {answer.header('x-proxy-cache')}".lower()
    return answer.header("age") not in ("", "0") or any(word.startswith("hit") for word in said.split())


def _websockets(case: Case) -> Finding:
    """A8: a WebSocket's handshake reaches the gate as one: at `health`, where the gate refuses it and nothing else."""
    proven(case)
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "b2lkYy1nYXRlLWRvY3Rvcg==",
        "Origin": case.settings.base_url,
    }
    mend = "leave it if the app has no WebSockets; else have the proxy pass Upgrade and Connection on"
    found = ask_health(case, handshake)
    if found.answer is None:
        return warn(f"a WebSocket's handshake gets no answer: {found.trouble}", mend)
    status = found.answer.status
    if status == 101:
        return fail(
            "something accepts WebSockets without asking the gate",
            "have the proxy send WebSockets to the gate, on every path",
        )
    if status == 405:
        return ok("a WebSocket's handshake reaches the gate")
    if status == 403:
        return unknown("a WebSocket's handshake is refused with 403: by a server that cannot say more, or before it")
    if found.proof is not None:
        return warn(
            "a WebSocket's handshake arrives as a plain request: the proxy takes Upgrade out, or the server knows no"
            " WebSockets",
            f"{mend}; for uvicorn: pip install websockets",
        )
    return warn(f"a WebSocket's handshake is answered with {status}, not by the gate", mend)


PASSAGE_CHECKS = (
    Check("A4", "https", _to_https),
    Check("A5", "login and cookies", _login),
    Check("A6", "long headers", _long_headers),
    Check("A7", "caches", _caches),
    Check("A8", "WebSockets", _websockets),
)
