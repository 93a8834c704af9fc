"""A provider that answers from what was prepared: it takes no time of the gate's, for it is another process.

`POST /prepare` with a nonce signs an ID token and returns the code under which the token endpoint hands it out, `POST
/sign` with an algorithm and a number an access token; that is done before the clock runs. The signatures are real ones,
and connections are kept. `GET /authorize` asks nobody anything and sends the browser back with such a code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

__all__ = ["AUDIENCE", "CLIENT_ID", "CLIENT_SECRET", "CannedProvider"]

CLIENT_ID = "reports"
CLIENT_SECRET = "a-client-secret-0123456789"
#: Whom access tokens are for.
AUDIENCE = "https://app.example.com/api"
_ACCESS_TOKEN = "an-access-token-that-nobody-uses-0123456789"


def id_token_claims(issuer: str, nonce: str) -> dict[str, Any]:
    """Return the twelve claims, about 425 bytes of JSON, that all sessions in these benchmarks hold."""
    now = int(time.time())
    return {
        "iss": issuer,
        "sub": "5f2d9c0e7b1a4683ad1e90c2",
        "aud": CLIENT_ID,
        "exp": now + 3600,
        "iat": now,
        "nonce": nonce,
        "at_hash": urlsafe_b64encode(sha256(_ACCESS_TOKEN.encode()).digest()[:16]).rstrip(b"=").decode(),
        "sid": "7b1f4c7e-9d0a-4f43-a4a5-0c6b1c2f9e11",
        "email": "ada.lovelace@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "groups": ["engineering", "platform", "on-call", "reports-admin", "vpn-users"],
    }


def access_token_claims(issuer: str, number: str) -> dict[str, Any]:
    """Return twelve claims of an access token, about as many bytes; `number` makes it another one."""
    claims = id_token_claims(issuer, "")
    for name in ("nonce", "at_hash", "sid"):
        del claims[name]
    return claims | {"aud": AUDIENCE, "scope": "api:read api:write", "client_id": "reports-job", "jti": number}


class CannedProvider:
    """The process, from the outside: `with CannedProvider() as provider`.

    `pause`: what a call of the token endpoint takes, in seconds.
    """

    def __init__(self, pause: float = 0.0) -> None:
        root = Path(__file__).resolve().parents[1]
        command = [sys.executable, "-m", "benchmarks.canned_provider", str(pause)]
        self._process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self._connection = HTTPConnection("127.0.0.1", self._port)
        self.issuer = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def options(self) -> dict[str, Any]:
        """Return the settings with which a gate is this provider's client; all others stand at their defaults."""
        return {
            "issuer_url": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "cookie_secret": "a-cookie-secret-for-benchmarks-0123456789abcdef",
        }

    def prepare(self, nonce: str) -> str:
        """Have an ID token with this nonce signed; return the code that it will be handed out for."""
        return self._told("/prepare", nonce)

    def access_token(self, algorithm: str, number: int) -> str:
        """Return an access token; each number gives another one."""
        return self._told("/sign", f"{algorithm} {number}")

    def public_key(self) -> str:
        """Return the RSA key in PEM, for whoever is to verify with it beside the gate."""
        return self._told("/key", "")

    def _told(self, path: str, body: str) -> str:
        self._connection.request("POST", path, body=body)
        return self._connection.getresponse().read().decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: in two, the second waits for the first one's acknowledgement
    key: ClassVar[RSAKey]
    keys: ClassVar[dict[str, RSAKey | ECKey]]
    prepared: ClassVar[dict[str, bytes]] = {}
    pause: ClassVar[float] = 0.0

    def do_GET(self) -> None:
        issuer = f"http://{self.headers['Host']}"
        if self.path == "/jwks":
            public = [key.as_dict(private=False) | {"use": "sig", "alg": alg} for alg, key in self.keys.items()]
            return self._answer({"keys": public})
        if self.path == "/userinfo":
            return self._answer(id_token_claims(issuer, ""))
        if self.path.startswith("/authorize?"):
            return self._send_back(issuer)
        return self._answer(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            }
        )

    def _send_back(self, issuer: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        answer = urlencode({"code": self._code(issuer, asked.get("nonce", "")), "state": asked["state"]})
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{answer}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/key":
            return self._send(self.key.as_pem(private=False))
        if self.path == "/sign":
            alg, number = body.split()
            signer = self.keys[alg]
            claims = access_token_claims(f"http://{self.headers['Host']}", number)
            token = jwt.encode({"alg": alg, "kid": signer.kid, "typ": "at+jwt"}, claims, signer)
            return self._send(token.encode())
        if self.path != "/prepare":
            time.sleep(self.pause)
            found = self.prepared.pop(parse_qs(body)["code"][0], None)
            return self._send(found) if found is not None else self._send(b'{"error": "invalid_grant"}', 400)
        return self._send(self._code(f"http://{self.headers['Host']}", body).encode())

    def _code(self, issuer: str, nonce: str) -> str:
        header = {"alg": "RS256", "kid": self.key.kid}
        answer = {
            "access_token": _ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": jwt.encode(header, id_token_claims(issuer, nonce), self.key),
        }
        code = os.urandom(16).hex()
        self.prepared[code] = json.dumps(answer).encode()
        return code

    def _answer(self, value: Any) -> None:
        self._send(json.dumps(value).encode())

    def _send(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    """Serve until killed; the port is the one line on standard output."""
    _Handler.pause = float(sys.argv[1])
    _Handler.key = RSAKey.generate_key(2048, auto_kid=True)
    _Handler.keys = {"RS256": _Handler.key, "ES256": ECKey.generate_key("P-256", auto_kid=True)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
