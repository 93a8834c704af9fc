"""Pages of the operator's own: a name, a logo, a colour, whom to ask, a template; and what is refused of these."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.browser import Pages
from oidc_gate.browser.layout import _STYLE
from oidc_gate.decisions import Reply
from oidc_gate.gate.gate import Gate
from oidc_gate.settings.colors import contrast, read_color, shades
from tests import documents
from tests.asked import Asked
from tests.test_settings import LOGO, REQUIRED, TEMPLATE

ROOT = Path(__file__).parents[1]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 100
FRAME = Asked(headers={"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"})
TURBO = Asked(headers={"turbo-frame": "x"})
#: What a template cannot do without.
NEEDED = "<html lang=$lang dir=$dir><title>$title</title><h1>$heading</h1>$body $action $note"


def gate(**settings: Any) -> Gate:
    return Gate(Settings(**REQUIRED, **settings))


def page(gate: Gate, request: Asked = FRAME) -> Reply:
    answer = gate.decide(request)
    assert isinstance(answer, Reply)
    return answer


def error(gate: Gate, language: str = "") -> Reply:
    request = Asked("/oauth2/callback", headers={"accept": "text/html", "accept-language": language})
    return page(gate, request)


def policy(reply: Reply) -> dict[str, str]:
    text = dict(reply.headers)["content-security-policy"]
    return dict(part.strip().split(" ", 1) for part in text.split(";"))


def refused(**settings: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings(**REQUIRED, **settings)
    return str(caught.value)


def hashes(*sheets: str) -> str:
    return " ".join(f"'sha256-{b64encode(sha256(sheet.encode()).digest()).decode()}'" for sheet in sheets)


# Whose pages they are


def test_the_name_stands_above_the_heading_and_in_the_title() -> None:
    shown = page(gate(brand_name="Acme & <Sons>")).body.decode()
    assert '<p class="brand">Acme &amp; &lt;Sons&gt;</p><h1>Please sign in</h1>' in shown
    assert "<title>Please sign in · Acme &amp; &lt;Sons&gt;</title>" in shown


@pytest.mark.parametrize(("name", "alt"), [("Acme & Sons", "Acme &amp; Sons"), (None, "")])
def test_a_logo_is_part_of_the_page_and_is_called_as_the_brand_is(name: str | None, alt: str) -> None:
    reply = page(gate(brand_logo=LOGO, brand_name=name))
    (found,) = re.findall(
        r'<p class="brand"><img src="data:image/svg\+xml;base64,([\w+/=]+)" alt="(.*?)"></p>', reply.body.decode()
    )
    assert (b64decode(found[0]), found[1]) == (Path(LOGO).read_bytes(), alt)
    assert policy(reply)["img-src"] == "data:"
    assert "img-src" not in policy(page(gate(brand_name=name)))


def test_a_png_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(PNG)
    assert b"data:image/png;base64," in page(gate(brand_logo=tmp_path / "logo.svg")).body


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("IT <desk>, room 4", "For help: <bdi>IT &lt;desk&gt;, room 4</bdi>"),
        ("mailto:it@a.test", 'For help: <a href="mailto:it@a.test">it@a.test</a>'),
        ("mailto:it@a.test?cc=a&body=b", 'For help: <a href="mailto:it@a.test?cc=a&amp;body=b">it@a.test</a>'),
        ("https://a.test/?b=1&c", 'For help: <a href="https://a.test/?b=1&amp;c">https://a.test/</a>'),
        ("javascript:alert(1)", "For help: <bdi>javascript:alert(1)</bdi>"),
    ],
)  # fmt: skip
def test_error_pages_say_whom_to_ask(contact: str, shown: str) -> None:
    branded = gate(brand_contact=contact)
    assert f'<p class="soft">{shown}</p></footer>' in error(branded).body.decode()
    assert "For help" not in page(branded).body.decode()
    assert "Hilfe: " in error(branded, "de").body.decode()


def test_buttons_have_the_brands_colour_and_a_tint_of_it_in_dark_pages() -> None:
    shown = page(gate(brand_color="#036")).body.decode()
    light, dark = shades("#003366")
    assert light == "#003366"
    assert f"{_STYLE}:root{{--act:{light}}}@media(prefers-color-scheme:dark){{:root{{--act:{dark}}}}}</style>" in shown
    assert "".join(re.findall("<style>(.*?)</style>", shown)).endswith("}}")
    assert policy(page(gate(brand_color="#036")))["style-src"] == hashes(*re.findall("<style>(.*?)</style>", shown))


@pytest.mark.parametrize(
    "color", ["#000000", "#000080", "#1f5fd0", "#b00020", "#767676", "#0b6e4f", "#ff0000", "#6a1b9a"]
)
def test_a_tint_can_be_read_where_it_stands(color: str) -> None:
    """Dark text on the button, and the button, or an address, on the card."""
    if contrast(color, "#ffffff") < 4.5:
        assert color == "#ff0000"
        return
    _, dark = shades(color)
    (card,) = re.findall(r"prefers-color-scheme:dark.*?--card:(#\w{6})", _STYLE)
    (text,) = re.findall(r"prefers-color-scheme:dark.*?--on:(#\w{6})", _STYLE)
    assert contrast(dark, card) >= 4.5
    assert contrast(dark, text) >= 4.5


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == 1
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ffffff", "#ff0000") == pytest.approx(4.0, abs=0.005)


# What is refused


def test_a_colour_on_which_white_cannot_be_read_is_refused_with_one_that_would_do() -> None:
    said = refused(brand_color="#ffcc00")
    assert said.startswith("brand_color must be darker: white text on #ffcc00 has a contrast of 1.51, and needs 4.5")
    (other,) = re.findall(r"(#\w{6}) would do", said)
    assert read_color(other) == other
    assert contrast(other, "#ffffff") == pytest.approx(4.5, abs=0.15)


@pytest.mark.parametrize("color", ["red", "#12", "#1f5fd", "1f5fd0", "#1f5fd0;}", "#\uff1123456", "rgb(0,0,0)", 255])
def test_what_is_no_hexadecimal_colour_is_refused(color: Any) -> None:
    assert refused(brand_color=color) == "brand_color must be a colour like #1f5fd0."


@pytest.mark.parametrize(
    "contact",
    ["http://help.a.test", "https://", "https:// a.test", "https://[", "ftp://a.test", "mailto:nobody", "Mailto:a@b.c",
     "mailto:a@b.c d", "HTTPS://a.test"],
)  # fmt: skip
def test_an_address_that_browsers_would_not_follow_is_refused(contact: str) -> None:
    assert f"brand_contact: {contact} must be text, or an address like mailto:" in refused(brand_contact=contact)


def test_what_is_too_long_is_refused(tmp_path: Path) -> None:
    assert refused(brand_name="x" * 61) == "brand_name must have at most 60 characters."
    assert refused(brand_contact="x" * 201) == "brand_contact must have at most 200 characters."
    (tmp_path / "logo.png").write_bytes(PNG.ljust(32 * 1024 + 1))
    assert "logo.png is larger than 32 KB" in refused(brand_logo=tmp_path / "logo.png")
    (tmp_path / "page.html").write_text(NEEDED.ljust(64 * 1024 + 1), encoding="utf-8")
    assert "page.html has more than 65536 characters" in refused(page_template=tmp_path / "page.html")
    (tmp_path / "logo.png").write_bytes(PNG.ljust(32 * 1024))
    (tmp_path / "page.html").write_text(NEEDED.ljust(64 * 1024), encoding="utf-8")
    files: dict[str, Any] = {"brand_logo": tmp_path / "logo.png", "page_template": tmp_path / "page.html"}
    assert Settings(**REQUIRED, **files, brand_name="x" * 60, brand_contact="x" * 200).brand_name


def test_a_file_that_is_not_there_or_no_picture_is_refused(tmp_path: Path) -> None:
    assert "brand_logo: /nowhere cannot be read (No such file or directory)." in refused(brand_logo="/nowhere")
    assert "page_template: /nowhere cannot be read" in refused(page_template="/nowhere")
    assert "cannot be read (Is a directory)" in refused(brand_logo=tmp_path)
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    assert "logo.gif must be a picture in SVG or PNG." in refused(brand_logo=tmp_path / "logo.gif")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NEEDED + "\n$headline", "line 2: $headline is no placeholder. Did you mean heading? There are: $title, "),
        (NEEDED + "${xyz}", "line 1: $xyz is no placeholder. There are: $title, $heading, $body, "),
        (NEEDED + "$more", "line 1: $more is no placeholder."),
        (NEEDED + "\n\nA $ alone", "line 3: a $ alone stands for nothing; write $$ for one that is to be seen."),
        (NEEDED.replace("$body", ""), "lacks $body, which a page cannot do without."),
        ("nothing", "lacks $title, $heading, $body, $action, $note, $lang, $dir, which a page cannot do without."),
        (NEEDED.replace("$note", "$$note"), "lacks $note, which"),
        (NEEDED + "<style>" * 9000, "has a <style> that is not closed"),
        (NEEDED + "<style>$style .$lang{}</style>", "has $lang in a <style>; there only $style may stand"),
    ],
)
def test_a_template_that_no_page_can_be_made_of_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert said in refused(page_template=tmp_path / "page.html")


# A template


def test_all_pages_are_made_of_the_template() -> None:
    made = gate(page_template=TEMPLATE, brand_name="Acme", brand_contact="Bob")
    shown = error(made, "fr").body.decode()
    assert "$" not in shown.replace('"$5"', "")
    assert '<html lang="fr" dir="ltr">' in shown
    assert "<title>Cette adresse n\u2019a pas été appelée correctement · Acme</title>" in shown
    (reference,) = re.findall(r'data-reference="([0-9a-f]{10})"', shown)
    assert f"Référence {reference}" in shown
    assert '<p class="brand">Acme</p>\n<h1>Cette adresse' in shown
    assert '</h1>\n<div role="alert"><p>' in shown
    assert "Aide\u00a0: <bdi>Bob</bdi>" in shown
    assert 'data-reference=""' in page(made).body.decode()


def test_the_styles_of_a_template_are_allowed_and_its_scripts_are_not() -> None:
    reply = page(gate(page_template=TEMPLATE))
    own, others = re.findall(r"<style>(.*?)</style>", reply.body.decode(), re.DOTALL)
    assert own == _STYLE
    assert '--costs: "$5"' in others
    assert policy(reply)["style-src"] == hashes(own, others)
    assert "script-src" not in policy(reply)
    assert policy(reply)["default-src"] == "'none'"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_style_is_hashed_as_browsers_read_it(newline: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(NEEDED + "<STYLE media=all>\na{}\n</style >", encoding="utf-8", newline=newline)
    assert policy(page(gate(page_template=tmp_path / "page.html")))["style-src"] == hashes("\na{}\n")


def test_a_template_may_have_no_style_or_leave_the_element_to_the_gate(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(NEEDED, encoding="utf-8")
    assert policy(page(gate(page_template=tmp_path / "page.html")))["style-src"] == "'none'"
    (tmp_path / "page.html").write_text(f"{NEEDED}${{style}} $$style", encoding="utf-8")
    reply = page(gate(page_template=tmp_path / "page.html"))
    assert reply.body.endswith(f"<style>{_STYLE}</style> $style".encode())
    assert policy(reply)["style-src"] == hashes(_STYLE)


@pytest.mark.parametrize("head", ["<head>", '<HEAD class="x">', ""])
def test_turbo_finds_its_word_in_the_head_of_any_template(head: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(NEEDED.replace("<title>", f"{head}<title>"), encoding="utf-8")
    made = gate(page_template=tmp_path / "page.html")
    word = '<meta name="turbo-visit-control" content="reload">'
    assert f"{head}{word}<title>" in page(made, TURBO).body.decode()
    assert word not in page(made).body.decode()


def test_files_are_read_at_start_up_and_not_again(tmp_path: Path) -> None:
    for name, source in (("logo.svg", LOGO), ("page.html", TEMPLATE)):
        (tmp_path / name).write_bytes(Path(source).read_bytes())
    made = gate(brand_logo=tmp_path / "logo.svg", page_template=tmp_path / "page.html")
    before = page(made)
    (tmp_path / "logo.svg").unlink()
    (tmp_path / "page.html").unlink()
    assert page(made) == before


def test_what_is_said_is_escaped_before_it_gets_into_a_template() -> None:
    made = Pages(template=NEEDED + ' <i title="$heading">', name="<b>")
    asks = Asked(headers={"accept": "text/html"})
    reply = made.refusal(asks, 400, "<c>", "title_failed", ["<script>"], reference="<r>", action=("do_go_on", '"><a>'))
    assert "<title>Sign-in did not work · &lt;b&gt;</title>" in reply.body.decode()
    assert not re.search(r"<(script|b|c|r)>", reply.body.decode())


def test_the_template_in_the_documents_is_one(tmp_path: Path) -> None:
    (shown,) = documents.page("docs/pages.md").blocks("html")
    (tmp_path / "page.html").write_text(shown.text, encoding="utf-8")
    answer = error(gate(page_template=tmp_path / "page.html")).body.decode()
    assert "<h1>This address was not called correctly</h1>" in answer
