"""`oidc-gate doctor`, A: the app's own address, through a proxy that does what it should, and through bent ones."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.command import cli
from oidc_gate.doctor import CHECKS, Case, Options
from oidc_gate.doctor.examination import Report, examine
from tests.apps import COOKIE_SECRET, echo, gated
from tests.bent_proxy import BentProxy, Message, served
from tests.browser import World
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.tls import Authority
from tests.raw_server import raw_server
from tests.servers import free_port, running

ROOT = Path(__file__).parents[1]
BASE = "https://app.test"
OTHER = "the-cookie-secret-of-another-replica-0123456789"
OPEN = [{"exact": "/", "allow": "anyone"}]
A_CHECKS = [check for check in CHECKS if check.id.startswith("A")]


@dataclass
class Site:
    """A gate in front of an app, a proxy in front of it, and what doctor has for settings."""

    world: World
    provider: LocalProvider
    authority: Authority
    stack: contextlib.ExitStack
    monkeypatch: pytest.MonkeyPatch

    def gate(self, **settings: Any) -> int:
        """Serve one more gate; its port."""
        options = self.provider.gate_options(base_url=BASE, http_timeout=LIMIT) | settings
        return self.stack.enter_context(served(self.world, gated(self.world, echo(self.world), **options)))

    def proxy(self, *replicas: int, **bent: Any) -> BentProxy:
        """Have this proxy stand for all addresses but those of this machine."""
        proxy = self.stack.enter_context(BentProxy(self.authority, replicas, **bent).running())
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            self.monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        return proxy

    def case(self, options: Options | None = None, *, has_cookie_secret: bool = True, **settings: Any) -> Case:
        given: dict[str, Any] = {"cookie_secret": COOKIE_SECRET, "base_url": BASE, "http_timeout": LIMIT}
        given["ca_bundle"] = str(self.authority.bundle)
        made = Settings(**(self.provider.gate_options() | given | settings))
        return Case(made, options, has_cookie_secret=has_cookie_secret)

    def report(self, options: Options | None = None, *, has_cookie_secret: bool = True, **settings: Any) -> Report:
        return examine(self.case(options, has_cookie_secret=has_cookie_secret, **settings), A_CHECKS, "", 120)


@pytest.fixture
def site(world: World, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with contextlib.ExitStack() as stack:
        yield Site(world, provider, Authority.new(tmp_path), stack, monkeypatch)


def statuses(report: Report) -> dict[str, str]:
    """Return what is not as it should be, A10 aside, which is asked for apart."""
    found = {each.check.id: each.finding.status for each in report.examined if each.check.id != "A10"}
    return {id_: status for id_, status in found.items() if status != "ok"}


def found(report: Report, id_: str) -> str:
    """Return what one check found, and how it says to mend that."""
    (each,) = [each for each in report.examined if each.check.id == id_]
    return f"{each.finding.found} → {each.finding.mend}"


def skipped_but(**others: str) -> dict[str, str]:
    """Return that all checks are skipped but these, which are as given; `ok` for what is as it should be."""
    every = {check.id: "skipped" for check in A_CHECKS if check.id != "A10"} | others
    return {id_: status for id_, status in every.items() if status != "ok"}


def test_at_a_good_proxy_nothing_is_found(site: Site) -> None:
    proxy = site.proxy(site.gate())
    report = site.report()
    assert statuses(report) == {}, report.text(colour=False)
    assert found(report, "A1") == "10 of 10 answers are this gate's → "
    assert COOKIE_SECRET not in report.text(colour=False)
    assert len(proxy.served) < 40


def test_nor_where_a_page_leads_to_the_provider_instead_of_a_redirect(site: Site) -> None:
    site.proxy(site.gate(keep_fragment=True))
    report = site.report(keep_fragment=True)
    assert statuses(report) == {}, report.text(colour=False)


@pytest.mark.parametrize("trusted", [1, "127.0.0.0/8"])
def test_nor_with_trusted_proxies_in_place_of_base_url(site: Site, trusted: object) -> None:
    site.proxy(site.gate(base_url=None, trusted_proxies=trusted))
    report = site.report(trusted_proxies=trusted)
    assert statuses(report) == {}, report.text(colour=False)


def rewritten_host(asked: Message) -> None:
    asked.put("Host", "inner:8000")
    asked.put("X-Forwarded-Host", "")


def no_set_cookie(answer: Message) -> None:
    answer.drop("set-cookie")


def insecure_cookies(answer: Message) -> None:
    answer.headers = [(name, value.replace("; Secure", "")) for name, value in answer.headers]


def cookies_of_a_domain(answer: Message) -> None:
    answer.headers = [
        (name, f"{value}; Domain=test" if name.lower() == "set-cookie" else value) for name, value in answer.headers
    ]


def no_cookie(asked: Message) -> None:
    asked.drop("cookie")


def cut_cookie(asked: Message) -> None:
    asked.put("Cookie", asked.get("cookie")[:5000])


def cacheable(answer: Message) -> None:
    answer.put("Cache-Control", "max-age=60")


def hit(answer: Message) -> None:
    answer.put("Age", "7")


def cut_forged(asked: Message) -> None:
    if "forged" in asked.get("forwarded"):
        raise ConnectionResetError


def cut_upgrade(asked: Message) -> None:
    if asked.get("upgrade"):
        raise ConnectionResetError


def cut_cookies(asked: Message) -> None:
    if asked.get("cookie"):
        raise ConnectionResetError


def swallowed(path: str) -> str:
    return path.replace("/oauth2/login", "/oauth2/lost")


def rewritten_redirect(answer: Message) -> None:
    answer.put("Location", answer.get("location").replace("app.test", "inner.test"))


class Mood:
    """Has the third and all later requests with one challenge cut: those of A7."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(self, asked: Message) -> None:
        path = asked.first.split(" ")[1]
        if "challenge" in path and path in self.seen:
            raise ConnectionResetError
        self.seen.add(path)


def decoded(path: str) -> str:
    return path.replace("%2F", "/")


def merged(path: str) -> str:
    return path.replace("//", "/")


def listening(seen: set[str], change: Callable[[Message], None] | None) -> Callable[[Message], None]:
    """Return a change of answers that notes what they hold that is sealed, then does another."""

    def listen(answer: Message) -> None:
        seen.update(
            re.findall(r"(?:login\.\w+=|state=|nonce=|code_challenge=)([^;&]{20,})", answer.head.decode("latin-1"))
        )
        seen.update(re.findall(r'"answer": "([^"]+)"', answer.body.decode("latin-1")))
        if change is not None:
            change(answer)

    return listen


FAULTS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "rewrites Host": ({"asks": rewritten_host}, {"A2": "warn"}, "inner:8000"),
    "strips Set-Cookie": ({"changes": no_set_cookie}, {"A5": "fail"}, "what comes: none"),
    "takes Secure away": ({"changes": insecure_cookies}, {"A5": "fail"}, "attributes: secure"),
    "sets a Domain": ({"changes": cookies_of_a_domain}, {"A5": "fail"}, "domain=test"),
    "strips Cookie": ({"asks": no_cookie}, {"A5": "fail", "A6": "fail"}, "the Cookie header does not reach the gate"),
    "cuts Cookie": ({"asks": cut_cookie}, {"A6": "warn"}, "7900 bytes does not get through"),
    "refuses long headers": ({"longest": 6000}, {"A6": "warn"}, "7900 bytes does not get through"),
    "refuses usual headers": ({"longest": 2000}, {"A6": "fail"}, "4000 bytes does not get through"),
    "refuses long answers": ({"longest_answer": 2000}, {"A6": "fail"}, "proxy_buffer_size"),
    "caches": ({"caches": "address"}, {"A7": "fail"}, "one answer of the gate to two requests"),
    "is hit": ({"changes": hit}, {"A7": "warn"}, "Age"),
    "lets others cache": ({"changes": cacheable}, {"A7": "warn"}, "Cache-Control"),
    "refuses WebSockets": ({"upgrades": "refuse"}, {"A8": "warn"}, "426"),
    "strips Upgrade": ({"upgrades": "strip"}, {"A8": "warn"}, "plain request"),
    "accepts WebSockets": ({"upgrades": "accept"}, {"A8": "fail"}, "without asking the gate"),
    "cuts forged headers": ({"tells": "pass", "asks": cut_forged}, {"A3": "unknown"}, "got no answer"),
    "cuts handshakes": ({"asks": cut_upgrade}, {"A8": "warn"}, "gets no answer"),
    "cuts cookies": ({"asks": cut_cookies}, {"A5": "unknown", "A6": "fail"}, "does not answer"),
    "loses logins": ({"rewrites": swallowed}, {"A5": "fail", "A6": "fail"}, "answers 404, and leads nowhere"),
    "rewrites redirects": ({"changes": rewritten_redirect}, {"A5": "fail"}, "redirect_uri https://inner.test"),
    "answers once": ({"asks": Mood()}, {"A7": "unknown"}, "asked again"),
    "decodes paths": ({"rewrites": decoded}, {"A9": "warn"}, "a/b//c"),
    "merges slashes": ({"rewrites": merged}, {"A9": "warn"}, "a%2Fb/c%20d"),
    "serves plain http": ({"plain": "serve"}, {"A4": "warn"}, "does not lead to https"),
    "no HSTS": ({"hsts": False}, {"A4": "warn"}, "without HSTS"),
    "no HSTS, no http": ({"hsts": False, "plain": "close"}, {"A4": "warn"}, "nothing answers over plain http"),
}


#: What the server of either world makes of handshakes and of escapes is its own; else the gate is the same behind the
#: proxy, and each fault is shown to one of them.
BY_WORLD = {"A8", "A9"}
FAULT_IN_WORLD = [
    (world, fault)
    for number, (fault, (_, expected, _)) in enumerate(FAULTS.items())
    for world in (("wsgi", "asgi") if BY_WORLD & set(expected) else (("wsgi", "asgi")[number % 2],))
]


@pytest.mark.parametrize(("world", "fault"), FAULT_IN_WORLD, indirect=["world"])
def test_a_fault_of_the_proxy_is_found_by_the_checks_that_should(site: Site, fault: str) -> None:
    bent, expected, words = FAULTS[fault]
    seen: set[str] = set()
    site.proxy(site.gate(), **(bent | {"changes": listening(seen, bent.get("changes"))}))
    report = site.report()
    assert statuses(report) == expected, report.text(colour=False)
    assert words in " ".join(found(report, id_) for id_ in expected)
    assert not is_told(report, site.provider, seen)


def is_told(report: Report, provider: LocalProvider, seen: set[str]) -> list[str]:
    """Return which secrets, and texts of this gate that are sealed, a report holds."""
    told = report.text(colour=True) + json.dumps(report.as_json)
    secrets = {COOKIE_SECRET, OTHER, provider.clients["app"].secret} | seen
    assert seen, "or nobody listened"
    return [secret for secret in secrets if secret and secret in told]


def test_a_cache_that_looks_at_no_query_is_told_from_another_gate(site: Site) -> None:
    site.proxy(site.gate(), caches="all")
    report = site.report()
    assert statuses(report) == skipped_but(A1="fail", A7="fail"), report.text(colour=False)
    assert "9 of 10 answers are not this gate's: a cache" in found(report, "A1")


def test_two_replicas_with_different_secrets_are_found(site: Site) -> None:
    site.proxy(site.gate(), site.gate(cookie_secret=OTHER))
    report = site.report()
    assert statuses(report) == skipped_but(A1="fail", A7="ok"), report.text(colour=False)
    assert "5 of 10 answers are not this gate's: a gate answers, with another cookie_secret" in found(report, "A1")


def test_a_replica_that_does_not_know_the_newest_secret_is_found(site: Site) -> None:
    site.proxy(site.gate(cookie_secret=[OTHER, COOKIE_SECRET]), site.gate(cookie_secret=[COOKIE_SECRET, OTHER]))
    report = site.report(cookie_secret=[OTHER, COOKIE_SECRET])
    assert statuses(report) == {"A1": "warn"}, report.text(colour=False)
    assert "5 of 10" in found(report, "A1")


def test_another_client_of_the_same_provider_is_another_gate(site: Site) -> None:
    site.provider.add_client("other")
    site.proxy(site.gate(client_id="other"))
    assert statuses(site.report()) == skipped_but(A1="fail")


def other_app(status: int, body: bytes = b"hello", *headers: tuple[str, str]) -> Any:
    def app(_: Any, start_response: Any) -> list[bytes]:
        start_response(f"{status} X", [("Content-Length", str(len(body))), *headers])
        return [body]

    return app


ELSEWHERE: dict[str, tuple[Any, str]] = {
    "an app": (other_app(200), "answers 200, which is not this gate's answer"),
    "a list": (other_app(200, b"[]"), "answers 200, which is not this gate's answer"),
    "an older gate": (other_app(200, b'{"status": "ok"}'), "proves nothing"),
    "a strange gate": (other_app(200, b'{"status": "ok", "answer": 1}'), "answers 200, which is not"),
    "a deep one": (other_app(200, b"[" * 100_000), "answers 200, which is not this gate's answer"),
    "no address": (other_app(302, b"", ("Location", "http://[")), "leads on to "),
    "another prefix": (other_app(404, b'{"error": "not_found"}'), "a gate answers 404 not_found"),
    "no app": (other_app(502), "does not reach the app"),
    "another login": (other_app(401), "answers 401"),
    "another address": (
        other_app(301, b"", ("Location", "https://www.app.test/x")),
        "leads on to https://www.app.test",
    ),
    "another gate": (
        other_app(302, b"", ("Location", "https://idp.test/?redirect_uri=https://app.test/x")),
        "wants a login",
    ),
    "a page": (other_app(302, b"", ("Location", "/login?next=/")), "leads on to /login"),
}


@pytest.mark.parametrize("what", ELSEWHERE)
@pytest.mark.parametrize("world", ["wsgi"], indirect=True)
def test_what_answers_in_place_of_the_gate_is_told(site: Site, what: str) -> None:
    app, words = ELSEWHERE[what]
    site.proxy(site.stack.enter_context(served("wsgi", app)))
    report = site.report()
    assert statuses(report) == skipped_but(A1="fail"), report.text(colour=False)
    assert words in found(report, "A1")


def test_a_path_that_the_proxy_does_not_take_off_is_found(site: Site) -> None:
    site.proxy(site.gate(base_url=f"{BASE}/shop"))
    report = site.report(base_url=f"{BASE}/shop")
    assert statuses(report) == skipped_but(A1="fail"), report.text(colour=False)
    assert "wants a login: a gate is reached there under another path" in found(report, "A1")


def test_a_mount_point_that_the_proxy_takes_off_is_right(site: Site) -> None:
    site.proxy(site.gate(base_url=f"{BASE}/shop"), rewrites=lambda path: path.removeprefix("/shop"))
    report = site.report(base_url=f"{BASE}/shop")
    assert statuses(report) == {}, report.text(colour=False)


def test_where_nothing_answers_nobody_can_tell(site: Site) -> None:
    proxy = site.proxy(1)
    assert statuses(site.report()) == skipped_but(A1="fail"), "a proxy answers"
    site.monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    site.monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port()}")
    report = site.report()
    assert statuses(report) == skipped_but(A1="unknown")
    assert "base_url cannot be reached from here" in found(report, "A1")
    assert "start the app and what is in front of it first" in found(report, "A1")
    assert "nothing answers at base_url: A1" in found(report, "A2")
    assert proxy.served != []


def test_a_certificate_that_is_not_trusted_is_found(site: Site) -> None:
    proxy = site.proxy(1)
    proxy.authority = Authority.new(site.authority.bundle.parent, "another")
    report = site.report()
    assert statuses(report) == skipped_but(A1="fail")
    assert "ca_bundle" in found(report, "A1")


SERVERS = {
    "gunicorn": ("gunicorn", "-b", "127.0.0.1:{port}", "--threads", "4", "oidc_gate.wsgi:OIDCGate()"),
    "waitress": ("waitress", "--port={port}", "--call", "oidc_gate.wsgi:OIDCGate"),
    "uvicorn": ("uvicorn", "--no-proxy-headers", "--port", "{port}", "--factory", "oidc_gate.asgi:OIDCGate"),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", "oidc_gate.asgi:OIDCGate()"),
    "granian": ("granian", "--port", "{port}", "--interface", "asgi", "--factory", "oidc_gate.asgi:OIDCGate"),
}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("world", ["wsgi"], indirect=True)
def test_at_real_servers_nothing_is_found(site: Site, tmp_path: Path, server: str) -> None:
    options = site.provider.gate_options(base_url=BASE, cookie_secret=COOKIE_SECRET)
    env = {f"OIDC_GATE_{name.upper()}": str(value) for name, value in options.items()}
    env["OIDC_GATE_APP"] = "tests.apps:wsgi_echo()" if server in ("gunicorn", "waitress") else "tests.apps:asgi_echo()"
    argv = [sys.executable, "-m", *SERVERS[server]]
    with running(argv, folder=tmp_path, env=env, cwd=ROOT, ready_path="/oauth2/health") as process:
        site.proxy(process.port)
        report = site.report()
    assert statuses(report) == {}, report.text(colour=False)


# What the gate takes its address for


def test_a_gate_without_base_url_that_does_not_believe_the_proxy_is_found(site: Site) -> None:
    site.proxy(site.gate(base_url=None))
    report = site.report()
    assert statuses(report) == {"A2": "fail", "A5": "fail"}, report.text(colour=False)
    assert "the gate goes by http://app.test, and base_url is https://app.test" in found(report, "A2")
    assert "the proxy tells of app.test and is not believed: set trusted_proxies = 1" in found(report, "A2")
    assert "redirect_uri http://app.test/oauth2/callback" in found(report, "A5")


def test_a_proxy_that_tells_nothing_is_found(site: Site) -> None:
    site.proxy(site.gate(base_url=None), tells="pass")
    report = site.report()
    assert statuses(report) == {"A2": "fail", "A5": "fail"}, report.text(colour=False)
    assert "X-Forwarded-Proto" in found(report, "A2")


def another_address(asked: Message) -> None:
    asked.put("X-Forwarded-Host", "inner.test")


def test_a_proxy_that_adds_another_address_is_found(site: Site) -> None:
    site.proxy(site.gate(base_url=None, trusted_proxies=1), asks=another_address)
    report = site.report(trusted_proxies=1)
    assert statuses(report) == {"A2": "fail", "A5": "fail"}, report.text(colour=False)
    assert "the gate goes by https://inner.test" in found(report, "A2")


def only_the_host(asked: Message) -> None:
    asked.drop("x-forwarded-proto")


def test_a_trusted_proxy_that_does_not_tell_the_scheme_is_found(site: Site) -> None:
    site.proxy(site.gate(trusted_proxies=1), asks=only_the_host)
    report = site.report(trusted_proxies=1)
    assert statuses(report) == {"A2": "warn"}, report.text(colour=False)


def inner_host(asked: Message) -> None:
    asked.put("Host", "127.0.0.1:8000")


@pytest.mark.parametrize("base_url", [None, BASE])
def test_a_trusted_proxy_that_keeps_the_host_from_the_app_is_found(site: Site, base_url: str | None) -> None:
    """The gate goes by X-Forwarded-Host; the app may not."""
    site.proxy(site.gate(base_url=base_url, trusted_proxies=1), asks=inner_host)
    report = site.report(trusted_proxies=1)
    assert statuses(report) == {"A2": "warn"}, report.text(colour=False)
    assert "the app is told the Host 127.0.0.1:8000" in found(report, "A2")
    assert "proxy_set_header Host $host" in found(report, "A2")


def port_of_https(asked: Message) -> None:
    asked.put("Host", "APP.test:443")


def test_the_schemes_own_port_makes_no_other_host(site: Site) -> None:
    site.proxy(site.gate(trusted_proxies=1), asks=port_of_https)
    report = site.report(trusted_proxies=1)
    assert statuses(report) == {}, report.text(colour=False)


@pytest.mark.parametrize("base_url", [None, BASE])
def test_a_proxy_that_passes_on_what_clients_say_of_proxies_is_found(site: Site, base_url: str | None) -> None:
    def also_https(asked: Message) -> None:
        for name, value in (("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "app.test")):
            if not asked.get(name):
                asked.put(name, value)

    site.proxy(site.gate(base_url=base_url, trusted_proxies=1), tells="pass", asks=also_https)
    report = site.report(trusted_proxies=1)
    assert statuses(report) == {"A3": "fail" if base_url is None else "warn"}, report.text(colour=False)
    assert "X-Forwarded-Host and X-Forwarded-Proto and X-Forwarded-For" in found(report, "A3")


def as_one_header(asked: Message) -> None:
    """Do as Granian does for WSGI: of two headers that are one variable the last counts."""
    for name, value in asked.headers:
        if "_" in name:
            asked.put(name.replace("_", "-"), value)


@pytest.mark.parametrize("base_url", [None, BASE])
def test_a_server_to_which_underscores_are_dashes_is_found(site: Site, base_url: str | None) -> None:
    """A proxy that replaces what clients say of proxies knows one spelling of it."""
    site.proxy(site.gate(base_url=base_url, trusted_proxies=1), asks=as_one_header)
    report = site.report(trusted_proxies=1)
    assert statuses(report) == {"A3": "fail" if base_url is None else "warn"}, report.text(colour=False)
    assert "X_Forwarded_Host and X_Forwarded_Proto and X_Forwarded_For" in found(report, "A3")
    assert "drop names with underscores" in found(report, "A3")


@pytest.mark.parametrize("world", ["wsgi"], indirect=True)  # what doctor asks from where is the same in both
@pytest.mark.parametrize("goes_by_base_url", [True, False])
def test_on_this_machine_it_cannot_be_told_whether_others_are_believed_too(site: Site, goes_by_base_url: bool) -> None:
    """As servers believe any proxy on the machine that they run on."""
    gates: list[Any] = []  # made once the port is known
    base = f"http://127.0.0.1:{site.stack.enter_context(served(site.world, lambda *request: gates[0](*request)))}"
    own = {"base_url": base} if goes_by_base_url else {}
    given = site.provider.gate_options(trusted_proxies="127.0.0.1", http_timeout=LIMIT, **own)
    gates.append(gated(site.world, echo(site.world), **given))
    report = site.report(base_url=base, trusted_proxies="127.0.0.1")
    assert statuses(report) == {"A3": "unknown", "A4": "skipped"}, report.text(colour=False)
    assert "of this machine, from which doctor asks" in found(report, "A3")


def refuse_forged(asked: Message) -> None:
    if "forged" in asked.get("forwarded"):
        asked.put("Host", "a b")


def test_a_proxy_that_refuses_what_clients_say_of_proxies_is_right(site: Site) -> None:
    site.proxy(site.gate(), tells="pass", asks=refuse_forged)
    report = site.report()
    assert statuses(report) == {}
    assert "is refused (400)" in found(report, "A3")


# Where it cannot be told


def test_a_server_that_does_not_tell_paths_as_sent_is_no_fault_of_the_proxy(site: Site) -> None:
    options = site.provider.gate_options(base_url=BASE)
    gate = gated(site.world, echo(site.world), **options)

    def wsgi(environ: Any, start_response: Any) -> Any:
        return gate({name: environ[name] for name in environ if name not in ("RAW_URI", "REQUEST_URI")}, start_response)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await gate({name: scope[name] for name in scope if name != "raw_path"}, receive, send)

    site.proxy(site.stack.enter_context(served(site.world, wsgi if site.world == "wsgi" else asgi)))
    report = site.report()
    assert statuses(report) == {"A9": "unknown"}, report.text(colour=False)
    assert "does not tell paths" in found(report, "A9")


def test_one_login_for_all_is_a_cache(site: Site) -> None:
    def same(answer: Message) -> None:
        if "state=" in answer.get("location"):
            kept = site.__dict__.setdefault("location", answer.get("location"))
            answer.put("Location", kept)

    site.proxy(site.gate(), changes=same)
    report = site.report()
    assert statuses(report)["A7"] == "fail", report.text(colour=False)
    assert "one person's login" in found(report, "A7")


def test_a_server_that_cannot_say_more_than_403_to_a_handshake(site: Site) -> None:
    def forbidden(answer: Message) -> None:
        if " 405 " in answer.first:
            answer.first = "HTTP/1.1 403 Forbidden"

    site.proxy(site.gate(), changes=forbidden)
    assert statuses(site.report()) == {"A8": "unknown"}


def test_an_answer_to_a_handshake_that_is_not_the_gates(site: Site) -> None:
    def bad(answer: Message) -> None:
        if " 405 " in answer.first:
            answer.first = "HTTP/1.1 400 Bad Request"

    site.proxy(site.gate(), changes=bad)
    assert statuses(site.report()) == {"A8": "warn"}


@pytest.mark.parametrize("store", ["cookie", "sqlite"])
def test_with_a_store_cookies_are_short(site: Site, store: str, tmp_path: Path) -> None:
    url = "cookie" if store == "cookie" else f"sqlite:///{tmp_path}/sessions.db"
    site.proxy(site.gate(session_store=url), longest=6000)
    report = site.report(session_store=url)
    assert statuses(report) == ({"A6": "warn"} if store == "cookie" else {}), report.text(colour=False)


def test_without_base_url_the_checks_are_skipped_and_say_so(site: Site) -> None:
    report = site.report(base_url=None)
    assert statuses(report) == skipped_but()
    assert all("base_url is not set" in found(report, id_) for id_ in statuses(report))


def test_offline_nothing_is_asked(site: Site) -> None:
    proxy = site.proxy(site.gate())
    report = site.report(Options(offline=True, direct="127.0.0.1:1"))
    assert statuses(report) == skipped_but()
    assert proxy.served == []
    assert "--offline" in found(report, "A10")


def test_without_a_cookie_secret_no_gate_can_be_told_from_another(site: Site) -> None:
    site.proxy(site.gate())
    assert statuses(site.report(has_cookie_secret=False)) == skipped_but()


def test_at_an_app_that_is_public_nobody_can_tell_what_becomes_of_paths(site: Site) -> None:
    site.proxy(site.gate(public_paths="/oidc-gate-doctor"))
    report = site.report()
    assert statuses(report) in ({"A9": "unknown"}, {}), report.text(colour=False)


def test_a_provider_that_is_down_keeps_a_login_from_being_looked_at(site: Site) -> None:
    site.proxy(site.gate())
    site.provider.stop()
    report = site.report()
    assert statuses(report) == {"A5": "unknown", "A9": "unknown"}, report.text(colour=False)


def test_a_base_url_with_a_port_says_nothing_of_plain_http(site: Site) -> None:
    site.proxy(site.gate(base_url="https://app.test:8443"))
    assert statuses(site.report(base_url="https://app.test:8443")) == {"A4": "unknown"}


@pytest.mark.parametrize(("base_url", "status"), [("http://app.test", "warn"), ("http://localhost:8000", "skipped")])
def test_a_base_url_of_plain_http(site: Site, base_url: str, status: str) -> None:
    site.proxy(site.gate(base_url=base_url), plain="serve")
    report = site.report(base_url=base_url)
    assert statuses(report) == {"A4": status}, report.text(colour=False)


# Beside the proxy


def direct(site: Site, where: str, **options: Any) -> tuple[str, str]:
    report = site.report(Options(direct=where), **options)
    (each,) = [each for each in report.examined if each.check.id == "A10"]
    return each.finding.status, each.finding.found


def test_a_gate_that_is_reached_beside_its_proxy(site: Site) -> None:
    closed = site.stack.enter_context(raw_server(lambda _: None)).url.removeprefix("http://")
    for where, settings, status, words in (
        (f"127.0.0.1:{free_port()}", {}, "ok", "takes no connection"),
        (f"127.0.0.1:{site.gate()}", {}, "ok", "believes nobody there"),
        (f"127.0.0.1:{site.gate(trusted_proxies=1)}", {}, "fail", "believes what anybody there says"),
        (f"127.0.0.1:{site.gate(cookie_secret=OTHER)}", {}, "unknown", "not known to be this gate"),
        (f"127.0.0.1:{site.gate()}", {"has_cookie_secret": False}, "unknown", "not known to be this gate"),
        (f"127.0.0.1:{site.gate(rules=OPEN, cookie_secret=OTHER)}", {}, "fail", "without this gate"),
        (closed, {}, "unknown", "does not speak HTTP"),
        ("no-such-host.invalid:80", {}, "unknown", "was not found"),
    ):  # fmt: skip
        found = direct(site, where, base_url=None, **settings)
        assert (found[0], words in found[1]) == (status, True), found
    assert direct(site, f"[::1]:{free_port()}", base_url=None)[0] == "ok"


@pytest.mark.parametrize("body", [b"hello", b"[]", b'{"answer": 1}'])
@pytest.mark.parametrize("world", ["wsgi"], indirect=True)
def test_an_app_that_is_reached_beside_the_gate(site: Site, body: bytes) -> None:
    port = site.stack.enter_context(served("wsgi", other_app(200, body)))
    assert direct(site, f"127.0.0.1:{port}", base_url=None)[0] == "fail"


# The command


@pytest.mark.parametrize("flags", [(), ("--json",), ("--no-controls", "--json")])
def test_the_command_tells_of_the_app_too(
    site: Site, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    site.provider.user = None
    site.provider.add_client("app", redirect_uris=[f"{BASE}/oauth2/callback"])
    port = site.gate(allow_domains="example.com")
    site.proxy(port)
    given = site.provider.gate_options(base_url=BASE, ca_bundle=str(site.authority.bundle), allow_domains="example.com")
    file = site.authority.bundle.with_name("gate.toml")
    given |= {"cookie_secret": COOKIE_SECRET}
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items()))
    file.chmod(0o600)
    assert cli.main(["doctor", "--config", str(file), "--direct", f"127.0.0.1:{port}", *flags]) == 0
    told = capsys.readouterr().out
    assert COOKIE_SECRET not in told
    if flags:
        checks = {each["id"]: each["status"] for each in json.loads(told)["checks"]}
        assert {checks[check.id] for check in A_CHECKS} == {"ok"}
