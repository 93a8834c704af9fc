"""What docs/recipes has for platforms, as far as it can be run here: units, an image's commands, manifests, functions.

Run by `make recipes`.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from oidc_gate import Settings
from tests.apps import COOKIE_SECRET
from tests.by_hand import visitor
from tests.documents import ROOT
from tests.providers.local import LocalProvider
from tests.recipes.app_servers import APP, BASE, HOST, settings_of
from tests.recipes.pages import blocks, file
from tests.recipes.programs import program
from tests.servers import ServerProcess, free_port, running
from tests.test_reload import toml

LIE = "203.0.113.66"
CREDENTIALS = {"client_secret", "cookie_secret"}


def written(folder: Path, settings: dict[str, Any]) -> dict[str, str]:
    """Write an app, its settings and its secrets; return what the environment must have for Python to find them."""
    (folder / "recipeapp.py").write_text(APP)
    (folder / "gate.toml").write_text(toml({name: settings[name] for name in settings if name not in CREDENTIALS}))
    for name in CREDENTIALS:
        (folder / name).write_text(settings[name])
    return {"PYTHONPATH": f"{folder}:{ROOT}:{sysconfig.get_path('purelib')}"}


@contextmanager
def signed_in_at(argv: list[str], folder: Path, env: dict[str, str], port: int) -> Iterator[ServerProcess]:
    """Run a server while the block lasts. It sends people to sign in at base_url, and believes what a proxy says."""
    with running(argv, folder=folder, cwd=folder, env=env, port=port, ready_path="/oauth2/health") as server:
        told = {"Host": HOST, "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": HOST}
        answer = visitor().navigate(server.url, headers=told, until=f"{BASE}/oauth2/callback")
        assert answer.target.startswith(f"{BASE}/oauth2/callback?code="), answer
        yield server


def with_secret_files(folder: Path) -> dict[str, str]:
    return {f"OIDC_GATE_{name.upper()}_FILE": str(folder / name) for name in CREDENTIALS}


# systemd

UNITS = {
    "myapp.service": file("systemd", "/etc/systemd/system/myapp.service"),
    "myapp.socket": file("systemd", "/etc/systemd/system/myapp.socket"),
}


def unit(name: str) -> str:
    text = UNITS[name].partition("\n")[2]
    return text.replace("/srv/myapp/venv/bin/gunicorn", program("gunicorn"))


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        (tmp_path / name).write_text(unit(name))
    argv = [program("systemd-analyze"), "verify", *(str(tmp_path / name) for name in UNITS)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ran.returncode, [line for line in ran.stderr.splitlines() if "myapp" in line]) == (0, [])


def test_the_server_takes_socket_and_credentials_as_systemd_gives_them(provider: LocalProvider, tmp_path: Path) -> None:
    env = written(tmp_path, settings_of("systemd", provider))
    service = dict(re.findall(r"^(ExecStart|WorkingDirectory)=(.*)$", unit("myapp.service"), re.MULTILINE))
    credentials = set(re.findall(r"^LoadCredential=(\w+):/etc/myapp/\1$", unit("myapp.service"), re.MULTILINE))
    assert credentials == CREDENTIALS
    for name, value in re.findall(r"^Environment=(\w+)=(.*)$", unit("myapp.service"), re.MULTILINE):
        env[name] = value.replace("%d", str(tmp_path)).replace("/etc/myapp", str(tmp_path))
    (address,) = re.findall(r"^ListenStream=(.*):8000$", unit("myapp.socket"), re.MULTILINE)
    command = shlex.split(service["ExecStart"].replace("myapp:app", "recipeapp:wsgi"))
    port, passed_on = free_port(), [f"--setenv={name}={value}" for name, value in env.items()]
    argv = [program("systemd-socket-activate"), f"--listen={address}:{port}", *passed_on, *command]
    with signed_in_at([*argv, "--no-control-socket"], tmp_path, env, port) as server:
        assert "Listening at: http://127.0.0.1" in server.output


# Docker

DOCKERFILE = file("docker", "Dockerfile")


def commands(dockerfile: str) -> dict[str, list[str]]:
    """Return CMD and the test of HEALTHCHECK, as lists."""
    found = re.findall(r"^(CMD|HEALTHCHECK)(?: --\S+)* (?:CMD )?(\[.*\])$", dockerfile, re.MULTILINE)
    return {name: json.loads(text) for name, text in found}


def test_hadolint_finds_nothing_wrong_with_the_dockerfile() -> None:
    argv = [program("hadolint"), "--no-color", "-"]
    ran = subprocess.run(argv, input=DOCKERFILE, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_image_runs_the_app_not_as_root_and_says_that_it_is_well(provider: LocalProvider, tmp_path: Path) -> None:
    settings = settings_of("docker", provider) | {"trusted_proxies": ["127.0.0.0/8"]}
    env = written(tmp_path, settings) | with_secret_files(tmp_path) | {"OIDC_GATE_CONFIG": "gate.toml"}
    found, port = commands(DOCKERFILE), free_port()
    command = here(found["CMD"], port)
    with signed_in_at(command, tmp_path, env, port):
        check = [each.replace(":8000", f":{port}") for each in found["HEALTHCHECK"]]
        assert subprocess.run([sys.executable, *check[1:]], check=False).returncode == 0
    assert subprocess.run([sys.executable, *check[1:]], capture_output=True, check=False).returncode == 1
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)


def here(command: list[str], port: int) -> list[str]:
    """Return a command for this machine: its program, the app of the tests, a free port of loopback."""
    changes = {"0.0.0.0:8000": f"127.0.0.1:{port}", "0.0.0.0:$PORT": "127.0.0.1:$PORT", "myapp:app": "recipeapp:wsgi"}
    for old, new in changes.items():
        command = [each.replace(old, new) for each in command]
    if command[0] == "sh":
        return [*command[:-1], f"{command[-1]} --no-control-socket".replace("exec gunicorn", program("gunicorn"))]
    return [program(command[0]), *command[1:], "--no-control-socket"]


def test_the_compose_file_hands_the_secrets_to_the_app_alone() -> None:
    compose = yaml.safe_load(file("docker", "compose.yaml"))
    app = compose["services"]["app"]
    assert set(app["secrets"]) == set(compose["secrets"]) == CREDENTIALS
    assert app["environment"] == {f"OIDC_GATE_{name.upper()}_FILE": f"/run/secrets/{name}" for name in CREDENTIALS}
    assert "ports" not in app
    networks = [config["subnet"] for config in compose["networks"]["inner"]["ipam"]["config"]]
    assert networks == tomllib.loads(file("docker", "gate.toml"))["trusted_proxies"]
    assert networks[0] in commands(DOCKERFILE)["CMD"]


# Kubernetes

MANIFEST = file("kubernetes", "myapp.yaml")


def test_the_manifests_are_what_kubernetes_takes(tmp_path: Path) -> None:
    (tmp_path / "myapp.yaml").write_text(MANIFEST)
    argv = [program("kubernetes-validate"), "--strict", "--quiet", str(tmp_path / "myapp.yaml")]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


def test_the_manifests_fit_together_and_are_settings_of_a_gate() -> None:
    config, deployment, service, ingress = yaml.safe_load_all(MANIFEST)
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = {each["name"]: each["value"] for each in container["env"]}
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert all(str(Path(path).parent) in mounts for path in env.values())
    assert {Path(env[f"OIDC_GATE_{name.upper()}_FILE"]).name for name in CREDENTIALS} == CREDENTIALS
    probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("liveness", "readiness")}
    assert probes == {"liveness": "/oauth2/health", "readiness": "/oauth2/ready"}
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    (rule,) = ingress["spec"]["rules"]
    told = tomllib.loads(config["data"]["gate.toml"])
    made = Settings(**told, client_secret="of-the-secret", cookie_secret=COOKIE_SECRET)
    assert made.base_url == f"https://{rule['host']}"
    (secrets,) = [text for text in blocks("kubernetes", "console") if "create secret" in text]
    assert set(re.findall(r"--from-literal=(\w+)=", secrets)) == CREDENTIALS


# Cloud Run, App Service


@pytest.mark.parametrize("name", ["cloud-run", "azure"])
def test_a_platforms_command_starts_the_app(name: str, provider: LocalProvider, tmp_path: Path) -> None:
    port = free_port()
    env = written(tmp_path, settings_of(name, provider)) | with_secret_files(tmp_path)
    env |= {"OIDC_GATE_CONFIG": "gate.toml", "PORT": str(port)}
    if name == "cloud-run":
        command = commands(file("cloud-run", "Dockerfile"))["CMD"]
    else:
        command = shlex.split(blocks(name, "console")[0].removeprefix("$ "))
    with signed_in_at(here(command, port), tmp_path, env, port):
        pass


# Lambda

HANDLERS = {"wsgi": file("aws", "handler_wsgi.py"), "asgi": file("aws", "handler.py")}


class Lambda:
    """A function behind an API, a REST API or a load balancer: events go in, answers come out.

    The platform adds the client's address to what a client said of it.
    """

    CLIENT: ClassVar[str] = "192.0.2.7"

    def __init__(self, handler: Callable[[Any, Any], Any], kind: str) -> None:
        self.handler, self.kind = handler, kind
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **headers: str) -> dict[str, Any]:
        """Return the answer to a browser's GET, and keep its cookies."""
        parts = urlsplit(url)
        given = {"host": HOST, "accept": "text/html", "x-forwarded-proto": "https"} | headers
        said = given.get("x-forwarded-for")
        given["x-forwarded-for"] = f"{said}, {self.CLIENT}" if said else self.CLIENT
        cookies = [f"{name}={value}" for name, value in self.cookies.items()]
        answer = self.handler(getattr(self, f"_{self.kind}")(parts.path or "/", parts.query, given, cookies), None)
        many = answer.get("multiValueHeaders") or {}
        lines = {key.lower(): value for key, value in many.items()}
        for key, value in (answer.get("headers") or {}).items():
            lines.setdefault(key.lower(), [value])
        set_cookies = answer.get("cookies") or lines.pop("set-cookie", [])
        for line in set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        body = answer.get("body") or ""
        text = base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body
        return {"status": answer["statusCode"], "location": lines.get("location", [""])[0], "body": text}

    def _http_api(self, path: str, query: str, headers: dict[str, str], cookies: list[str]) -> dict[str, Any]:
        http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": self.CLIENT, "userAgent": "x"}
        context = {"domainName": HOST, "http": http, "stage": "$default", "requestId": "1", "accountId": "1"}
        event = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query}
        return event | {"cookies": cookies, "headers": headers, "requestContext": context, "isBase64Encoded": False}

    def _rest_api(self, path: str, query: str, headers: dict[str, str], cookies: list[str]) -> dict[str, Any]:
        event = self._old(path, query, headers, cookies)
        context = {"identity": {"sourceIp": self.CLIENT}, "httpMethod": "GET", "stage": "prod", "path": path}
        return event | {"version": "1.0", "resource": "/{proxy+}", "requestContext": context}

    def _load_balancer(self, path: str, query: str, headers: dict[str, str], cookies: list[str]) -> dict[str, Any]:
        event = self._old(path, query, headers, cookies, decodes=False)
        return event | {"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:…"}}}

    def _old(
        self, path: str, query: str, headers: dict[str, str], cookies: list[str], *, decodes: bool = True
    ) -> dict[str, Any]:
        many = {name: [value] for name, value in headers.items()}
        many |= {"cookie": ["; ".join(cookies)]} if cookies else {}
        asked = (
            parse_qs(query)
            if decodes
            else {name: [value] for name, _, value in (each.partition("=") for each in query.split("&") if each)}
        )
        body = {"body": "", "isBase64Encoded": False}
        return {
            "httpMethod": "GET",
            "path": path,
            "multiValueHeaders": many,
            "multiValueQueryStringParameters": asked,
        } | body


@pytest.mark.parametrize("kind", ["http_api", "rest_api", "load_balancer"])
@pytest.mark.parametrize("world", HANDLERS)
def test_people_sign_in_at_a_function(
    world: str,
    kind: str,
    provider: LocalProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = tomllib.loads(file("aws", "gate-lambda.toml"))
    if kind != "load_balancer":
        del own["trusted_proxies"]
    settings = provider.gate_options(cookie_secret=COOKIE_SECRET, audit=True, **own)
    (tmp_path / "gate.toml").write_text(toml(settings))
    (tmp_path / "recipeapp.py").write_text(APP)
    monkeypatch.setenv("OIDC_GATE_CONFIG", str(tmp_path / "gate.toml"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "recipeapp", raising=False)
    caplog.set_level("INFO", "oidc_gate.audit")
    names: dict[str, Any] = {}
    exec(HANDLERS[world].replace("myapp:app", f"recipeapp:{world}"), names)
    assert provider.user is not None
    provider.user = provider.user | {"groups": [f"group-{number * 7919 % 100_003}" for number in range(900)]}
    function = Lambda(names["handler"], kind)
    lie = {"x-forwarded-for": LIE, "x-forwarded-host": "evil.example"}
    sent_off = function.get(f"{BASE}/page?x=1%2F2", **lie)
    assert parse_qs(urlsplit(sent_off["location"]).query)["redirect_uri"] == [f"{BASE}/oauth2/callback"]
    back = visitor().navigate(sent_off["location"], until=f"{BASE}/oauth2/callback").target
    landed = function.get(back, **lie)
    assert (landed["status"], landed["location"]) == (302, "/page?x=1%2F2")
    assert len(function.cookies) >= 3, "a session of several cookies"
    page = function.get(BASE + landed["location"])
    assert (page["status"], json.loads(page["body"])["who"]) == (200, "ada-1815")
    assert function.get(f"{BASE}/oauth2/health")["status"] == 200
    told: list[dict[str, Any]] = [vars(each).get("oidc_gate", {}) for each in caplog.records]
    (login,) = [event for event in told if event.get("event") == "login.finished"]
    believes_the_client = (world, kind) == ("wsgi", "rest_api")  # as the page says
    assert (login["client_ip"], login["host"]) == (LIE if believes_the_client else Lambda.CLIENT, HOST)
