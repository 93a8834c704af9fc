"""Addresses: the gate's own, as the browser sees them, and those it may send a browser back to."""

from __future__ import annotations

import pytest

from oidc_gate.browser.addresses import Addresses, Origin, is_host, own_path, requested_path, safe_path
from tests.asked import Asked
from tests.hostile_addresses import destination, hostile

# Host


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            "app.test",
            "APP.test",
            "localhost",
            "localhost:8000",
            "app.test:443",
            "a",
            "a.b.c.d",
            "app.test.",
            "my_app:80",
            "app.test:65535",
        ),
        *(
            "192.0.2.1",
            "192.0.2.1:8080",
            "[::1]",
            "[::1]:8000",
            "[2001:db8::7]",
            "[::ffff:192.0.2.1]",
            "xn--bcher-kva.test",
        ),
        *("a-b.test", "1.test", "a" * 250 + ".test"),
    ],
)
def test_a_well_formed_host_is_one(host: str) -> None:
    assert is_host(host)
    assert Addresses("", 0).is_wellformed(Asked(host=host))


@pytest.mark.parametrize(
    "host",
    [
        *(
            "app.test/",
            "app.test/path",
            "app.test?x",
            "app.test#x",
            "app.test@evil.example",
            "me@app.test",
            "app.test\\x",
        ),
        *(
            "app.test,app.test",
            "app.test, evil.example",
            "app.test evil",
            " app.test",
            "app.test ",
            "app.test\t",
            "app.test\n",
        ),
        *(
            "app.test:",
            "app.test:x",
            "app.test:123456",
            "app.test:65536",
            "[::1]:99999",
            "app.test:80:80",
            ":80",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[x]",
            "[::1]x",
        ),
        *(
            ".app.test",
            "app..test",
            "-app.test",
            "app-.test",
            "äpp.test",
            "app.test\x00",
            "app.test\r\nx: y",
            '"app.test"',
        ),
        *(
            "app.test;x",
            "app.test%00",
            "app%2etest",
            "app.test'",
            "<app>",
            "a" * 300,
            "*",
            "*.app.test",
            "app.test:\uff18\uff10",
        ),
    ],
    ids=ascii,
)
def test_a_malformed_host_is_refused(host: str) -> None:
    assert not is_host(host)
    assert not Addresses("", 0).is_wellformed(Asked(host=host))
    assert not Addresses("https://app.test", 0).is_wellformed(Asked(host=host))


# The gate's own origin


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(), Origin("https", "app.test", "")),
        (Asked(scheme="http", host="app.test:8000"), Origin("http", "app.test:8000", "")),
        (Asked(scheme="http", host="APP.test:80"), Origin("http", "app.test", "")),
        (Asked(host="App.Test:443"), Origin("https", "app.test", "")),
        (Asked(host="app.test:80"), Origin("https", "app.test:80", "")),
        (Asked(host="[::1]:443"), Origin("https", "[::1]", "")),
        (Asked(host="", server="[::1]:8000"), Origin("https", "[::1]:8000", "")),
        (Asked(host="", scheme="http", server="localhost:80"), Origin("http", "localhost", "")),
        (Asked(root_path="/mount"), Origin("https", "app.test", "/mount")),
        (Asked(scheme="gopher"), Origin("gopher", "app.test", "")),
        # a router may take the mount point from the request: it must not break a header, or lead away
        (Asked(root_path="/ünï"), Origin("https", "app.test", "/%C3%BCn%C3%AF")),
        (Asked(root_path='/a b"c\r\nd'), Origin("https", "app.test", "/a%20b%22c%0D%0Ad")),
        (Asked(root_path="//evil.example"), Origin("https", "app.test", "/evil.example")),
        (Asked(root_path="/\\evil.example"), Origin("https", "app.test", "/%5Cevil.example")),
        (Asked(root_path="/a?b#c"), Origin("https", "app.test", "/a%3Fb%23c")),
        (Asked(root_path="/\ud800"), Origin("https", "app.test", "/%3F")),
    ],
    ids=lambda value: ascii(value) if isinstance(value, Origin) else "",
)
def test_the_own_origin_comes_from_the_request(asked: Asked, expected: Origin) -> None:
    addresses = Addresses("", 0)
    assert addresses.origin(asked) == expected
    assert addresses.root_path(asked) == expected.root_path
    assert not addresses.reads_forwarded


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://App.example.com", Origin("https", "app.example.com", "")),
        ("https://app.example.com:443/in/side", Origin("https", "app.example.com", "/in/side")),
        ("http://app.example.com:8080", Origin("http", "app.example.com:8080", "")),
        ("http://[::1]:80", Origin("http", "[::1]", "")),
        ("https://app.example.com/a%20b", Origin("https", "app.example.com", "/a%20b")),
    ],
)
def test_base_url_counts_for_more_than_anything_in_the_request(base_url: str, expected: Origin) -> None:
    forwarded = {"x-forwarded-proto": "gopher", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    asked = Asked(host="other.test", scheme="http", root_path="/other", headers=forwarded)
    for proxies in (0, 1):
        addresses = Addresses(base_url, proxies)
        assert addresses.origin(asked) == expected
        assert addresses.root_path(asked) == expected.root_path


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        (Origin("https", "app.test", ""), "https://app.test"),
        (Origin("http", "app.test:8000", "/mount"), "http://app.test:8000/mount"),
    ],
)
def test_an_origin_has_a_url_without_a_trailing_slash(origin: Origin, url: str) -> None:
    assert origin.url == url
    assert own_path(origin, "/oauth2/login") == f"{origin.root_path}/oauth2/login"


# Proxies

SEEN = Origin("http", "inner.test", "")
PUBLIC = Origin("https", "app.test", "")
PLAIN = Origin("http", "app.test", "")
SAID = {"x-forwarded-proto": "https", "x-forwarded-host": "app.test"}
TWICE = {"x-forwarded-proto": "https, http", "x-forwarded-host": "app.test, b.test"}


def asked(headers: dict[str, str], peer: str = "10.0.0.1") -> Asked:
    return Asked(scheme="http", host="inner.test", peer=peer, headers=headers)


@pytest.mark.parametrize(
    ("trusted", "headers", "expected"),
    [
        pytest.param(0, SAID, SEEN, id="nobody is believed"),
        pytest.param(0, {"forwarded": "host=app.test;proto=https"}, SEEN, id="nobody is believed, Forwarded"),
        pytest.param(1, {}, SEEN, id="the proxy says nothing"),
        pytest.param(1, SAID, PUBLIC, id="one proxy"),
        pytest.param(1, {"x-forwarded-proto": "https"}, Origin("https", "inner.test", ""), id="scheme alone"),
        pytest.param(1, {"x-forwarded-host": "app.test"}, Origin("http", "app.test", ""), id="host alone"),
        pytest.param(1, {"x-forwarded-host": "APP.test:80"}, Origin("http", "app.test", ""), id="host and its port"),
        pytest.param(1, {"x-forwarded-proto": "WSS", "x-forwarded-host": "app.test"}, PUBLIC, id="wss is https"),
        pytest.param(1, {"x-forwarded-proto": "ws"}, SEEN, id="ws is http"),
        pytest.param(1, {"x-forwarded-proto": "HTTPS"}, Origin("https", "inner.test", ""), id="in capitals"),
        pytest.param(1, {"x-forwarded-proto": "javascript"}, SEEN, id="a scheme that is none"),
        pytest.param(1, {"x-forwarded-host": "evil.example, app.test"}, PLAIN, id="the last counts"),
        pytest.param(2, {"x-forwarded-host": "evil.example, app.test , b"}, PLAIN, id="last but one"),
        pytest.param(2, {"x-forwarded-host": "app.test"}, SEEN, id="fewer values than proxies: whose is it?"),
        pytest.param(1, {"forwarded": "for=1.2.3.4;host=app.test;proto=https"}, PUBLIC, id="Forwarded"),
        pytest.param(1, {"forwarded": 'For="[::1]:1" ; Host="app.test" ; PROTO=https'}, PUBLIC, id="Forwarded, quoted"),
        pytest.param(1, {"forwarded": "host=evil.example, host=app.test;proto=https"}, PUBLIC, id="the last Forwarded"),
        pytest.param(2, {"forwarded": "host=app.test;proto=https, for=10.0.0.2"}, PUBLIC, id="Forwarded, last but one"),
        pytest.param(1, {"forwarded": "nonsense;;=;host"}, SEEN, id="Forwarded, nonsense"),
        pytest.param(1, SAID | {"forwarded": "host=evil.example"}, PUBLIC, id="X-Forwarded counts before Forwarded"),
        pytest.param(("10.0.0.0/8",), SAID, PUBLIC, id="from a trusted network"),
        pytest.param(("10.0.0.1",), SAID, PUBLIC, id="from a trusted address"),
        pytest.param(("192.168.0.0/16",), SAID, SEEN, id="from another network"),
        pytest.param(("192.168.0.0/16", "10.0.0.0/8"), SAID, PUBLIC, id="from one of two networks"),
        pytest.param(
            ("10.0.0.0/8",),
            TWICE | {"x-forwarded-for": "192.0.2.9, 10.0.0.2"},
            PUBLIC,
            id="two trusted proxies in a row",
        ),
        pytest.param(("10.0.0.0/8",), SAID | {"x-forwarded-for": "192.0.2.9"}, PUBLIC, id="one trusted proxy"),
        pytest.param(("10.0.0.0/8",), SAID | {"x-forwarded-for": "10.0.0.9"}, PUBLIC, id="a client in that network"),
        pytest.param(
            ("10.0.0.0/8",),
            TWICE | {"x-forwarded-for": "10.0.0.9, 10.0.0.2"},
            PUBLIC,
            id="a client in that network, behind two proxies",
        ),
        pytest.param(
            ("10.0.0.0/8",),
            {"x-forwarded-for": "10.0.0.9, 192.0.2.9", "x-forwarded-host": "evil.example, app.test"},
            Origin("http", "app.test", ""),
            id="a client that pretends to be a proxy",
        ),
        pytest.param(
            ("10.0.0.0/8",),
            {"x-forwarded-for": "10.0.0.9, unknown", "x-forwarded-host": "evil.example, app.test"},
            Origin("http", "app.test", ""),
            id="a hop that is no address",
        ),
    ],
)  # fmt: skip
def test_a_proxy_is_believed_as_far_as_it_is_trusted(
    trusted: int | tuple[str, ...], headers: dict[str, str], expected: Origin
) -> None:
    addresses = Addresses("", trusted)
    assert addresses.is_wellformed(asked(headers))
    assert addresses.origin(asked(headers)) == expected
    assert addresses.reads_forwarded is bool(trusted)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("10.1.2.3", PUBLIC),
        ("::ffff:10.1.2.3", PUBLIC),
        ("2001:db8::1", PUBLIC),
        ("fe80::1%eth0", SEEN),
        ("11.0.0.1", SEEN),
        ("::ffff:11.0.0.1", SEEN),
        ("2001:db9::1", SEEN),
        ("10.1.2.3:4711", SEEN),
        ("unix:", SEEN),
        ("", SEEN),
    ],
)
def test_headers_of_a_proxy_count_from_a_trusted_peer_alone(peer: str, expected: Origin) -> None:
    assert Addresses("", ("10.0.0.0/8", "2001:db8::/32")).origin(asked(SAID, peer)) == expected


@pytest.mark.parametrize("name", ["x-forwarded-host", "forwarded"])
@pytest.mark.parametrize("host", ["evil.example/", "a@b", "a b", "[", "app.test:x", "-"])
def test_a_malformed_host_from_a_trusted_proxy_is_refused_and_from_others_ignored(name: str, host: str) -> None:
    headers = {name: f"host={host}" if name == "forwarded" else host}
    assert not Addresses("", 1).is_wellformed(asked(headers))
    assert not Addresses("", ("10.0.0.0/8",)).is_wellformed(asked(headers))
    assert Addresses("", ("11.0.0.0/8",)).is_wellformed(asked(headers))
    assert Addresses("", 0).is_wellformed(asked(headers))


@pytest.mark.parametrize("name", ["x-forwarded-host", "x-forwarded-proto", "forwarded"])
@pytest.mark.parametrize(
    ("said", "chunked", "trusted", "expected"),
    [
        (["b", "a"], True, 1, False),
        (["b", "a"], True, ("10.0.0.0/8",), False),
        (["b", "a"], True, ("11.0.0.0/8",), True),
        (["b", "a"], True, 0, True),
        (["b", "a"], True, 2, True),
        (["b", "a"], False, 1, True),
        (["a", "a"], True, 1, True),
        (["a"], True, 1, True),
        (["a"], True, 2, True),
        (["a"], True, ("10.0.0.0/8",), True),
        ([], True, 1, True),
    ],
)
def test_where_a_body_comes_in_chunks_nobody_speaks_after_the_proxies(
    name: str, said: list[str], chunked: bool, trusted: int | tuple[str, ...], expected: bool
) -> None:
    """Some servers put the trailers behind a body among the headers, as the last of their name."""
    value = ", ".join(f"host={each}" if name == "forwarded" else each for each in said)
    headers = ({name: value} if said else {}) | ({"transfer-encoding": "chunked"} if chunked else {})
    assert Addresses("", trusted).is_wellformed(asked(headers)) is expected


def test_a_client_behind_the_body_adds_no_proxy_that_would_have_another_header_believed() -> None:
    """With networks X-Forwarded-For tells how many proxies there are."""
    chunked = {"transfer-encoding": "chunked", "x-forwarded-for": "192.0.2.9, 10.0.0.7"}
    said = {"x-forwarded-proto": "https", "x-forwarded-host": "a.test"}
    forged = {"forwarded": "host=evil.test;proto=https, for=10.0.0.8"}
    addresses = Addresses("", ("10.0.0.0/8",))
    for headers in said, {"x-forwarded-host": "a.test"}, {"forwarded": "host=a.test"}:
        assert not addresses.is_wellformed(asked(chunked | headers | (forged if "forwarded" not in headers else {})))
        assert addresses.is_wellformed(asked(headers | {"x-forwarded-for": "192.0.2.9, 10.0.0.7"}))
    assert addresses.is_wellformed(asked(chunked))
    for trusted in ("10.0.0.0/8",), 2:
        seen = Addresses("", trusted).origin(asked(said | forged | {"x-forwarded-for": "192.0.2.9, 10.0.0.7"}))
        assert seen == SEEN, "Forwarded is none of theirs who say it in the other way"


def test_the_log_is_told_which_header_is_wrong() -> None:
    headers = {"x-forwarded-host": "b.test, a.test", "transfer-encoding": "chunked"}
    addresses = Addresses("", 1)
    assert addresses.fault(Asked(host="a b")) == "the Host header is malformed"
    assert addresses.fault(asked({"x-forwarded-host": "a b"})) == "the host that a trusted proxy says is malformed"
    assert addresses.fault(asked(headers)).startswith("the body comes in chunks, and X-Forwarded-Proto,")


def test_what_has_no_say_is_not_looked_at_where_a_body_comes_in_chunks() -> None:
    headers = {"transfer-encoding": "chunked", "x-forwarded-proto": "https, http", "x-forwarded-host": "a.test"}
    assert not Addresses("", 1).is_wellformed(asked(headers))
    assert Addresses("https://app.test", 1).is_wellformed(asked(headers))
    said = headers | {"x-forwarded-proto": "https", "forwarded": "host=b.test, host=c.test"}
    assert Addresses("", 1).is_wellformed(asked(said))


@pytest.mark.parametrize(
    "name",
    ["x-forwarded-port", "x-forwarded-server", "x-forwarded-prefix", "x-forwarded-uri", "x-original-url",
     "x-host", "x-rewrite-url", "x-real-ip", "x-http-method-override", "x-forwarded-scheme", "x-forwarded-ssl"],
)  # fmt: skip
def test_no_other_header_of_a_proxy_has_a_say(name: str) -> None:
    assert Addresses("", 1).origin(asked({name: "evil.example"})) == SEEN


# Return addresses

ORIGINS = [
    Origin("https", "app.test", ""),
    Origin("http", "app.test:8000", ""),
    Origin("https", "app.test", "/mount"),
    Origin("http", "[::1]:5000", ""),
]


@pytest.mark.parametrize("origin", ORIGINS, ids=lambda origin: origin.url)
def test_no_hostile_address_leads_away_from_the_own_origin(origin: Origin) -> None:
    own = f"{origin.scheme}://{origin.host}"
    addresses = hostile(own)
    assert len(addresses) >= 500
    for address in addresses:
        found = safe_path(address, origin)
        for base in (f"{own}/oauth2/callback?code=x", f"{own}/deep/er/page", f"{own}//double"):
            assert destination(found, base) == own, ascii(address)
        assert found.startswith("/"), ascii(address)
        assert not found.startswith(("//", "/\\")), ascii(address)
        assert found.isascii(), ascii(address)
        assert found.isprintable(), ascii(address)
        assert " " not in found, ascii(address)
        if destination(address, f"{own}/oauth2/callback") != own:
            assert found == "/", ascii(address)


def test_most_of_the_hostile_addresses_would_lead_away() -> None:
    own = "https://app.test"
    leading_away = [address for address in hostile(own) if destination(address, f"{own}/") != own]
    assert len(leading_away) >= 500


@pytest.mark.parametrize(
    "target",
    [
        *("/", "/report", "/report/", "/report?year=2026&q=a%20b", "/report?next=//other.example", "/a#b", "/a?b#c//d"),
        *(
            "/a?b=https://other.example/",
            "/a//b",
            "/a;b=c",
            "/@me",
            "/a:b",
            "/.well-known/x",
            "/a.b",
            "/...",
            "/..a",
            "/a%2fb",
        ),
        *("/a'b", "/{id}", "/a|b", "/a%zz", "/a?..", "/a?/../b", "/a#/../b", "/a?b=%2e%2e/"),
    ],
)
def test_an_address_on_the_own_origin_is_kept_as_it_is(target: str) -> None:
    for origin in ORIGINS:
        own = f"{origin.scheme}://{origin.host}"
        assert safe_path(target, origin) == target
        assert safe_path(f"{own}{target}", origin) == target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/ünï", "/%C3%BCn%C3%AF"),
        ("/a?q=ü%20b", "/a?q=%C3%BC%20b"),
        ('/a"b?<c>', "/a%22b?%3Cc%3E"),
        ("/\N{PILE OF POO}", "/%F0%9F%92%A9"),
        ("/my report", "/my%20report"),
        ("/search?q=a b&p=C:\\x#\\", "/search?q=a%20b&p=C:%5Cx#%5C"),
        ("/a\\b", "/"),
        ("/a\\?b", "/"),
        ("https://app.test", "/"),
        ("https://app.test/", "/"),
        ("https://app.test?a=b", "/?a=b"),
        ("HTTPS://App.TEST/a", "/a"),
        ("https://app.test:443/a", "/a"),
        ("https://app.test:80/a", "/"),
        ("https://app.test:/a", "/"),
        ("http://app.test/a", "/"),
        ("https://me@app.test/a", "/"),
        ("https://app.test\\a", "/"),
        ("https://app.test\\@evil.example/", "/"),
        ("https://app.test:443@evil.example/", "/"),
        ("https://app.test.evil.example/", "/"),
        ("/" + "a" * 7999, "/" + "a" * 7999),
        ("/" + "a" * 8000, "/"),
        ("/" + "ü" * 1333, "/" + "%C3%BC" * 1333),
        ("/" + "ü" * 1334, "/"),
        ("https://app.test/" + "a" * 7999, "/" + "a" * 7999),
        ("", "/"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_a_return_address_is_encoded_and_not_too_long(target: str, expected: str) -> None:
    assert safe_path(target, ORIGINS[0]) == expected


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/report", "", "/mount/report"),
        ("/report", "a=b&c=%20", "/mount/report?a=b&c=%20"),
        ("", "", "/mount"),
        ("/a b", "", "/mount/a%20b"),
        ("/a?b#c%d", "", "/mount/a%3Fb%23c%25d"),
        ("/ünï", "", "/mount/%C3%BCn%C3%AF"),
        ("/a\r\nb", "", "/mount/a%0D%0Ab"),
        ("/\ud800", "", "/mount/%3F"),
        ("/a", "q=\xfc b\"<>\\#'", "/mount/a?q=%FC%20b%22%3C%3E%5C%23'"),
        ("/a", "q=\u20ac", "/mount/a?q=?"),
    ],
    ids=ascii,
)
def test_the_page_that_was_asked_for_is_written_as_an_address(path: str, query: str, expected: str) -> None:
    request = Asked(path=path, query=query, root_path="/mount")
    found = requested_path(request, Addresses("", 0).origin(request).root_path)
    assert found == expected
    assert safe_path(found, ORIGINS[0]) == expected


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "/\t/evil.example", "/a/../b", "//evil.example/%2f.."]
)
def test_a_hostile_path_that_was_asked_for_leads_nowhere_else(path: str) -> None:
    found = safe_path(requested_path(Asked(path=path), ""), ORIGINS[0])
    assert destination(found, "https://app.test/oauth2/callback") == "https://app.test"
    assert found == "/" or "\\" not in found


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),  # a socket for both kinds of addresses
        ("::1", "::1"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_the_clients_address_is_the_peers_where_no_proxy_is_trusted(peer: str, client: str) -> None:
    asked = Asked(peer=peer, headers={"x-forwarded-for": "203.0.113.9"})
    assert Addresses("", 0).client(asked) == client
