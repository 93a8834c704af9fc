"""The two servers under the Python entrants: one worker process each, and no log of requests."""

from __future__ import annotations

from benchmarks.peers.entrant import Ground

__all__ = ["THREADS", "gunicorn", "uvicorn"]

#: Of the one worker of gunicorn. With threads it keeps connections, as uvicorn does; its sync workers close each.
THREADS = 4
APPS = "benchmarks.peers.apps"


def gunicorn(ground: Ground, python: str, app: str, port: int = 0, **environment: str) -> str:
    """Serve a WSGI app of `apps`, given as `module:factory`."""
    argv = [python, "-m", "gunicorn", "--workers", "1", "--threads", str(THREADS), "--bind", "127.0.0.1:{port}"]
    return ground.serve([*argv, "--log-level", "error", f"{APPS}.{app}()"], port, **environment)


def uvicorn(ground: Ground, python: str, app: str, port: int = 0, **environment: str) -> str:
    """Serve an ASGI app of `apps`, given as `module:factory`."""
    argv = [python, "-m", "uvicorn", "--factory", "--port", "{port}", "--no-access-log", "--log-level", "error"]
    return ground.serve([*argv, f"{APPS}.{app}"], port, **environment)
