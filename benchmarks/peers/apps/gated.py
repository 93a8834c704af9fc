"""The bare apps behind this project's gate, whose settings are in the environment (`OIDC_GATE_…`)."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.apps import bare

__all__ = ["fastapi", "flask"]


def flask() -> Any:
    """Return the Flask app behind the gate."""
    from oidc_gate.wsgi import OIDCGate

    app = bare.flask()
    app.wsgi_app = OIDCGate(app.wsgi_app)
    return app


def fastapi() -> Any:
    """Return the FastAPI app behind the gate."""
    from oidc_gate.asgi import OIDCGate

    app = bare.fastapi()
    app.add_middleware(OIDCGate)
    return app
