"""Requests and answers that two readers could cut in different places, each with what may come of it.

Sources: RFC 9112 (5 to 7, 11), RFC 9110 (5.5, 6.5, 10.1.1, 15), and the ways in which proxies were got around: CL.TE,
TE.CL, TE.TE, CL.0, chunk extensions, bare LF, folded lines, trailers, upgrades (portswigger's and narfindustries'
collections, "Chunked coding converter" cases, funky chunks).
"""

from __future__ import annotations

__all__ = ["ANSWERS", "NOTHING", "REQUESTS", "SECOND"]

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST
TE = b"Transfer-Encoding: chunked\r\n"
CHUNKED = POST + TE + b"\r\n"
LAST = b"0\r\n\r\n"
#: What an attacker wants to have taken for a request, or not to; it ends the connection.
SECOND = b"GET /second HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

#: What the app may see: requests as "METHOD target body-length".
View = tuple[str, ...]
NOTHING: View = ()
_POST: View = ("POST / 0",)
_TWO: View = ("POST / 0", "GET /second 0")
_GETS: View = ("GET / 0", "GET /second 0")
_SECOND: View = ("GET /second 0",)
_CHUNK: View = ("POST / 1", "GET /second 0")


def _length(data: bytes, value: bytes = b"%d") -> bytes:
    return b"Content-Length: " + value % len(data) + b"\r\n"


#: By name: the bytes, and each view that is right. Where nothing but `NOTHING` stands, the request has to be refused.
REQUESTS: dict[str, tuple[bytes, set[View]]] = {
    # Content-Length and Transfer-Encoding
    "CL.TE": (POST + b"Content-Length: 4\r\n" + TE + b"\r\n" + LAST + SECOND, {NOTHING}),
    "TE.CL": (POST + TE + b"Content-Length: 4\r\n\r\n" + LAST + SECOND, {NOTHING}),
    "CL.TE in capitals": (POST + b"CONTENT-LENGTH: 4\r\nTRANSFER-ENCODING: CHUNKED\r\n\r\n" + LAST + SECOND, {NOTHING}),
    "CL.TE of HTTP/1.0": (
        b"POST / HTTP/1.0\r\n"
        + HOST
        + b"Connection: keep-alive\r\nContent-Length: 4\r\n"
        + TE
        + b"\r\n"
        + LAST
        + SECOND,
        {NOTHING},
    ),
    "GET with both": (GET + b"Content-Length: 4\r\n" + TE + b"\r\n" + LAST + SECOND, {NOTHING}),
    "CL.0": (GET + _length(SECOND) + b"\r\n" + SECOND, {("GET / 60",)}),
    "HEAD with a body": (b"HEAD / HTTP/1.1\r\n" + HOST + _length(SECOND) + b"\r\n" + SECOND, {("HEAD / 60",), NOTHING}),
    "no length": (POST + b"\r\n" + SECOND, {_TWO}),
    # Transfer-Encoding in disguise
    **{
        f"TE {name}": (POST + b"Content-Length: 5\r\n" + line + b"\r\n\r\n" + LAST + SECOND, {NOTHING})
        for name, line in {
            "xchunked": b"Transfer-Encoding: xchunked",
            "chunkedx": b"Transfer-Encoding: chunkedx",
            "quoted": b'Transfer-Encoding: "chunked"',
            "blank before the colon": b"Transfer-Encoding : chunked",
            "tab before the colon": b"Transfer-Encoding\t: chunked",
            "blank before the name": b" Transfer-Encoding: chunked",
            "vertical tab": b"Transfer-Encoding: \x0bchunked",
            "form feed": b"Transfer-Encoding: chunked\x0c",
            "NUL": b"Transfer-Encoding: chunked\0",
            "folded": b"Transfer-Encoding:\r\n chunked",
            "folded in the middle": b"Transfer-Encoding: chun\r\n ked",
            "twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "and another": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
            "another first": b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            "identity": b"Transfer-Encoding: identity",
            "in a list": b"Transfer-Encoding: gzip, chunked",
            "last of a list": b"Transfer-Encoding: chunked, identity",
            "with a comma": b"Transfer-Encoding: chunked,",
            "with a parameter": b"Transfer-Encoding: chunked;q=1",
            "empty": b"Transfer-Encoding:",
            "after a bare CR": b"X: y\rTransfer-Encoding: chunked",
            "after a bare LF": b"X: y\nTransfer-Encoding: chunked",
            "after NUL": b"X: y\0Transfer-Encoding: chunked",
            "bare CR": b"Transfer-Encoding: chunked\r",
            "long s": "Tran\u017ffer-Encoding: chunked".encode(),
            "Latin-1": b"Transfer-Encoding: chunked\xa0",
            "in Connection": b"Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
        }.items()
    },
    "TE underscore": (
        POST + b"Content-Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n" + LAST + SECOND,
        {("POST / 5", "GET /second 0"), NOTHING},
    ),
    "TE x-": (
        POST + b"Content-Length: 5\r\nX-Transfer-Encoding: chunked\r\n\r\n" + LAST + SECOND,
        {("POST / 5", "GET /second 0")},
    ),
    "TE tab": (POST + b"Transfer-Encoding:\tchunked\t\r\n\r\n" + LAST + SECOND, {_TWO, NOTHING}),
    "TE mixed case": (POST + b"tRANSFER-eNCODING: cHUNKED\r\n\r\n" + LAST + SECOND, {_TWO}),
    "TE unknown alone": (POST + b"Transfer-Encoding: gzip\r\n\r\n" + LAST + SECOND, {NOTHING}),
    "TE of HTTP/1.0": (b"POST / HTTP/1.0\r\n" + HOST + TE + b"\r\n" + LAST + SECOND, {NOTHING, _POST}),
    "TE of HTTP/1.0, kept alive": (
        b"POST / HTTP/1.0\r\n" + HOST + TE + b"Connection: keep-alive\r\n\r\n" + LAST + SECOND,
        {NOTHING, _POST},
    ),
    # Content-Length in disguise
    **{
        f"CL {name}": (POST + lines + b"\r\n\r\n" + b"abcde" + SECOND, {NOTHING})
        for name, lines in {
            "twice and another": b"Content-Length: 5\r\nContent-Length: 6",
            "twice": b"Content-Length: 5\r\nContent-Length: 5",
            "a list": b"Content-Length: 5, 6",
            "a list of one": b"Content-Length: 5,",
            "a list of the same": b"Content-Length: 5, 5",
            "plus": b"Content-Length: +5",
            "minus": b"Content-Length: -5",
            "minus 0": b"Content-Length: -0",
            "hex": b"Content-Length: 0x5",
            "octal": b"Content-Length: 0o5",
            "underscore in it": b"Content-Length: 0_5",
            "fraction": b"Content-Length: 5.0",
            "exponent": b"Content-Length: 5e0",
            "quoted": b'Content-Length: "5"',
            "blank in it": b"Content-Length: 5 5",
            "empty": b"Content-Length:",
            "blank": b"Content-Length: ",
            "Arabic": "Content-Length: \u0665".encode(),
            "fullwidth": "Content-Length: \uff15".encode(),
            "superscript": b"Content-Length: \xb2",
            "NUL": b"Content-Length: 5\0",
            "huge": b"Content-Length: 18446744073709551621",
            "vast": b"Content-Length: " + b"9" * 400,
            "folded": b"Content-Length:\r\n 5",
            "folded on": b"Content-Length: 5\r\n 6",
            "blank before the colon": b"Content-Length : 5",
            "blank before the name": b" Content-Length: 5",
            "bare CR": b"Content-Length: 5\rX: y",
        }.items()
    },
    "CL with zeros": (POST + b"Content-Length: 0005\r\n\r\nabcde" + SECOND, {("POST / 5", "GET /second 0"), NOTHING}),
    "CL tab": (POST + b"Content-Length:\t5 \r\n\r\nabcde" + SECOND, {("POST / 5", "GET /second 0"), NOTHING}),
    "CL underscore": (POST + b"Content_Length: 5\r\n\r\n" + SECOND, {_TWO, NOTHING}),
    # Chunks
    **{
        f"chunk {name}": (CHUNKED + data + SECOND, {NOTHING})
        for name, data in {
            "hex": b"0x1\r\na\r\n" + LAST,
            "plus": b"+1\r\na\r\n" + LAST,
            "minus": b"-1\r\na\r\n" + LAST,
            "underscore": b"0_1\r\na\r\n" + LAST,
            "empty size": b"\r\na\r\n" + LAST,
            "huge": b"fffffffffffffffff1\r\na\r\n" + LAST,
            "negative by overflow": b"ffffffffffffffff\r\na\r\n" + LAST,
            "NUL": b"1\0\r\na\r\n" + LAST,
            "no CRLF after the data": b"1\r\na" + LAST,
            "two bytes for CRLF": b"1\r\naXX" + LAST,
            "too long": b"1\r\nab\r\n" + LAST,
            "too short": b"5\r\na\r\n" + LAST,
            "bare CR after the size": b"1\ra\r\n" + LAST,
            "not hex": b"g\r\na\r\n" + LAST,
            "blank line first": b"\r\n1\r\na\r\n" + LAST,
        }.items()
    },
    # Either refused, or read as the chunk that it is: what follows is the same for all.
    **{
        f"chunk {name}": (CHUNKED + data + SECOND, {NOTHING, _CHUNK})
        for name, data in {
            "bare LF after the size": b"1\na\r\n" + LAST,
            "bare LF after the data": b"1\r\na\n" + LAST,
            "bare LF at the end": b"1\r\na\r\n0\r\n\n",
            "bare LF everywhere": b"1\na\n0\n\n",
            "blank after the size": b"1 \r\na\r\n" + LAST,
            "blank before the size": b" 1\r\na\r\n" + LAST,
            "zeros before the size": b"0" * 40 + b"1\r\na\r\n" + LAST,
            "extension": b"1;a=b\r\na\r\n" + LAST,
            "extension with blanks": b"1 ; a = b \r\na\r\n" + LAST,
            "extension quoted": b'1;a="b;c"\r\na\r\n' + LAST,
            "extension with CR": b"1;a\rb\r\na\r\n" + LAST,
            "extension with LF": b"1;a\nb\r\na\r\n" + LAST,
            "extension empty": b"1;\r\na\r\n" + LAST,
            "extension with LF and a size": b"1;\n2\r\na\r\n" + LAST,
            "extension with NUL": b"1;\0\r\na\r\n" + LAST,
            "extension long": b"1;" + b"a" * 20000 + b"\r\na\r\n" + LAST,
            "several zeros at the end": b"1\r\na\r\n000\r\n\r\n",
            "extension at the end": b"1\r\na\r\n0;a=b\r\n\r\n",
        }.items()
    },
    # Trailers
    **{
        f"trailer {name}": (CHUNKED + b"1\r\na\r\n0\r\n" + lines + b"\r\n\r\n" + SECOND, {NOTHING, _CHUNK})
        for name, lines in {
            "length": b"Content-Length: 64",
            "coding": b"Transfer-Encoding: chunked",
            "blank before the colon": b"X : y",
            "folded": b"X: y\r\n Z: z",
            "bare LF": b"X: y\nZ: z",
            "no colon": b"GET /third HTTP/1.1",
            "NUL": b"X: \0",
        }.items()
    },
    "trailer host": (CHUNKED + b"1\r\na\r\n0\r\nHost: evil.test\r\n\r\n" + SECOND, {NOTHING, _SECOND, _CHUNK}),
    "trailer connection": (CHUNKED + b"1\r\na\r\n0\r\nConnection: close\r\n\r\n" + SECOND, {("POST / 1",), _CHUNK}),
    # The line, and headers
    **{
        f"line {name}": (line + b"\r\n" + SECOND, {NOTHING})
        for name, line in {
            "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST,
            "HTTP/1.10": b"GET / HTTP/1.10\r\n" + HOST,
            "HTTP/01.1": b"GET / HTTP/01.1\r\n" + HOST,
            "lower case": b"GET / http/1.1\r\n" + HOST,
            "two versions": b"GET / HTTP/1.1 HTTP/1.1\r\n" + HOST,
            "blank in the target": b"GET /a b HTTP/1.1\r\n" + HOST,
            "tab between": b"GET\t/ HTTP/1.1\r\n" + HOST,
            "control character": b"GET /\x01 HTTP/1.1\r\n" + HOST,
            "authority": b"GET 127.0.0.1:80 HTTP/1.1\r\n" + HOST,
            "no slash": b"GET a HTTP/1.1\r\n" + HOST,
            "CONNECT": b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST,
            "lower-case method": b"get\x00 / HTTP/1.1\r\n" + HOST,
            "h2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
        }.items()
    },
    # One request and no more, or none; or one that is refused, and the next.
    "line no version": (b"GET /\r\n" + HOST + b"\r\n" + SECOND, {NOTHING, ("GET / 0",)}),
    "line HTTP/0.9": (b"GET /nine\r\n\r\n" + SECOND, {NOTHING, ("GET /nine 0",)}),
    "line HTTP/2.0": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n" + SECOND, {NOTHING, ("GET / 0",)}),
    "line star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, {NOTHING, _SECOND}),
    **{
        f"header {name}": (GET + line + b"\r\n\r\n" + SECOND, {NOTHING})
        for name, line in {
            "folded": b"X: y\r\n Z: z",
            "folded with a tab": b"X: y\r\n\tZ: z",
            "folded first": b" X: y",
            "bare CR": b"X: y\rZ: z",
            "NUL": b"X: y\0z",
            "no name": b": y",
            "no colon": b"GET /third HTTP/1.1",
            "blank in the name": b"X Y: z",
            "blank before the colon": b"X : y",
            "control character in the name": b"X\x01: y",
            "parenthesis in the name": b"X(: y",
        }.items()
    },
    "header bare LF": (GET + b"X: y\nZ: z\r\n\r\n" + SECOND, {NOTHING}),
    "two hosts": (GET + b"Host: 127.0.0.1\r\n\r\n" + SECOND, {NOTHING, _SECOND}),
    "two hosts, another": (GET + b"Host: evil.test\r\n\r\n" + SECOND, {NOTHING, _SECOND}),
    "no host": (b"GET / HTTP/1.1\r\n\r\n" + SECOND, {NOTHING}),
    "host with a path": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n" + SECOND, {NOTHING, _SECOND}),
    "host with a user": (b"GET / HTTP/1.1\r\nHost: evil@127.0.0.1\r\n\r\n" + SECOND, {NOTHING, _SECOND}),
    "LF alone ends lines": (b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n" + SECOND, {NOTHING}),
    "header line very long": (GET + b"X: " + b"y" * 200_000 + b"\r\n\r\n" + SECOND, {NOTHING, _GETS}),
    "very many headers": (
        GET + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n" + SECOND,
        {NOTHING, _GETS},
    ),
    "absolute": (
        b"GET http://127.0.0.1/a HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND,
        {NOTHING, ("GET /a 0", "GET /second 0")},
    ),
    "absolute, another host": (
        b"GET http://evil.test/a HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND,
        {NOTHING, ("GET /a 0", "GET /second 0")},
    ),
    "fragment": (b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, {NOTHING, ("GET /a 0", "GET /second 0")}),
    "backslash": (b"GET /\\evil HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, {NOTHING, _SECOND}),
    "high bytes in the target": (b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, {NOTHING}),
    "encoded CRLF": (b"GET /%0d%0aX:%20y HTTP/1.1\r\n" + HOST + b"\r\n" + SECOND, {NOTHING, _SECOND}),
    # One after another
    "pipelined": (GET + b"\r\n" + SECOND, {_GETS}),
    "pipelined behind a body": (POST + b"Content-Length: 1\r\n\r\na" + SECOND, {_CHUNK}),
    "blank lines before": (b"\r\n\r\n" + GET + b"\r\n" + SECOND, {_GETS, NOTHING}),
    "after close": (GET + b"Connection: close\r\n\r\n" + SECOND, {("GET / 0",)}),
    "HTTP/1.0": (b"GET / HTTP/1.0\r\n" + HOST + b"\r\n" + SECOND, {("GET / 0",)}),
    "HTTP/1.0 kept alive": (
        b"GET / HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n\r\n" + SECOND,
        {("GET / 0",), _GETS},
    ),
    # Other protocols
    "h2c": (
        GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n" + SECOND,
        {NOTHING, _SECOND},
    ),
    "h2c with a body": (
        POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + _length(SECOND) + b"\r\n" + SECOND,
        {NOTHING},
    ),
    "websocket with a body": (
        GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + _length(SECOND) + b"\r\n" + SECOND,
        {NOTHING},
    ),
    "websocket of another version": (
        GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + SECOND,
        {NOTHING},
    ),
    # Expect
    "expect": (POST + b"Expect: 100-continue\r\n" + _length(SECOND) + b"\r\n" + SECOND, {("POST / 60",)}),
    "expect of a GET": (GET + b"Expect: 100-continue\r\n\r\n" + SECOND, {_GETS}),
    "expect twice": (
        POST + b"Expect: 100-continue\r\nExpect: 100-continue\r\n" + _length(SECOND) + b"\r\n" + SECOND,
        {("POST / 60",)},
    ),
    "expect obfuscated": (
        POST + b"Expect: y 100-continue\r\n" + _length(SECOND) + b"\r\n" + SECOND,
        {("POST / 60",), NOTHING},
    ),
    "expect and chunks": (POST + TE + b"Expect: 100-continue\r\n\r\n1\r\na\r\n" + LAST + SECOND, {_CHUNK}),
}

OK = b"HTTP/1.1 200 OK\r\n"
#: What an attacker who writes an answer wants taken for that of the next request.
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
#: By name: what the app answers to a GET, and the statuses that may come of it; `is_whole` where all of it is good.
ANSWERS: dict[str, tuple[bytes, set[int]]] = {
    "two answers": (OK + b"Content-Length: 2\r\n\r\nok" + EVIL, {200}),
    "two answers in chunks": (OK + TE + b"\r\n2\r\nok\r\n" + LAST + EVIL, {200}),
    "more than its length": (OK + b"Content-Length: 2\r\n\r\nokevil", {200}),
    "both lengths": (OK + b"Content-Length: 2\r\n" + TE + b"\r\n2\r\nok\r\n" + LAST + EVIL, {502}),
    "both lengths, the other way": (OK + TE + b"Content-Length: 2\r\n\r\n2\r\nok\r\n" + LAST + EVIL, {502}),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 6\r\n\r\nok" + EVIL, {502}),
    "length in a list": (OK + b"Content-Length: 2, 2\r\n\r\nok" + EVIL, {502}),
    "length with a plus": (OK + b"Content-Length: +2\r\n\r\nok" + EVIL, {502}),
    "length in hex": (OK + b"Content-Length: 0x2\r\n\r\nok" + EVIL, {502}),
    "no length, an empty one": (OK + b"Content-Length:\r\n\r\nok" + EVIL, {502}),
    "coding unknown": (OK + b"Transfer-Encoding: gzip\r\n\r\nok" + EVIL, {502}),
    "coding twice": (OK + TE + TE + b"\r\n2\r\nok\r\n" + LAST + EVIL, {502}),
    "coding obfuscated": (OK + b"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "coding with a blank": (OK + b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "coding folded": (OK + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "coding of HTTP/1.0": (b"HTTP/1.0 200 OK\r\n" + TE + b"\r\n2\r\nok\r\n" + LAST + EVIL, {502}),
    "204 with a body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil" + EVIL, {204, 502}),
    "204 in chunks": (b"HTTP/1.1 204 No Content\r\n" + TE + b"\r\n4\r\nevil\r\n" + LAST + EVIL, {204, 502}),
    "304 with a body": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil" + EVIL, {304, 502}),
    "304 in chunks": (b"HTTP/1.1 304 Not Modified\r\n" + TE + b"\r\n4\r\nevil\r\n" + LAST + EVIL, {304, 502}),
    "205 with a body": (b"HTTP/1.1 205 Reset Content\r\nContent-Length: 4\r\n\r\nfine" + EVIL, {205, 502}),
    "100 for nothing": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", {200}),
    "101 for nothing": (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + EVIL,
        {502},
    ),
    "103 with a length": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nevil" + OK + b"Content-Length: 2\r\n\r\nok",
        {502, 200},
    ),
    "flood of 1xx": (b"HTTP/1.1 102 Processing\r\n\r\n" * 20_000, {502}),
    "flood of 1xx with headers": (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 10_000, {502}),
    "header that does not end": (OK + b"X: " + b"y" * 400_000, {502}),
    "headers that do not end": (OK + b"X: y\r\n" * 80_000, {502}),
    "header folded": (OK + b"X: y\r\n Z: z\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "header with a bare LF": (OK + b"X: y\nSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "header with a bare CR": (OK + b"X: y\rSet-Cookie: evil=1\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "header with NUL": (OK + b"X: \0\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "header without a name": (OK + b": y\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "header with a blank": (OK + b"X : y\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "status of two digits": (b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", {502}),
    "status of four digits": (b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", {502}),
    "status 000": (b"HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\nok", {502}),
    "reason with a CR": (b"HTTP/1.1 200 O\rK\r\nContent-Length: 2\r\n\r\nok" + EVIL, {502}),
    "HTTP/0.9": (b"ok", {502}),
    "HTTP/2.0": (b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", {502}),
    "LF alone ends lines": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok" + EVIL, {502}),
    "blank lines before": (b"\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", {200, 502}),
    "chunk in hex with 0x": (OK + TE + b"\r\n0x2\r\nok\r\n" + LAST + EVIL, {200, 502}),
    "chunk too long": (OK + TE + b"\r\n2\r\nokevil\r\n" + LAST, {200, 502}),
    "chunk with a bare LF": (OK + TE + b"\r\n2\nok\n0\n\n" + EVIL, {200, 502}),
    "chunk extension with LF": (OK + TE + b"\r\n2;\n4\r\nokev\r\n" + LAST, {200, 502}),
    "trailer that says a length": (OK + TE + b"\r\n2\r\nok\r\n0\r\nContent-Length: 4\r\n\r\nevil" + EVIL, {200}),
    "trailers that do not end": (OK + TE + b"\r\n2\r\nok\r\n0\r\n" + b"X: y\r\n" * 80_000, {200}),
    "split by a header": (OK + b"Content-Length: 2\r\nLocation: /\r\nSet-Cookie: a=\r\n\r\nok" + EVIL, {200}),
    "malformed, and another": (OK + TE + TE + b"\r\n" + EVIL, {502}),
    "status too high, and another": (b"HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n" + EVIL, {502}),
    "Connection: Content-Length": (
        OK + b"Connection: Content-Length\r\nContent-Length: 2\r\n\r\nok" + EVIL,
        {200, 502},
    ),
}
