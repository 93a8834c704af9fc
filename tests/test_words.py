"""The words of the pages: each language says all that the others say, and is had by whoever asks for it."""

from __future__ import annotations

import ast
import json
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from oidc_gate.access.texts import counted
from oidc_gate.words.languages import LANGUAGES, Phrase, best_match, language
from tests.conftest import StageFactory
from tests.patience import in_time

ROOT = Path(__file__).parents[1]
ENGLISH = language("en").texts
OTHERS = LANGUAGES[1:]
#: Where texts are named, by keys that begin so.
SPEAKING = (
    "browser/pages",
    "browser/relogin_script",
    "browser/scripted_pages",
    "gate/error_replies",
    "gate/error_words",
    "gate/kept_forms",
    "gate/refusals",
    "gate/step_up",
)
A_KEY = re.compile(r"(?:title|do|text|refused|error)_\w+|step_up|step_up_(?:asked|came)_\w+|both|either|note|contact")
NO_KEYS = {"error_description", "error_reply"}
#: What is the same in English, and meant so.
SAME = {("fr", "minute"), ("fr", "minutes")}

each_language = pytest.mark.parametrize("tag", OTHERS)


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@each_language
def test_a_language_says_all_that_the_others_say_with_the_same_placeholders(tag: str) -> None:
    texts = language(tag).texts
    assert list(texts) == list(ENGLISH)
    assert {key: placeholders(text) for key, text in texts.items()} == {
        key: placeholders(text) for key, text in ENGLISH.items()
    }


@each_language
def test_no_english_is_left_over(tag: str) -> None:
    texts = language(tag).texts
    same = {(tag, key) for key in texts if spoken(texts[key]) == spoken(ENGLISH[key])}
    assert same == {each for each in SAME if each[0] == tag}
    english = re.compile(r"\b(the|this|you|your|are|sign|again|please|with)\b", re.IGNORECASE)
    assert [key for key, text in texts.items() if english.search(text)] == []


def spoken(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_texts_are_plain_and_end_as_they_do_in_english(tag: str) -> None:
    ends = {"en": ".?", "ja": "\u3002\uff1f", "zh-CN": "\u3002\uff1f", "ar": ".\u061f"}.get(tag, ".?")
    for key, text in language(tag).texts.items():
        assert text == text.strip(), key
        assert "  " not in text, key
        assert not set('<>&"\t\n') & set(text), key
        assert tag == "en" or "'" not in text, key
        assert (text[-1] in ends) == (ENGLISH[key][-1] in ".?"), key


def test_punctuation_is_that_of_each_language() -> None:
    """Lines never begin with a mark in French, nor end with one letter in Polish; others have marks of their own."""
    for key, text in language("fr").texts.items():
        assert not re.search(r"(?<!\u202f)[;?!]|(?<!\u00a0):", text), key
        assert not re.search(r" [;?!:]", text), key
    for tag in ("ja", "zh-CN"):
        for key, text in language(tag).texts.items():
            assert not re.search(r"[\u3040-\u9fff][.,:;?!]", text), (tag, key)
    for key, text in language("pl").texts.items():
        assert not re.search(r"(?<!\w)\w (?!·)", text), key
    for key, text in language("ar").texts.items():
        assert not set(",;?") & set(text), key


def test_every_text_that_is_named_is_there_and_every_other_is_gone() -> None:
    named = {"provider_says"} | {counted(seconds)[1] for seconds in (1, 2, 60, 120, 3600, 7200)}
    for module in SPEAKING:
        for node in ast.walk(ast.parse((ROOT / "oidc_gate" / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and A_KEY.fullmatch(node.value):
                named.add(node.value)
    assert named - NO_KEYS == set(ENGLISH)


def test_a_phrase_may_stand_in_a_phrase() -> None:
    age = Phrase("hours", {"number": "3"})
    said = Phrase("both", {"first": Phrase("step_up_asked_age", {"age": age}), "second": "{x}"})
    assert language("en").say(said) == "not older than 3 hours and {x}"
    assert language("de").say(said) == "vor höchstens 3\u00a0Stunden und {x}"


# Which language


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"),
        ("en-GB, de", "en"),
        ("da, nl;q=0.8, en;q=0.9", "en"),
        ("ja;q=0.1,pl;q=0.2", "pl"),
        ("it ; q=0.5 , fr\t;\tq=0.6", "fr"),
        ("it,fr", "it"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("pt-br", "pt-BR"),
        ("zh", "zh-CN"),
        ("zh-Hans", "zh-CN"),
        ("zh-Hans-SG", "zh-CN"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("ar-EG", "ar"),
        ("fr-x-private", "fr"),
        ("sv", "en"),
        ("sv, *", "en"),
        ("*", "en"),
        ("*;q=0.1, es;q=0.2", "es"),
        ("en;q=0, *", "de"),
        ("en;q=0, de;q=0, *;q=0.5", "fr"),
        ("de;q=0", "en"),
        ("de;q=0, de-AT", "en"),
        ("de, de-AT;q=0", "de"),
        ("pt;q=0, pt-BR", "pt-BR"),
        ("pt, pt-BR;q=0", "en"),
        ("de;q=0.000, nl;q=0.001", "nl"),
        (", ,it,", "it"),
        ("de;q=1.001", "en"),
        ("de;q=-1, fr", "en"),
        ("de;q=0.1234", "en"),
        ("de;q=", "en"),
        ("de;level=1", "en"),
        ("de_DE", "en"),
        ("de-", "en"),
        ("abcdefghi, de", "en"),
        ("d\u00e9", "en"),
        ("de\r\nfr", "en"),
        ("fr, <script>", "en"),
    ],
)
def test_the_language_that_fits_best_is_chosen(header: str, expected: str) -> None:
    assert best_match(header) == expected


@pytest.mark.parametrize("part", ["de", "de,", "a-" * 8, "*;q=0.5,", "de;q=0 ", ";q=", "-", " ", "aa-aa-aa-aa-aa,"])
def test_a_header_that_no_browser_sends_costs_nothing(part: str) -> None:
    assert best_match(f"fr,{part * 100_000}") == "en"
    in_time(lambda: best_match(f"{part * (990 // len(part))}"), 0.1)


@pytest.mark.parametrize(
    ("asked", "loaded"),
    [(None, []), ("en", ["en"]), ("ar", ["ar"]), ("sv", ["en"])],
)
def test_a_language_is_loaded_when_it_is_first_spoken(asked: str | None, loaded: list[str]) -> None:
    """A gate that is imported, made, and that answers a program or redirects, has loaded none."""
    program = f"""
import json, logging, sys, time
from oidc_gate import Settings
from oidc_gate.gate.gate import Gate
import oidc_gate.wsgi
from tests.asked import Asked
logging.disable()
gate = Gate(Settings(issuer_url="https://id.test", client_id="x", client_secret="y", cookie_secret="0123456789abcdefg"))
gate.decide(Asked(headers={{"accept": "application/json"}}))
if {asked!r}:
    sent = {{"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe", "accept-language": {asked!r}}}
    gate.decide(Asked(headers=sent))
print(json.dumps([name[16:] for name in sys.modules if name.startswith("oidc_gate.words.")]))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert sorted(json.loads(found.stdout)) == sorted(loaded + (["languages"] if loaded else []))


def test_a_page_is_in_the_language_of_whoever_asks(stage: StageFactory) -> None:
    here = stage(allow_groups="owners")
    browser = here.browser()
    assert "You may not use this app" in browser.navigate("/").text
    page = browser.get("/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"})
    assert page.status == 403
    assert page.header("Vary") == "accept-language"
    assert '<html lang="de" dir="ltr">' in page.text
    assert "<title>Sie dürfen diese App nicht benutzen</title>" in page.text
    assert "Sie sind als ada@example.com angemeldet" in page.text
    assert re.search(r"Fehler not_allowed\u00a0· Kennung [0-9a-f]{10}", page.text)
    page = browser.get("/", headers={"Accept-Language": "ar"})
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "<bdi>ada@example.com</bdi>" in page.text


def test_each_of_two_people_gets_their_own_language_at_one_address(stage: StageFactory) -> None:
    browser = stage(public_paths="/nothing").browser()
    frame = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    for tag in ("fr", "pl", "fr"):
        page = browser.fetch("/", headers=frame | {"Accept-Language": tag})
        assert (page.status, f'<html lang="{tag}"' in page.text) == (401, True)


def test_programs_are_answered_in_english(stage: StageFactory) -> None:
    here = stage(allow_groups="owners")
    browser = here.browser()
    browser.navigate("/")
    answer = browser.fetch("/", headers={"Accept-Language": "de", "Accept": "application/json"})
    assert answer.status == 403
    assert answer.json()["message"].startswith("You are signed in as ada@example.com, who is not on this app's list.")


def test_what_a_rule_asks_of_a_sign_in_is_told_in_the_readers_language(stage: StageFactory) -> None:
    rule = {"path": "/payroll", "allow": "signed-in", "acr": ["phr", "mfa", "hwk"], "max_age": "10m"}
    here = stage(rules=[rule])
    browser = here.signed_in()
    here.clock.advance(7200 - 1)
    here.provider.usual_acr = "pwd"
    answer = browser.navigate("/payroll", until=here.provider.url("authorize"))
    back = browser.navigate(answer.target, until="https://app.test/oauth2/callback")
    page = browser.get(back.target, headers={"Accept-Language": "de"})
    assert "Ihre Anmeldung reicht für diese Seite nicht aus" in page.text
    assert "eine Anmeldung der Art phr, mfa oder hwk und vor höchstens 10\u00a0Minuten;" in page.text
    assert re.search(r"meldet die Art pwd und eine Anmeldung vor \d+\u00a0\w+\.", page.text)
