"""One target under atheris, with the corpus in a folder: `python -m tests.fuzz` starts it, for libFuzzer never returns.

`python -m tests.fuzz.harness NAME FOLDER [libFuzzer's options]` puts the seeds and what is kept into the folder, and
this process's words into `FOLDER.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["oidc_gate"]):
    from tests.fuzz.corpus import kept
    from tests.fuzz.targets import TARGETS, own_words, seeds


def main() -> None:
    name, folder = sys.argv.pop(1), Path(sys.argv.pop(1))
    words = own_words()
    folder.with_suffix(".json").write_text(json.dumps(words))
    for number, data in enumerate([*seeds(name), *kept(name, words)]):
        (folder / f"known-{number}").write_bytes(data)
    atheris.Setup([*sys.argv, str(folder)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
