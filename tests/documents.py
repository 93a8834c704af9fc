"""What stands in the documents, for tests that do as they say: pages as GitHub reads them, and their blocks of code.

`tests/test_docs_site.py` holds the site against the same reading.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["DOCS", "README", "REPOSITORY", "ROOT", "Block", "Page", "block", "page", "pages", "reader"]

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Where files of the repository that are no pages of the site are linked to.
REPOSITORY = "https://github.com/oidc-gate/oidc-gate/blob/main/"
#: The documents that the site is made of, and all others that people read.
DOCS = sorted((ROOT / "docs").rglob("*.md"))
OTHERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"] + [
    path for folder in ("examples", "benchmarks") for path in sorted((ROOT / folder).rglob("*.md"))
]
_A_COMMENT = re.compile(r"\s*<!--\s*(.*?)\s*-->\s*", re.DOTALL)
#: A comment that speaks of all blocks of its page that have none of their own.
_OF_ALL = re.compile(r"<!--\s*blocks ((?:run by|not run:) .*?)\s*-->", re.DOTALL)
_A_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A block of code: in which page and line, below which heading, and what a comment says of it.

    That stands just above it, or speaks of all blocks of the page. `more` is what stands behind the language.
    """

    page: str
    line: int
    section: str
    language: str
    title: str
    more: str
    note: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A document. `name` is its path in the repository."""

    name: str
    text: str

    @property
    def path(self) -> Path:
        return ROOT / self.name

    def __str__(self) -> str:
        return self.name

    def blocks(self, language: str | None = None) -> list[Block]:
        """Return its blocks of code, those in lists too; of one language, if that is given."""
        found = list(_blocks(self))
        return found if language is None else [each for each in found if each.language == language]

    def titled(self, title: str) -> str:
        """Return the text of the one block with this title."""
        (found,) = [each.text for each in self.blocks() if each.title == title]
        return found

    def links(self) -> list[str]:
        """Return the targets of its links and pictures, in their order, each as often as it stands there."""
        return list(_links(reader().parse(self.text)))

    def anchors(self) -> set[str]:
        """Return the anchors of its headings as GitHub makes them, and those that are given by hand."""
        given = set(re.findall(r'<a id="([^"]+)">', self.text))
        seen: Counter[str] = Counter()
        for _, heading in _headings(reader().parse(self.text)):
            slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            given.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
        return given


@cache
def reader() -> MarkdownIt:
    """Return a reader of Markdown as GitHub has it."""
    return MarkdownIt("gfm-like", {"linkify": False})


def page(name: str) -> Page:
    """Return the document at this path of the repository."""
    return Page(name, (ROOT / name).read_text(encoding="utf-8"))


def pages(paths: list[Path] | None = None) -> list[Page]:
    """Return these documents; by default all that people read."""
    return [page(path.relative_to(ROOT).as_posix()) for path in paths or [*OTHERS, *DOCS]]


def block(heading: str) -> str:
    """Return the first block of code below this heading of the README."""
    found = next((each for each in page("README.md").blocks() if each.section == heading), None)
    assert found is not None, heading
    return found.text


def _blocks(document: Page) -> Iterator[Block]:
    section, of_all = "", _OF_ALL.search(document.text)
    before: Token | None = None
    for token, following in _in_pairs(reader().parse(document.text)):
        if token.type == "heading_open" and following is not None:
            section = _text(following)
        if token.type == "fence" and token.map is not None:
            comment = _A_COMMENT.fullmatch(before.content) if before is not None else None
            language, _, more = token.info.partition(" ")
            title = _A_TITLE.search(more)
            yield Block(
                document.name,
                token.map[0] + 1,
                section,
                language,
                title[1] if title else "",
                more,
                comment[1] if comment else of_all[1] if of_all else "",
                token.content,
            )
        before = token


def _in_pairs(tokens: list[Token]) -> Iterator[tuple[Token, Token | None]]:
    return zip(tokens, [*tokens[1:], None], strict=True)


def _headings(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    for token, following in _in_pairs(tokens):
        if token.type == "heading_open" and following is not None:
            yield token.tag, _text(following)


def _text(inline: Token) -> str:
    return "".join(each.content for each in inline.children or () if each.type in ("text", "code_inline"))


def _links(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        target = token.attrs.get({"link_open": "href", "image": "src"}.get(token.type, ""))
        if target is not None:
            yield str(target)
        yield from _links(token.children or [])
