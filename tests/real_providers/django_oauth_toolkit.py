"""django-oauth-toolkit, from PyPI: `django_site.py` under waitress, in an environment of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from joserfc.jwk import RSAKey

from tests.real_providers.installing import run, virtualenv
from tests.real_providers.provider import CALLBACKS, SECRET, SIGNED_OUT, Provider, secret_of
from tests.servers import free_port, running

__all__ = ["start"]

VERSION = "3.4.1"
_SITE = Path(__file__).parent / "django_site.py"


@contextlib.contextmanager
def start(folder: Path, backchannel: str) -> Iterator[Provider]:
    """Run it on SQLite; it tells no back-channel of a logout."""
    python = virtualenv("django-oauth-toolkit", f"django-oauth-toolkit=={VERSION}", "waitress")
    port = free_port()
    issuer = f"http://127.0.0.1:{port}/o"
    told = {
        "key": RSAKey.generate_key(2048).as_pem(private=True).decode(),
        "database": str(folder / "django.db"),
        "issuer": issuer,
        "secret": SECRET,
        "clients": {name: secret_of(name) for name in ("app", "asks")},
        "callback": " ".join(CALLBACKS),
        "signed_out": SIGNED_OUT,
    }
    settings = folder / "site.json"
    settings.write_text(json.dumps(told))
    run([str(python), str(_SITE), str(settings), "0"], cwd=folder)
    argv = [str(python), str(_SITE), str(settings), "{port}"]
    with running(argv, folder=folder, port=port, ready_path="/o/.well-known/openid-configuration"):
        yield Provider(
            title="django-oauth-toolkit",
            version=VERSION,
            source="PyPI, `django-oauth-toolkit`",
            issuer=issuer,
            clients={"client_secret_basic": "app", "client_secret_post": "app"},
            agree={"allow": "Authorize"},
            refuse={"allow": ""},
            asking_client="asks",
            refresh_scopes="",
            sign_out={"allow": ""},
            checks_method=False,
        )
