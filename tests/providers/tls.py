"""A provider on real https with an authority of its own, on connections that are kept and counted.

The servers of the other providers close each connection after one answer; here a client that keeps its connections
can be told from one that does not.
"""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.test import Client

from tests.providers.local import LocalProvider

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the tests; `bundle` is the file that a client is given to trust it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    bundle: Path

    @classmethod
    def new(cls, folder: Path, name: str = "authority") -> Authority:
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(f"Test {name}")
        builder = _builder(subject, subject, key.public_key(), NOW + 365 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(own, critical=False).sign(key, hashes.SHA256())
        bundle = folder / f"{name}.pem"
        bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(certificate, key, bundle)

    def server_context(self, host: str = "127.0.0.1", *, valid_until: datetime.datetime = NOW + DAY) -> ssl.SSLContext:
        """Return what a server for this host (an address or a name) needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name("server"), self.certificate.subject, key.public_key(), valid_until)
        is_address = ":" in host or host.replace(".", "").isdecimal()
        name = x509.IPAddress(ipaddress.ip_address(host)) if is_address else x509.DNSName(host)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        builder = builder.add_extension(issuer, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        file = self.bundle.with_name(f"{self.bundle.stem}-{certificate.serial_number}.pem")
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, until: datetime.datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - 30 * DAY).not_valid_after(until)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


class KeepingServer:
    """Serves a WSGI app over HTTP/1.1 with connections kept, behind TLS if given a context; `connections` counts."""

    def __init__(self, app: Any, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self.connections = 0
        self._client = Client(app)
        self._context = context
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._server is not None:
            return
        self._server = _Server((self.host, self.port), self._handler())
        self.port = self._server.server_address[1]
        if self._context is not None:
            self._server.socket = self._context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        server.shutdown()
        server.server_close()
        thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        serving = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def setup(self) -> None:
                serving.connections += 1
                super().setup()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = [(name, value) for name, value in self.headers.items() if name.lower() != "content-length"]
                response = serving._client.open(self.path, method=self.command, data=body, headers=headers)
                data = response.get_data()
                self.send_response(response.status_code)
                for name, value in response.headers.items():
                    if name.lower() != "content-length":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer  # noqa: N815 - the names are the library's

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that end the handshake: tests want them to."""


class KeepingProvider(LocalProvider):
    """`LocalProvider` on a `KeepingServer`: over https with a context, over http without."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.keeping = KeepingServer(self._wsgi, context)
        self._server = self.keeping  # type: ignore[assignment]
        self._scheme = "http" if context is None else "https"

    @property
    def origin(self) -> str:
        return f"{self._scheme}://{self.keeping.host}:{self.keeping.port}"
