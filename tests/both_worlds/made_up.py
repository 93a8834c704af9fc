"""Requests as browsers, programs and attackers send them, each changed at random."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.wire import Headers, WireRequest

__all__ = ["made_up"]

METHODS = ("GET", "GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND", "get")
SEGMENTS = (
    "", "private", "public", "api", "admin", "Admin", "static", "a.css", "files", "oauth2", "auth", "callback",
    "userinfo", "logout", "login", "health", "relogin.js", "resume", "signed-out", "jwks", "done", ".", "..",
    "%2e%2e", "%2E", "%2F", "%2f", "%5c", "%00", "%0a", "%ff", "%C3%A4", "%61dmin", "%252e", "%u0041", ";x", "a;b",
    "private;v=1", "+", "%20", "private%20", "~", "*", "@", "%E2%80%AE", ".well-known", "x" * 300,
)  # fmt: skip
QUERIES = (
    "", "", "", "x=1", "next=/private", "next=//evil.test", "next=%2F%2Fevil.test", "code=c&state=s", "state=s",
    "error=access_denied&state=s", "code=c", "iss=https://evil.test&code=c&state=s", "a=%ff", "challenge=12345", "&&=",
    "code=c&state=s&state=t", "logout_token=a.b.c", "sid=s&iss=https://id.test", "provider=default",
)  # fmt: skip
HOSTS = ("app.test", "app.test", "app.test", "app.test:443", "APP.test", "app.test.", "evil.test", "127.0.0.1",
         "[::1]", "app.test:x", "a b", "", "app.test, evil.test", "u@app.test", "app.test/x", "äpp.test")  # fmt: skip
#: Headers of which some are sent, by what they say.
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Accept", ("text/html,*/*;q=0.8", "application/json", "*/*", "text/event-stream", "")),
    ("Sec-Fetch-Mode", ("navigate", "cors", "no-cors", "websocket", "NAVIGATE")),
    ("Sec-Fetch-Dest", ("document", "iframe", "empty", "image", "serviceworker")),
    ("Sec-Fetch-Site", ("none", "same-origin", "cross-site", "same-site")),
    ("Sec-Fetch-User", ("?1",)),
    ("Purpose", ("prefetch",)),
    ("Sec-Purpose", ("prefetch;prerender",)),
    ("HX-Request", ("true",)),
    ("Turbo-Frame", ("f",)),
    ("X-Requested-With", ("XMLHttpRequest",)),
    ("Origin", ("https://app.test", "https://evil.test", "null")),
    ("Referer", ("https://app.test/private", "https://evil.test/")),
    ("Content-Type", ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b")),
    ("Access-Control-Request-Method", ("GET", "")),
    ("Accept-Language", ("de", "ja;q=0.9", "*", "xx-invalid")),
    ("Authorization", ("Bearer a.b.c", "Bearer ", "bearer x", "Basic dTpw", "DPoP a.b.c", "Bearer a, Bearer b", "")),
    ("DPoP", ("a.b.c",)),
    ("X-Forwarded-For", ("203.0.113.9", "10.0.0.1, 127.0.0.1", "nonsense")),
    ("X-Forwarded-Proto", ("https", "http", "https,http", "gopher")),
    ("X-Forwarded-Host", ("app.test", "evil.test", "app.test,evil.test", "a b")),
    ("X-Forwarded-Port", ("443", "x")),
    ("X-Forwarded-Prefix", ("/mount",)),
    ("Forwarded", ("for=1.2.3.4;proto=https;host=app.test", "host=evil.test", "for=", '"')),
    ("X-HTTP-Method-Override", ("DELETE", "GET", "")),
    ("X-Method-Override", ("PUT",)),
    ("X-Original-URL", ("/admin",)),
    ("X-Rewrite-URL", ("/public",)),
    ("Remote-User", ("mallory",)),
    ("X-Forwarded-User", ("mallory",)),
    ("X-Forwarded_User", ("mallory",)),
    ("X_Forwarded_Email", ("mallory@evil.test",)),
    ("X-Forwarded-Groups", ("admins",)),
    ("X-Auth-Request-User", ("mallory",)),
    ("Ngrok-Auth-User-Id", ("mallory",)),
    ("X-Oidc-Gate-Jwt", ("a.b.c",)),
    ("Upgrade-Insecure-Requests", ("1",)),
)
BODIES = ("", "a=b&c=%C3%A4", "logout_token=a.b.c", "code=c&state=s", "kept=x&a=b", "x" * 5000)
JUNK = ("theme=dark", "a=b", "", "=", "x", 'q="a; b"', "session=eyJ1IjoxfQ.sig", "oidc_gate=1", "é=ü", "a=" + "b" * 500)
JOINTS = ("; ", "; ", "; ", "; ", ";", ",", ", ", ";\t", " ; ", ";;")


def made_up(random: Random, sessions: Sequence[tuple[str, str]], tokens: Sequence[str]) -> WireRequest:
    """Return a request; some have one of the sessions (name and text of the cookie), or a token, whole or damaged."""
    scheme = "https" if random.random() < 0.9 else "http"
    path = "/" + "/".join(random.choice(SEGMENTS) for _ in range(random.randint(0, 4)))
    query = random.choice(QUERIES)
    headers: Headers = [("Host", random.choice(HOSTS) if random.random() < 0.1 else "app.test")]
    for name, values in random.sample(HEADERS, random.choice((0, 2, 4, 4, 7))):
        headers.append((name, random.choice(values)))
    if random.random() < 0.2:
        headers += (("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"), ("Accept", "text/html"))
    if random.random() < 0.1:
        headers.append(("Authorization", _authorization(random, random.choice(tokens))))
    if random.random() < 0.8:
        headers.append(("Cookie", _cookies(random, sessions)))
    if random.random() < 0.03:
        headers.append(random.choice(headers))
    if random.random() < 0.2:
        random.shuffle(headers)
    url = f"{scheme}://app.test{path}{'?' * bool(query)}{query}"
    method, body = random.choice(METHODS), ""
    if method == "POST" and random.random() < 0.7:
        body = random.choice(BODIES)
        headers += (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body))))
        headers += [("Origin", "https://app.test")] if random.random() < 0.5 else []
    return WireRequest(method, url, headers, body.encode("latin-1"), ("127.0.0.1", 50_000))


def _authorization(random: Random, token: str) -> str:
    if random.random() < 0.6:
        return f"Bearer {token}"
    at = random.randrange(len(token))
    return random.choice(
        (
            f"Bearer {token[:at]}",
            f"Bearer {token[:at]}{random.choice('Aa0-_.=')}{token[at + 1 :]}",
            f"bearer {token}",
            f"Bearer  {token}",
            f"Bearer {token}, Bearer {token}",
            f"Bearer\t{token}",
            f"DPoP {token}",
            token,
        )
    )


def _cookies(random: Random, sessions: Sequence[tuple[str, str]]) -> str:
    pairs = [random.choice(JUNK) for _ in range(random.choice((0, 1, 2, 2, 12)))]
    for _ in range(random.choice((0, 1, 1, 1, 1, 1, 2))):
        pairs.insert(random.randint(0, len(pairs)), _session(random, *random.choice(sessions)))
    header = pairs[0] if pairs else ""
    for pair in pairs[1:]:
        header += ("; " if random.random() < 0.9 else random.choice(JOINTS)) + pair
    return header.strip(" \t")  # as servers do (RFC 9110, 5.5)


def _session(random: Random, name: str, text: str) -> str:
    """Return the cookie of a session, most often as it is."""
    if random.random() < 0.7:
        return f"{name}={text}"
    at = random.randrange(len(text))
    return random.choice(
        (
            f"{name}={text[:at]}",
            f"{name}={text[at:]}",
            f"{name}={text[:at]}{random.choice('Aa0-_+/=. ~')}{text[at + 1 :]}",
            f"{name}={text[:at]}\x00{text[at:]}",
            f"{name} ={text}",
            f" {name}={text}",
            f"\xa0{name}={text}",
            f"{name.upper()}={text}",
            f"{name.removeprefix('__Host-')}={text}",
            f"{name}.1={text}",
            f"{name}=2.{text[:at]}; {name}.1={text[at:]}",
            f"{name}=2.{text[:at]}; {name}.2={text[at:]}",
            f"{name}={text}; {name}={text}",
            f"x{name}={text}",
            f'{name}="{text}"',
            f"{name}.login.0={text}",
            f"{name}.logout=x",
            f"__Host-oidc_gate.other-abcdef={text}",
            f"{name}=",
        )
    )
