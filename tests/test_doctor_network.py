"""`oidc-gate doctor` on the way to the provider: certificates, addresses, proxies, clocks."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doctor_faults import examined, good, not_ok
from tests.patience import in_time
from tests.providers.local import LocalProvider
from tests.providers.tls import DAY, NOW, Authority, KeepingProvider
from tests.servers import free_port
from tests.test_doctor import found
from tests.test_network_errors import silent


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("authority"))


Served = Callable[..., KeepingProvider]


@pytest.fixture
def served(authority: Authority) -> Iterator[Served]:
    """Serve a provider by https, with a certificate made as the keywords say."""
    started: list[KeepingProvider] = []

    def serve(**certificate: Any) -> KeepingProvider:
        provider = KeepingProvider(authority.server_context(**certificate))
        provider.start()
        started.append(provider)
        return provider

    yield serve
    for provider in started:
        provider.stop()


def test_a_good_set_up_by_https(served: Served, authority: Authority) -> None:
    given = good(served(valid_until=NOW + 90 * DAY), ca_bundle=str(authority.bundle))
    assert not_ok(examined(given)) == {}
    assert "the certificate of 127.0.0.1 is good for 90 days" in found(given, "N3").found


def test_a_certificate_that_ends_soon(served: Served, authority: Authority) -> None:
    given = good(served(valid_until=NOW + 10 * DAY), ca_bundle=str(authority.bundle))
    assert not_ok(examined(given)) == {"N3": "warn"}


def test_a_certificate_that_is_over(served: Served, authority: Authority) -> None:
    given = good(served(valid_until=NOW - datetime.timedelta(hours=1)), ca_bundle=str(authority.bundle))
    assert not_ok(examined(given)) == {"N3": "fail", "P1": "fail"}
    assert "has expired" in found(given, "N3").found


def test_a_certificate_of_a_private_authority(served: Served) -> None:
    given = good(served())
    assert not_ok(examined(given)) == {"N3": "fail", "P1": "fail"}
    told = found(given, "N3")
    assert "if it is a private one, set ca_bundle" in told.found
    assert "ca_bundle" in told.mend


def test_a_certificate_for_another_name(served: Served, authority: Authority) -> None:
    given = good(served(host="other.test"), ca_bundle=str(authority.bundle))
    assert not_ok(examined(given)) == {"N3": "fail", "P1": "fail"}


def test_what_speaks_no_tls(provider: LocalProvider) -> None:
    given = good(provider)
    given["issuer_url"] = given["issuer_url"].replace("http:", "https:")
    assert not_ok(examined(given)) == {"N3": "fail", "P1": "fail"}


def test_nobody_listens_where_https_is_to_be(provider: LocalProvider) -> None:
    given = good(provider) | {"issuer_url": f"https://127.0.0.1:{free_port()}"}
    assert not_ok(examined(given)) == {"N2": "fail", "P1": "fail"}


def test_what_neither_takes_nor_refuses_connections(provider: LocalProvider) -> None:
    with silent("127.0.0.1") as port:
        given = good(provider, http_timeout=1) | {"issuer_url": f"http://127.0.0.1:{port}"}
        told = found(given, "N2")
    assert told.status == "fail"
    assert "127.0.0.1 (nothing within 1 s)" in told.found


def test_one_address_of_several_that_is_silent(provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(provider.origin.rpartition(":")[2])
    places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
    given = good(provider)
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: places if asked[0] == "127.0.0.1" else real(*asked))
    assert found(given, "N1").found == "127.0.0.1 has 2 addresses, IPv4"
    told = found(given, "N2")
    assert told.status == "warn"
    assert "does not answer at 127.0.0.2 (Connection refused)" in told.found


def test_many_addresses_that_are_silent_take_no_longer_than_one(
    provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a name server has it that means harm."""
    hosts = [f"127.0.9.{number}" for number in range(1, 13)]
    with silent(*hosts) as port:
        places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: places if asked[0] == "many.test" else real(*asked))
        given = good(provider, http_timeout=1) | {"issuer_url": f"https://many.test:{port}"}
        told = in_time(lambda: found(given, "N2"), 10.0)
        assert told.status == "fail"
        assert len(told.found) < 700
        assert in_time(lambda: found(given, "N3"), 10.0).status == "skipped"


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:{port}", "127.0.0.1:{port}"])
def test_a_proxy_that_is_not_there(provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    port = free_port()
    monkeypatch.setenv("HTTPS_PROXY", proxy.format(port=port))
    monkeypatch.setenv("NO_PROXY", "")
    given = good(provider) | {"issuer_url": "https://issuer.test"}
    assert not_ok(examined(given)) == {"N2": "fail", "N3": "unknown", "P1": "fail"}
    assert f"the proxy 127.0.0.1:{port}" in found(given, "N2").found


@pytest.mark.parametrize("proxy", ["http://user:its-password@127.0.0.1:99999", "http://", "http://[127.0.0.1"])
def test_a_proxy_that_is_no_address(provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "")
    report = examined(good(provider) | {"issuer_url": "https://issuer.test"})
    assert not_ok(report) == {"N1": "fail", "N3": "unknown", "P1": "fail"}
    assert "its-password" not in report.text(colour=False)


def test_an_age_counts_to_the_time_that_an_answer_tells(provider: LocalProvider) -> None:
    given = good(provider)
    from tests.doctor_faults import _clock

    _clock(provider, "Sat, 01 Jan 2000 00:00:00 -0000", Age="100")
    told = found(given, "N5", clock=lambda: 946684900.0)
    assert told.status == "ok"
    _clock(provider, "Sat, 01 Jan 2000 00:00:00 -0000", Age="9" * 400)
    assert found(given, "N5", clock=lambda: 946684900.0).status == "fail"
    _clock(provider, "Sat, 01 Jan 2000 00:00:00 -0000", Age="100")
    assert found(given, "N5", clock=lambda: 946684870.0).found.startswith("this machine is 30 s behind the provider")


def test_a_key_file_that_is_gone_is_no_open_one(tmp_path: Path) -> None:
    from oidc_gate.doctor.settings_checks import _is_open

    assert not _is_open(str(tmp_path / "none"))
