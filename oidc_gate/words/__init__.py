"""What the gate's pages say, in each language.

Modules, from the ground up; each may import only from those before it:

- `en`, `de`, `fr`, `es`, `it`, `pt_br`, `nl`, `pl`, `ja`, `zh_cn`, `ar`: the texts of one language, by key
- `languages`: which languages there are, and which of them a browser asks for

May import: nothing.
"""

from oidc_gate.words.languages import Language, Phrase, Said, best_match, english, language

__all__ = ["Language", "Phrase", "Said", "best_match", "english", "language"]
