"""The corpus: inputs that took a path through the gate which none before them took, kept from one run to the next.

`corpus/NAME.txt` holds those of a target, one a line, as JSON strings of its bytes (Latin-1). Each process has keys, a
provider and a session of its own; what only it knows is kept by its name (`<session>`), and put in anew when read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

__all__ = ["Words", "keep", "kept"]

FOLDER = Path(__file__).with_name("corpus")

#: What only this process knows, by name; what holds another of them comes before it.
Words = dict[str, str]


def kept(name: str, words: Words) -> list[bytes]:
    """Return the inputs that are kept of a target, with this process's words."""
    file = FOLDER / f"{name}.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return [_exchanged(json.loads(line), {f"<{key}>": word for key, word in words.items()}) for line in lines]


def keep(name: str, found: Iterable[bytes], words: Words) -> int:
    """Add what was found, without this process's words; return how many are new."""
    names = {word: f"<{key}>" for key, word in words.items()}
    before = set(kept(name, {}))
    after = before | {_exchanged(data.decode("latin-1"), names) for data in found}
    lines = sorted(json.dumps(data.decode("latin-1")) for data in after)
    (FOLDER / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    return len(after - before)


def _exchanged(text: str, pairs: dict[str, str]) -> bytes:
    for old, new in pairs.items():
        text = text.replace(old, new)
    return text.encode("latin-1")
