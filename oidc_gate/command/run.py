"""`oidc-gate run`: serve an app behind the gate, a WSGI app with gunicorn, an ASGI app or an address with uvicorn.

The gate and the app are made before the server starts, so that a wrong setting ends in one clear sentence and not in
worker processes that die one after another. Both servers are kept from believing `X-Forwarded-*` themselves, as
they otherwise do for any proxy on this machine: whom to believe is the gate's setting `trusted_proxies`. They write
no access log, because the addresses in it would hold authorization codes.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from oidc_gate.command.hanging_up import read_at_hangup, reading_at_hangup
from oidc_gate.command.listening import check_no_circle, free_port, in_url, is_there, tell_where
from oidc_gate.errors import SettingsError
from oidc_gate.settings import Settings, SettingsFile, from_config_file, from_traffic_policy, is_asgi, load_app

if TYPE_CHECKING:
    from oidc_gate.proxy import Upstream

__all__ = ["Launch", "gated", "is_given", "loaded", "serve", "worker"]

logger = logging.getLogger("oidc_gate")

#: In a worker process of uvicorn: what it was handed.
_HANDED: list[Launch] = []
#: Requests that one gunicorn worker answers at a time.
THREADS = 8

#: For uvicorn in front of a server: what that says of itself passes, streams that never end do not hold up the end, and
#: few messages of a WebSocket, which may have 16 MB each, wait for a server that is slow.
_AS_PROXY: dict[str, Any] = {
    "server_header": False,
    "date_header": False,
    "timeout_graceful_shutdown": 10,
    "ws_max_queue": 4,
}

#: Signals that end gunicorn and its workers.
ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)

Interface = Literal["auto", "wsgi", "asgi"]


@dataclass(frozen=True)
class Launch:
    """What `run` was asked for, in a form that worker processes can be handed."""

    target: str
    upstream: Upstream | None = field(init=False)
    interface: Interface = "auto"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    config: str | None = None
    traffic_policy_file: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    #: What sessions are sealed with where no source has a `cookie_secret`: the same in all workers.
    made_up_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def settings(self) -> Settings:
        """Return the settings: the file, then the environment, then the options. Raises SettingsError.

        Where none of them holds a `cookie_secret`, it is a random one, and stderr says so.
        """
        settings = self.settings_or(self.made_up_secret)
        if settings.cookie_secret == (self.made_up_secret,):
            logger.warning(
                "no cookie_secret is set, so a random one is used, and all sessions end when this process does."
                " To keep them, set OIDC_GATE_COOKIE_SECRET to what `oidc-gate secret` prints."
            )
        return settings

    def settings_or(self, secret: str) -> Settings:
        """Return the settings, with this `cookie_secret` where they hold none. Raises SettingsError."""
        return Settings.merged(self._file() or {}, os.environ, self.options, beneath={"cookie_secret": secret})

    def gives(self, *names: str) -> bool:
        """Return whether one of these settings is in the file, the environment or the options. Raises SettingsError."""
        file = self.file()
        return any(is_given(name, file, os.environ, self.options) for name in names)

    def file(self) -> dict[str, Any]:
        """Return what the file holds, if there is one. Raises SettingsError."""
        file = self._file()
        return {} if file is None else file.reader(file.path)

    def _file(self) -> SettingsFile | None:
        if self.traffic_policy_file:
            return SettingsFile(Path(self.traffic_policy_file), from_traffic_policy)
        path = self.config or os.environ.get("OIDC_GATE_CONFIG", "").strip()
        return SettingsFile(Path(path), from_config_file) if path else None


def is_given(name: str, file: Mapping[str, Any], environ: Mapping[str, str], options: Mapping[str, Any]) -> bool:
    """Return whether one of these sources holds a setting."""
    return name in file or name in options or bool(environ.get(f"OIDC_GATE_{name}".upper(), "").strip())


def serve(launch: Launch) -> int:
    """Serve until SIGINT or SIGTERM. Raises SettingsError before the server starts, and where it is not installed."""
    log_to_stderr(logging.WARNING)  # of the addresses the gate itself knows less than this command
    app = loaded(launch.target)
    settings = launch.settings()
    interface, gate = gated(app, launch.interface, settings)
    launch = replace(launch, port=launch.port or free_port(launch.host))
    if not callable(app):
        check_no_circle(app, launch.port)
    logger.setLevel(logging.INFO)
    if not callable(app):
        logger.info("requests are handed on to %s%s", app, "" if is_there(app) else ", where nothing listens yet")
    tell_where(settings, launch.host, launch.port)
    if interface == "asgi":
        options = launch.options
        if settings.reload == "off":  # else workers look for the secret where it stands, and go by what stands there
            options = {name: value for name, value in options.items() if name != "cookie_secret_file"}
            options["cookie_secret"] = " ".join(settings.cookie_secret)
        return _serve_asgi(
            gate, replace(launch, interface=interface, options=options), {} if callable(app) else _AS_PROXY
        )
    return _serve_wsgi(gate, launch)


def loaded(target: str) -> Callable[..., Any] | Upstream:
    """Return the app, as seen from the current folder, or where it is. Raises SettingsError."""
    from oidc_gate.proxy import read_upstream  # late: `Launch` is for other commands too

    upstream = read_upstream(target)
    if upstream is not None:
        return upstream
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return load_app(target)


def gated(app: Callable[..., Any] | Upstream, interface: Interface, settings: Settings) -> tuple[Interface, Any]:
    """Return the app's interface, found out where it is `auto`, and the gate in front of the app."""
    if not callable(app):
        from oidc_gate.proxy import gated_proxy

        if interface == "wsgi":
            raise SettingsError(f"{app} is an address, and no WSGI app: leave --interface out.")
        return "asgi", gated_proxy(app, settings)
    if interface == "auto":
        interface = "asgi" if is_asgi(app) else "wsgi"
    if interface == "asgi":
        from oidc_gate.asgi import OIDCGate as ASGIGate

        return interface, ASGIGate(app, settings=settings)
    from oidc_gate.wsgi import OIDCGate as WSGIGate

    return interface, WSGIGate(app, settings=settings)


def log_to_stderr(level: int) -> None:
    """Show what the gate has to say; at INFO that is above all the addresses to register at the provider.

    Audit events, where there are any, go to stdout: lines of JSON, and nothing else.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("oidc-gate: %(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    audit = logging.getLogger("oidc_gate.audit")
    audit.handlers[:] = [logging.StreamHandler(sys.stdout)]
    audit.propagate = False


class Handover(str):
    """The name of `worker`, as uvicorn takes it; pickled for a worker process it brings the launch along.

    So secrets go through the pipe from which multiprocessing starts a process, and stand in nobody's environment: that
    of a process can be read as long as it lives, and is in many a report of a crash.
    """

    __slots__ = ("launch",)
    launch: Launch

    def __new__(cls, launch: Launch) -> Self:
        made = super().__new__(cls, f"{__name__}:{worker.__name__}")
        made.launch = launch
        return made

    def __reduce__(self) -> Any:
        return _take, (self.launch,)


def _take(launch: Launch) -> str:
    """Keep what was handed over, in the worker process, until `worker` is called there."""
    _HANDED[:] = [launch]
    return f"{__name__}:{worker.__name__}"


def worker() -> Any:
    """Return the gate inside one of uvicorn's worker processes."""
    log_to_stderr(logging.ERROR)  # what is to be said at the start, the parent has said
    launch = _HANDED.pop()
    _, gate = gated(loaded(launch.target), launch.interface, launch.settings())
    logger.setLevel(logging.INFO)
    read_at_hangup(_reading(gate))
    return gate


def _serve_asgi(gate: Any, launch: Launch, more: dict[str, Any]) -> int:
    try:
        import uvicorn
    except ImportError:
        raise _missing("an ASGI app is served with uvicorn") from None
    from oidc_gate.command.uvicorn_requests import HeadersAlone
    from oidc_gate.command.uvicorn_workers import run_workers

    options: dict[str, Any] = {"host": launch.host, "port": launch.port, "http": HeadersAlone, **more}
    options |= {"proxy_headers": False, "access_log": False, "workers": launch.workers}  # not WEB_CONCURRENCY
    if launch.workers > 1:  # they start from nothing, and each makes a gate of its own; a minute to load its app
        run_workers(Handover(launch), timeout_worker_healthcheck=60, **options)
        return 0
    with reading_at_hangup(_reading(gate)):
        uvicorn.run(gate, **options)
    return 0


def _reading(gate: Any) -> Callable[[], bool]:
    """Return what has a gate go by what its settings say then, and returns whether it does."""
    from oidc_gate.gate import read_now

    folder = Path.cwd()
    return lambda: read_now(gate._gate, gate._ask, folder)


def _serve_wsgi(gate: Any, launch: Launch) -> int:
    try:
        from gunicorn.app.base import BaseApplication
        from gunicorn.arbiter import Arbiter
        from gunicorn.workers.gthread import ThreadWorker
    except ImportError:
        raise _missing("a WSGI app is served with gunicorn") from None

    read_now = _reading(gate)

    # A new worker has its master's signal handlers until it sets its own. What tells it to end meanwhile would be lost,
    # and the master would wait for it in vain for half a minute; so such signals wait until the worker can hear them.
    # https://github.com/benoitc/gunicorn/issues/1910
    class Master(Arbiter):  # type: ignore[misc]
        def handle_hup(self) -> None:  # new workers are made of what this process has
            if read_now():
                super().handle_hup()

        def spawn_worker(self) -> Any:
            signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            try:
                return super().spawn_worker()
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    class Worker(ThreadWorker):  # type: ignore[misc]
        def init_signals(self) -> None:
            super().init_signals()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    options = {
        "bind": f"{in_url(launch.host)}:{launch.port}",
        "workers": launch.workers,
        "worker_class": Worker,
        "threads": THREADS,
        "forwarded_allow_ips": "",
        "limit_request_field_size": 32768,  # a session may take five cookies
        "control_socket_disable": True,
    }

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name in options.keys() & self.cfg.settings.keys():  # older releases have no control socket
                self.cfg.set(name, options[name])

        def load(self) -> Any:
            return gate

    Master(Server()).run()
    return 0


def _missing(what: str) -> SettingsError:
    return SettingsError(f"{what}, which is not installed: pip install 'oidc-gate[run]'")
