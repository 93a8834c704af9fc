"""Reads the cases of the installed suite. A text of Python 2 is one of Python 3 here, with a byte in each character."""

from __future__ import annotations

import binascii
import codecs
import copy
import hashlib
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["Offer", "cases"]

#: What is replaced in the sources, line by line.
_REPLACED = (
    (r"^(\s*)print .*$", r"\1pass"),
    (r"^from case.*$|^from autobahn\..*$|^import .*$", ""),
    (r"\bxrange\b", "range"),
    (r"open\(fn, 'rb'\)\.read\(\)", "read_bytes(fn)"),
    (r"\(object, Case, \)", "(Case,)"),
    (r"/ self\.p\.autoFragmentSize$", "// self.p.autoFragmentSize"),
)


class _Binascii:
    @staticmethod
    def b2a_hex(data: str | bytes) -> str:
        return binascii.b2a_hex(data.encode("latin-1") if isinstance(data, str) else data).decode()

    hexlify = b2a_hex


class _Resources:
    @staticmethod
    def resource_filename(_: str, name: str) -> str:
        return str(_folder() / name)


class _Validator:
    """What the suite asks of Autobahn's own: whether a text is valid, and whether it ends where a character does."""

    def reset(self) -> None:
        """Begin anew, as each call does."""

    def validate(self, data: str) -> tuple[bool, bool]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(data.encode("latin-1"))
        except UnicodeDecodeError:
            return False, False
        return True, not decoder.getstate()[0]


class _States:
    STATE_CLOSED, STATE_CONNECTING, STATE_CLOSING, STATE_OPEN = range(4)


class Offer:
    """An offer of permessage-deflate (RFC 7692), as a client makes it."""

    acceptNoContextTakeover = acceptMaxWindowBits = True

    def __init__(self, *, requestNoContextTakeover: bool = False, requestMaxWindowBits: int = 0) -> None:
        self.requestNoContextTakeover = requestNoContextTakeover
        self.requestMaxWindowBits = requestMaxWindowBits

    @property
    def header(self) -> str:
        said = ["permessage-deflate", "client_no_context_takeover", "client_max_window_bits"]
        if self.requestNoContextTakeover:
            said.append("server_no_context_takeover")
        if self.requestMaxWindowBits:
            said.append(f"server_max_window_bits={self.requestMaxWindowBits}")
        return "; ".join(said)


def _folder() -> Path:
    spec = find_spec("autobahntestsuite")
    assert spec is not None
    return Path((spec.submodule_search_locations or [""])[0])


def cases() -> dict[str, Any]:
    """Return the cases' classes by id, like 1.1.1, in the suite's own order."""
    known: dict[str, Any] = {
        "__name__": "autobahn_cases",
        "binascii": _Binascii,
        "pkg_resources": _Resources,
        "hashlib": hashlib,
        "read_bytes": lambda name: Path(name).read_bytes(),
        "copy": copy,
        "os": os,
        "WebSocketProtocol": _States,
        "Utf8Validator": _Validator,
        "PerMessageDeflateOffer": Offer,
        "PerMessageDeflateOfferAccept": Offer,
    }
    folder = _folder() / "case"
    init = (folder / "__init__.py").read_text(encoding="utf-8")
    names = ["case", *re.findall(r"^from (case\w+) import \*", init, re.MULTILINE)]
    names.remove("case9_9_1")  # which never ends, and is in the suite's list for nobody
    for name in names:
        _run(folder / f"{name}.py", known)
    known["Case"].compare = lambda _, one, other: one == other  # not by what pickle makes of them
    _run(folder / "__init__.py", known)
    return {each.__name__[4:].replace("_", "."): each for each in known["Cases"]}


def _run(path: Path, known: dict[str, Any]) -> None:
    text = path.read_text(encoding="latin-1")
    for pattern, new in _REPLACED:
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    text = re.sub(r"^def (test_utf8|test_utf8_incremental|test_encode)\b", r"def _\1", text, flags=re.MULTILINE)
    exec(compile(text, str(path), "exec"), known)
