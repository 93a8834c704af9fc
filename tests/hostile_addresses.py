"""Return addresses that somebody else might ask for, derived from a few shapes; and a judge of where they lead.

The judge is Ada, the URL parser of Node.js (WHATWG URL): it resolves an address as a browser would, and knows nothing
of the gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

import ada_url

EVIL = "evil.example"

#: What browsers, servers or people have taken for the two slashes before a host.
_SLASHES = (
    *("//", "/\\", "\\/", "\\\\", "///", "////", "/\\/", "\\/\\", "//\\", "/\\\\"),
    *("/\t/", "/\n/", "/\r/", "/\r\n/", "\t//", "\n//", "\r//", " //", "\x00//", "\x01//", "\x1f//", "/ /", "/\x00/"),
    *("/\x0b/", "/\x0c/", "/\x7f/", "/\x85/", "/\xa0/", "/\u2028/", "/\ufeff/", "/\u200b/", "\u200b//", "\ufeff//"),
    *("/\t\\", "/\n\\", "\\\t\\", "/\t\t/", "\t/\t/\t"),
    *("/%09/", "/%0a/", "/%0d/", "/%00/", "/%20/", "/%5c", "/%5C/", "/%2f", "/%2F/", "%2f%2f", "%5c%5c", "/%252f/"),
    *("/\u2215/", "/\u2044/", "/\uff0f", "\uff0f\uff0f", "/\u29f8/", "/\uff3c", "\uff3c\uff3c", "/\u3002/", "/\ufe68"),
    *(
        "/.//",
        "/..//",
        "/./\\",
        "/../\\",
        "/%2e//",
        "/%2e%2e//",
        "/.%2e//",
        "/%2E%2E/%2f",
        "/x/..//",
        "/x/../\\",
        "/.\t//",
    ),
    *("/;//", "/;@", "//;@", "/@", "//@", "/:@", "//:@", "//x:y@", "//x@y@", "/?//", "/#//", "/;/../..//", "/..;//"),
    *("/x//", "/&//", "//?", "//#", "/:", "//:80@", "//app.test@", "//app.test:80@", "//app.test\\@", "//app.test%40"),
)

#: Hosts, in all the ways of writing one.
_HOSTS = (
    *(
        EVIL,
        "EVIL.EXAMPLE",
        "evil%2eexample",
        "evil\u3002example",
        "evil\uff0eexample",
        "\u24d4vil.example",
        "xn--evil",
    ),
    *(
        "evil.example.",
        "evil.example:443",
        "evil.example\\@app.test",
        "evil.example#@app.test",
        "evil.example?@app.test",
    ),
    *(
        "[::1]",
        "[::ffff:7f00:1]",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "%65vil.example",
        "app.test.evil.example",
    ),
)

#: Schemes that lead away or run, with what may stand inside and before them.
_SCHEMES = (
    *("http:", "https:", "HTTPS:", "hTTpS:", "ht\ttps:", "h\nttps:", " https:", "\x00https:", "\thttps:", "https\t:"),
    *(
        "javascript:",
        "JavaScript:",
        "java\tscript:",
        "java\nscript:",
        " javascript:",
        "\x01javascript:",
        "javascript\t:",
    ),
    *("data:text/html,", "vbscript:", "file:", "ftp:", "ws:", "wss:", "blob:", "mailto:", "view-source:", "about:"),
    *("//javascript:", "/javascript:", "x:", "http:x:", "https:@", "https:;@", "https://app.test@", "tel:", "intent:"),
)
_AFTER_SCHEME = (
    "//evil.example",
    "/evil.example",
    "evil.example",
    "\\\\evil.example",
    "///evil.example",
    "alert(1)",
    "",
)

#: What follows our own origin so that it is ours no longer.
_OUTGROWTHS = (
    *(".evil.example", "@evil.example", ":x@evil.example", ":80@evil.example", "evil.example", "%2eevil.example"),
    *(
        "%40evil.example",
        "\\@evil.example",
        "\\.evil.example",
        "\t.evil.example",
        "\u3002evil.example",
        "\uff0eevil.example",
    ),
    *(
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/..//evil.example",
        "/%2e%2e//evil.example",
        ":8443/",
        ":1",
    ),
    *(
        "-evil.example/",
        "_",
        "\x00.evil.example",
        "\u200b.evil.example",
        "\xad.evil.example",
        ":evil.example",
        ".",
        ":",
        "%",
    ),
)

#: Paths on our own origin that something between browser and app might resolve in its own way, or that split headers.
_PATHS = (
    *("/..", "/../", "/a/../b", "/a/..", "/.", "/a/.", "/./a", "/%2e", "/%2e%2e/a", "/a/.%2e/b", "/a/%2E./b"),
    *(
        "/a\r\nset-cookie: x=y",
        "/a\nb",
        "/a\rb",
        "/a\tb",
        "/a b",
        "/a\x00b",
        "/a\x7fb",
        "/a\\b",
        "/a?b\\c",
        "/a?b c",
        "/a#\n",
    ),
    *("", " ", "a", "a/b", "./a", "../a", "?a", "#a", ";a", ".", "..", "%2f", "%2fa", "\\", "\\a", "@", ":", "*"),
)


def hostile(own: str) -> list[str]:
    """Return addresses none of which may be followed as it is, as seen from the origin `own`."""
    return list(dict.fromkeys(_all(own)))


def _all(own: str) -> Iterator[str]:
    for slashes, host in product(_SLASHES, _HOSTS):
        yield f"{slashes}{host}"
    for slashes in _SLASHES:
        yield f"{slashes}{EVIL}/path?query#fragment"
    for scheme, after in product(_SCHEMES, _AFTER_SCHEME):
        yield f"{scheme}{after}"
    for outgrowth in _OUTGROWTHS:
        yield f"{own}{outgrowth}"
        yield f"{own.upper()}{outgrowth}"
    for slashes in ("//", "/\\", "\\\\", "https://"):
        once = quote(f"{slashes}{EVIL}", safe="")
        yield from (once, quote(once, safe=""), f"/{once}", f"/{quote(once, safe='')}")
    yield from _PATHS
    yield "/" + "a" * 3000
    yield "/" + "\N{PILE OF POO}" * 500
    yield from ("/\ud800//evil.example", "//\ud800evil.example", "\ud800")


def destination(address: str, base: str) -> str:
    """Return the origin that a browser at `base` would go to, or `""` where it would go nowhere."""
    try:
        return ada_url.URL(address.encode("utf-8", "replace").decode(), base=base).origin
    except ValueError:
        return ""
