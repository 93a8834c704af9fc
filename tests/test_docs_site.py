"""The documents as a site: it builds without a warning, reads as GitHub does, and asks no other server for anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from difflib import unified_diff
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.documented import site
from tests.documents import DOCS, REPOSITORY, ROOT, Page, page, pages, reader

pytestmark = pytest.mark.uncounted

PAGES = pages(DOCS)


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site in this folder as `make docs` does."""
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    done.stdout = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    done = build(folder)
    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout
    return folder / "build" / "site"


def place(site: Path, document: Page) -> Path:
    """Return the file that a document becomes."""
    below = document.path.relative_to(ROOT / "docs")
    return site / (below.parent / "index.html" if below.stem == "README" else below.with_suffix(".html"))


def test_every_link_and_anchor_of_the_site_leads_somewhere(built: Path) -> None:
    assert site.broken(built) == []


def test_the_site_asks_no_other_server_for_anything(built: Path) -> None:
    """A repository that is named in `zensical.toml` would have GitHub asked for its stars."""
    assert site.loaded_from_elsewhere(built) == []
    assert "repo_url" not in (ROOT / "zensical.toml").read_text(encoding="utf-8")
    assert [document.name for document in PAGES if document.blocks("mermaid")] == []


class Structure(HTMLParser):
    """The words of a page, and how they are put: headings, lists, tables, code. Of a page of the site: its article."""

    SHOWN = frozenset(
        (
            "li",
            "ul",
            "ol",
            "pre",
            "table",
            "tr",
            "td",
            "th",
            "h1",
            "h2",
            "h3",
            "h4",
            "blockquote",
            "em",
            "strong",
            "code",
        )
    )
    ENDS = frozenset(("li", "ul", "ol"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = "<article" not in html
        self._within: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inside = self._inside or tag == "article"
        if tag == "pre" or given.get("class") in ("filename", "headerlink"):
            self._within.append(tag)
        in_code = tag == "code" and self._within == ["pre"]
        if self._inside and tag in self.SHOWN and self._within in ([], ["pre"]) and not in_code:
            self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._inside = False
        if self._within and self._within[-1] == tag:
            self._within.pop()
        if self._inside and tag in self.ENDS:
            self.found.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self._inside and not self._within:
            self.found += data.split()


@pytest.mark.parametrize("document", PAGES, ids=str)
def test_the_site_reads_a_page_as_github_does(document: Page, built: Path) -> None:
    """What is in a list must be indented by four, a list has a blank line before it, and so on."""
    on_github = Structure(reader().render(document.text)).found
    on_site = Structure(place(built, document).read_text(encoding="utf-8")).found
    assert on_github
    names = [str(block) for block in document.blocks() if block.language and not block.title and block.more]
    assert names == [], 'a block\'s name is written so: ```python title="app.py"'
    assert list(unified_diff(on_github, on_site, "GitHub", "the site", lineterm="")) == []


@pytest.mark.parametrize("document", PAGES, ids=str)
def test_an_anchor_of_github_is_one_of_the_site(document: Page, built: Path) -> None:
    ids = set(re.findall(r'id="([^"]+)"', place(built, document).read_text(encoding="utf-8")))
    assert document.anchors() - ids == set()


def in_navigation(entries: Any) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            (inner,) = entry.values()
            yield from in_navigation([inner] if isinstance(inner, str) else inner)


def test_every_page_is_in_the_navigation_once() -> None:
    """A page in one of the folders comes there by `make docs`, any other by hand: `zensical.toml`."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    assert sorted(in_navigation(nav)) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in DOCS)


@pytest.mark.parametrize(
    ("target", "said"), [("gone.md", "page does not exist"), ("README.md#gone", "anchor does not exist"), ("", "")]
)
def test_the_build_fails_on_a_broken_link(target: str, said: str, tmp_path: Path) -> None:
    config = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    (tmp_path / "zensical.toml").write_text(re.sub(r"^nav = \[.*?^\]\n", "", config, flags=re.MULTILINE | re.DOTALL))
    shutil.copytree(ROOT / "docs" / "assets", tmp_path / "docs" / "assets")
    (tmp_path / "docs" / "README.md").write_text(f"# One page\n\n[a link]({target or 'README.md#one-page'})\n")
    done = build(tmp_path)
    assert (done.returncode != 0) == bool(target), done.stdout
    assert said in done.stdout


# Links as GitHub, and the package index, follow them


@pytest.mark.parametrize("document", pages(), ids=str)
def test_every_link_of_a_document_leads_somewhere(document: Page) -> None:
    """From docs/ to a file beside it with the whole address: on the site that is another place."""
    wrong = []
    for target in document.links():
        name, _, anchor = target.partition("#")
        if name.startswith(REPOSITORY):
            path = ROOT / name.removeprefix(REPOSITORY)
        elif "://" in target or target.startswith("mailto:"):
            if not site.is_well_formed(target):
                wrong.append(target)
            continue
        else:
            path = (document.path.parent / name).resolve() if name else document.path
            if "docs" in document.path.parts and not path.is_relative_to(ROOT / "docs"):
                wrong.append(f"{target}: not on the site; write {REPOSITORY}…")
        if not path.exists() or (anchor and anchor not in page(path.relative_to(ROOT).as_posix()).anchors()):
            wrong.append(target)
    assert wrong == []
