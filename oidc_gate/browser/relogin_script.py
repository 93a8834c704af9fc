"""The script with which a page signs in again in a pop-up: `relogin.js`, in each language.

What is served is one text for each language, the same for everybody, so that a page can name its hash (Subresource
Integrity) and browsers can keep it. Its language stands in its address, for Accept-Language would make the hash another
from reader to reader; all of them together would be too long.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import cache
from hashlib import sha384
from typing import NamedTuple

from oidc_gate.sealing import to_url
from oidc_gate.words import best_match, language

__all__ = ["Script", "relogin_script"]

#: What its bar says, as keys of `words`, in the order in which the script has them; then the language's tag.
_SAID = ("title_sign_in", "title_session_ended", "title_session_ending", "do_sign_in", "do_close")
#: So many characters of the hash tell one version from another.
_VERSION = 12


class Script(NamedTuple):
    """The script in one language: its text; its hash, as the attribute `integrity` has it; and a part of that."""

    body: bytes
    integrity: str
    version: str


def relogin_script(lang: str) -> Script:
    """Return the script in the language that fits this tag best: English for `""`, and for one that there is not."""
    return _script(best_match(lang))


@cache
def _script(tag: str) -> Script:
    from importlib.resources import files  # late: nobody else needs it

    source = files("oidc_gate.browser").joinpath("relogin.js").read_text(encoding="utf-8")
    said = [*(language(tag).texts[key] for key in _SAID), tag]
    lines = [line.strip() for line in source.splitlines()]
    kept = _tight("\n".join(line for line in lines if line and not line.startswith("//")))
    body = kept.replace("WORDS", json.dumps(said, ensure_ascii=False, separators=(",", ":")), 1).encode()
    digest = b64encode(sha384(body).digest()).decode()
    return Script(body, f"sha384-{digest}", to_url(digest[:_VERSION]))


def _tight(source: str) -> str:
    """Return the script without the spaces beside punctuation, and the ends of lines that end no statement.

    What is between quotes stays as it is.
    """
    return "".join(part if part.startswith('"') else _SPACED.sub(r"\1\2", part) for part in _QUOTED.split(source))


_QUOTED = re.compile(r'("[^"\n]*")')
_SPACED = re.compile(r" ?([{(,]|=>)\n|\n(?=[)}])| ?([^\w\s]) ?")
