"""What is handed out: the source distribution is the repository, the wheel the package, README's links lead there."""

from __future__ import annotations

import configparser
import email
import email.message
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.documents import README, REPOSITORY, ROOT, page

pytestmark = pytest.mark.uncounted

#: Tracked, and not handed out: it is for git alone.
KEPT_BACK = {".gitignore"}
#: What setuptools adds.
ADDED = re.compile(r"PKG-INFO|oidc_gate\.egg-info/.*")
#: What work leaves behind where it is done; none of it may be handed out.
LITTER = (
    "oidc_gate/__pycache__/gate.cpython-311.pyc",
    "tests/__pycache__/stage.cpython-311.pyc",
    "tests/providers/panva/node_modules/koa/index.js",
    "tests/typing/node_modules/.package-lock.json",
    "tests/screenshots/demo.png",
    ".venv/bin/python",
    ".hypothesis/unicode_data/15.0.0/charmap.json.gz",
    ".coverage",
    "build/lib/oidc_gate/gone.py",
)


def tracked() -> set[str]:
    """Return what git has, or will have: what is new and not ignored counts too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return {name for name in found.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the source distribution, and the wheel that was built from it."""
    if not (ROOT / ".git").exists():
        pytest.skip("there is no repository to compare with")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    for name in LITTER:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("litter")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def wheel(built: Path) -> zipfile.ZipFile:
    (file,) = built.glob("*.whl")
    return zipfile.ZipFile(file)


def metadata(built: Path) -> email.message.Message:
    with wheel(built) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_source_distribution_is_the_repository(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = [PurePosixPath(member.name) for member in archive if member.isfile()]
    found = {PurePosixPath(*name.parts[1:]).as_posix() for name in names}
    assert {name for name in found if not ADDED.fullmatch(name)} == tracked() - KEPT_BACK


def test_the_wheel_is_the_package(built: Path) -> None:
    with wheel(built) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == {name for name in tracked() if name.startswith("oidc_gate/")} | {"pytest_oidc_gate.py"}
    assert "oidc_gate/py.typed" in found
    assert {Path(name).suffix for name in found} == {".js", ".py", ".ts", ".typed"}


def test_the_page_on_the_index(built: Path) -> None:
    said = metadata(built)
    assert said.get_payload(decode=True) == README.encode()
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["License"] == "MIT"
    assert said.get_all("License-File") == ["LICENSE"]
    assert dict(line.split(", ", 1) for line in said.get_all("Project-URL", [])) == urls()


# Links


def urls() -> dict[str, str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return dict(line.split(" = ") for line in setup["metadata"]["project_urls"].strip().splitlines())


def prose(markdown: str) -> str:
    """Return the text without code, in which brackets are no links."""
    return re.sub(r"^ *```.*?^ *```$|`[^`]+`", "", markdown, flags=re.MULTILINE | re.DOTALL)


DEFINED = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", prose(README), re.MULTILINE))
USED = re.findall(r"\[([^\]]+)\](?!\(|: https:)", prose(README))
TARGETS = [*DEFINED.values(), *re.findall(r"\]\(([^)]+)\)", prose(README)), *urls().values()]


def test_each_link_by_name_has_a_target_and_each_target_a_link() -> None:
    assert set(USED) == set(DEFINED)
    assert {"docs/errors.md", "docs/security.md", "docs/sessions.md"} <= set(USED)


@pytest.mark.parametrize("target", TARGETS)
def test_a_link_leads_somewhere_on_the_index_too(target: str) -> None:
    """There a relative one leads nowhere."""
    if target.startswith("#"):
        assert target[1:] in page("README.md").anchors()
        return
    assert target.startswith("https://")
    if target.startswith(REPOSITORY):
        assert (ROOT / target.removeprefix(REPOSITORY).partition("#")[0]).is_file()
    else:
        assert "/oidc-gate" not in target.removeprefix(urls()["Source"]), "another address of the repository"
