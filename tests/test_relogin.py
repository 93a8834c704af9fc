"""What a page's own scripts sign in again with: `relogin.js`, the page `done`, and what `userinfo` says of the end."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from urllib.parse import urlencode

import pytest

from oidc_gate.browser.relogin_script import relogin_script
from oidc_gate.words.languages import LANGUAGES, language
from tests.answers import Answer
from tests.conftest import StageFactory
from tests.documents import ROOT
from tests.providers.local import LocalProvider
from tests.stage import is_login, query

SOURCE = ROOT / "oidc_gate" / "browser" / "relogin.js"
#: What the bar says.
SAID = ("title_sign_in", "title_session_ended", "title_session_ending", "do_sign_in", "do_close")
#: As a script's pop-up asks for a login.
POP_UP = urlencode({"page": 1, "next": "/oauth2/done"})

# The script


def test_the_script_is_served_to_anybody_and_kept_by_its_hash(stage: StageFactory) -> None:
    browser = stage().browser()
    answer = browser.fetch("/oauth2/relogin.js")
    assert (answer.status, answer.header("Content-Type")) == (200, "text/javascript; charset=utf-8")
    assert (answer.header("Cache-Control"), answer.header("X-Content-Type-Options")) == ("no-cache", "nosniff")
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(answer.body).digest()).decode()
    assert answer.header("ETag") == f'"{integrity}"'
    again = browser.fetch("/oauth2/relogin.js", headers={"If-None-Match": f'W/"x", "{integrity}"'})
    assert (again.status, again.body, again.header("ETag")) == (304, b"", f'"{integrity}"')
    assert browser.fetch("/oauth2/relogin.js", headers={"If-None-Match": '"sha384-x"'}).status == 200
    assert browser.request("HEAD", "/oauth2/relogin.js").header("ETag") == f'"{integrity}"'
    refused = browser.request("POST", "/oauth2/relogin.js")
    assert (refused.status, refused.header("Allow")) == (405, "GET, HEAD")


def test_an_address_with_its_version_is_good_for_ever_and_one_with_another_is_not(stage: StageFactory) -> None:
    browser = stage().browser()
    version = relogin_script("de").version
    assert re.fullmatch(r"[\w-]{12}", version)
    answer = browser.fetch(f"/oauth2/relogin.js?lang=de&v={version}")
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"
    for text in (f"v={version}", "lang=de&v=another", "lang=de", "&".join(f"a{number}=" for number in range(20))):
        assert browser.fetch(f"/oauth2/relogin.js?{text}").header("Cache-Control") == "no-cache"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_script_speaks_each_language_and_is_short(tag: str) -> None:
    script = relogin_script(tag)
    assert len(script.body) < 4096
    for key in SAID:
        assert f'"{language(tag).texts[key]}"'.encode() in script.body
    assert script.body.count(f'"{tag}"'.encode()) == 1


@pytest.mark.parametrize(
    ("asked", "spoken"), [("", "en"), ("tlh", "en"), ("pt", "pt-BR"), ("de-AT", "de"), ("<x>", "en")]
)
def test_a_language_that_there_is_not_has_the_next_one(stage: StageFactory, asked: str, spoken: str) -> None:
    answer = stage().browser().fetch("/oauth2/relogin.js?" + urlencode({"lang": asked}))
    assert answer.body == relogin_script(spoken).body


def test_nothing_but_comments_and_needless_spaces_is_left_out() -> None:
    """Where a text went over two lines, or held what looks like a comment, that would be another text."""
    stripped = [line.strip() for line in SOURCE.read_text(encoding="utf-8").splitlines()]
    source = [line for line in stripped if line and not line.startswith("//")]
    words = json.dumps([*(language("en").texts[key] for key in SAID), "en"], separators=(",", ":"))
    code = "\n".join(source).replace("WORDS", words)
    body = relogin_script("").body.decode()
    for part in (r"\w+", r'"[^"\n]*"', r"\S"):
        assert re.findall(part, body) == re.findall(part, code)
    left = iter(re.findall(r"\w|\S|\n", body))
    token = next(left)
    for before, each, after in zip(" " + code, code, code[1:] + " ", strict=False):
        if each == token:
            token = next(left, "")
        elif each != " ":
            assert (each, before in "{(,>" or after in ")}") == ("\n", True), "the end of a statement"
    assert not re.search(r"[`']|([+-]) ?\1 ?\1|[+-] [+-]|//", code)


# The pop-up's login


def runs_only(page: Answer, wanted: str) -> None:
    """Check that a page's one script is this, that its policy allows no other, and that it says nothing of anybody."""
    (script,) = re.findall("<script>(.*?)</script>", page.text)
    assert script == wanted
    source = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.header("Content-Security-Policy")
    assert re.findall(r"script-src ([^;]*)", policy) == [f"'sha256-{source}'"]
    assert "default-src 'none'" in policy
    assert page.header("Cache-Control") == "no-store"
    assert not any(word in page.text for word in ("ada", "Ada", "session_id", "sub"))


def test_a_login_for_the_pop_up_forces_nothing_and_ends_at_a_page_that_tells_the_others(
    stage: StageFactory, provider: LocalProvider
) -> None:
    browser = stage().browser()
    sent = browser.get(f"/oauth2/login?{POP_UP}&auth_id=default")
    assert is_login(sent, provider)
    assert "prompt" not in query(sent.target)
    page = browser.navigate(sent.target)
    assert (page.status, page.url) == (200, "https://app.test/oauth2/done")
    assert "You are signed in" in page.text
    assert "You can close this window." in page.text
    runs_only(page, 'new BroadcastChannel("oidc_gate").postMessage("signed-in");close()')


def test_the_page_after_signing_out_tells_the_others_too(stage: StageFactory) -> None:
    page = stage().signed_in().navigate("/oauth2/logout")
    assert "You are signed out" in page.text
    runs_only(page, 'new BroadcastChannel("oidc_gate").postMessage("signed-out")')


def test_the_page_is_for_whoever_is_signed_in_alone(stage: StageFactory, provider: LocalProvider) -> None:
    """Without a session it is a page as any other: nobody is told that they are signed in who are not."""
    browser = stage().browser()
    assert is_login(browser.get("/oauth2/done"), provider)
    assert browser.fetch("/oauth2/done").json()["error"] == "login_required"
    assert browser.navigate("/oauth2/done").url == "https://app.test/oauth2/done"


def test_a_browser_that_keeps_no_session_does_not_go_round_in_circles(stage: StageFactory) -> None:
    page = stage(auth_cookie_domain="other.example").browser().navigate("/oauth2/done")
    assert "Signing in goes round in circles" in page.text


def test_someone_whom_the_lists_do_not_let_pass_is_signed_in_all_the_same(stage: StageFactory) -> None:
    """The page that waits loads itself anew, and says who may not pass."""
    browser = stage(allow_groups="owners").browser()
    assert "You are signed in" in browser.navigate(f"/oauth2/login?{POP_UP}").text
    assert browser.fetch("/oauth2/userinfo").status == 403


def test_the_pop_up_leads_to_nowhere_but_that_page(stage: StageFactory) -> None:
    """What a script asks for is what anybody could ask for, and is judged as that."""
    for target in ("https://evil.example/done", "//evil.example/oauth2/done", "/\\evil.example"):
        page = stage().browser().navigate("/oauth2/login?" + urlencode({"page": 1, "next": target}))
        assert page.url == "https://app.test/"


# When the session ends


def test_userinfo_tells_how_long_the_session_goes_on_when_nobody_uses_it(stage: StageFactory) -> None:
    here = stage(idle_session_timeout="10m", max_session_duration="1h")
    ada = here.signed_in()
    left = []
    for seconds in (0, 200, 300):
        here.clock.advance(seconds)
        left.append(ada.fetch("/oauth2/userinfo").json()["ends_in"])
    assert left == [600, 400, 100]  # asking is no use
    ada.fetch("/")
    assert ada.fetch("/oauth2/userinfo").json()["ends_in"] == 600
    for _ in range(5):
        here.clock.advance(595)
        ada.fetch("/")
    assert ada.fetch("/oauth2/userinfo").json()["ends_in"] == 3600 - 500 - 5 * 595
    here.clock.advance(3600)
    assert ada.fetch("/oauth2/userinfo").status == 401


def test_a_session_without_ends_is_told_as_one(stage: StageFactory) -> None:
    ada = stage(max_session_duration=0, idle_session_timeout=0).signed_in()
    assert ada.fetch("/oauth2/userinfo").json()["ends_in"] is None
