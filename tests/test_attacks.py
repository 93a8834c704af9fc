"""An attacker without a session, with cookies: of another kind, of another gate, broken, planted, far too many."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, query, session_cookie

pytestmark = pytest.mark.uncounted

#: Stands for the name of the session's cookie, which no two gates share.
SESSION = "SESSION"
CALLBACK = "https://app.test/oauth2/callback"
OTHER_SECRET = "somebody-elses-cookie-secret-that-is-long-enough"


def refused(here: Stage, cookie_header: str, *, path: str = "/private") -> None:
    """Check that these cookies get nobody in, at no path of any kind, and break nothing."""
    calls = len(here.app.calls)
    browser = here.browser()
    headers = {"Cookie": cookie_header}
    assert browser.fetch(path, headers=headers).status == 401
    assert browser.get(path, headers=headers).status in (302, 400)
    assert browser.fetch("/oauth2/userinfo", headers=headers).status == 401
    assert browser.get("/oauth2/logout", headers=headers).status == 200
    assert browser.get("/oauth2/callback?state=abc&code=abc", headers=headers).status == 400
    assert len(here.app.calls) == calls


def login_cookie(browser: Browser) -> tuple[str, str]:
    name = next(name for name in browser.cookies.names() if ".login." in name)
    return name, browser.cookies.get(name) or ""


# Cookies for something else (T19)


def test_a_login_cookie_is_no_session(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    browser.navigate("/", until=CALLBACK)
    name, value = login_cookie(browser)
    refused(here, f"{here.session_name}={value}")
    refused(here, f"{name}={value}")
    browser.navigate("/", until=CALLBACK)
    browser.follow(browser.get("/oauth2/login"))
    done = [browser.cookies.get(name) for name in browser.cookies.names() if ".login." in name]
    for note in done:
        refused(here, f"{here.session_name}={note}")


def test_a_session_cookie_is_no_login(stage: StageFactory) -> None:
    here = stage()
    value = session_cookie(here.signed_in())
    browser = here.browser()
    state = query(browser.get("/").target)["state"]
    header = {"Cookie": "; ".join(f"{here.session_name}.login.{slot}={value}" for slot in range(8))}
    page = browser.get(f"/oauth2/callback?state={state}&code=abc", headers=header)
    assert (page.status, "state_unknown" in page.text) == (400, True)
    logout = browser.get("/oauth2/logout?state=x", headers={"Cookie": f"{here.session_name}.logout={value}"})
    assert (logout.status, "logout_state_mismatch" in logout.text) == (400, True)


def test_a_logout_note_is_neither_a_session_nor_a_login(stage: StageFactory) -> None:
    here = stage(provider_logout=True)
    browser = here.signed_in()
    browser.get("/oauth2/logout")
    note = browser.cookies.get(f"{here.session_name}.logout")
    assert note
    refused(here, f"{here.session_name}={note}")
    state = query(here.browser().get("/").target)["state"]
    header = {"Cookie": "; ".join(f"{here.session_name}.login.{slot}={note}" for slot in range(8))}
    assert here.browser().get(f"/oauth2/callback?state={state}&code=x", headers=header).status == 400


@pytest.mark.parametrize(
    "other",
    [
        {"cookie_secret": OTHER_SECRET},
        {"client_id": "other"},
        {"auth_id": "other"},
        {"issuer_url": "http://localhost:1/"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_cookie_of_another_gate_opens_nothing_here(
    stage: StageFactory, provider: LocalProvider, other: dict[str, str]
) -> None:
    here = stage()
    provider.add_client("other")
    foreign = here.another_gate(**other)
    if "issuer_url" not in other:
        browser = here.browser(foreign)
        assert browser.navigate("/").status == 200
        refused(here, f"{here.session_name}={session_cookie(browser)}")
    mine = session_cookie(here.signed_in())
    elsewhere = here.browser(foreign)
    other_name = foreign._gate._components.secure_cookies.session
    header = {"Cookie": f"{here.session_name}={mine}; {other_name}={mine}"}
    assert elsewhere.fetch("/", headers=header).status == 401


def test_a_cookie_does_not_move_between_http_and_https(stage: StageFactory) -> None:
    here = stage()
    value = session_cookie(here.signed_in())
    plain = here.browser(origin="http://app.test")
    plain_name = here.session_name.removeprefix("__Host-")
    assert plain.fetch("/", headers={"Cookie": f"{plain_name}={value}"}).status == 401
    assert plain.fetch("/", headers={"Cookie": f"{here.session_name}={value}"}).status == 401
    refused(here, f"{plain_name}={value}")
    refused(here, f"__Secure-{plain_name}={value}")


# Broken cookies (T19)


def test_every_truncation_and_every_changed_character_is_refused(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    value = session_cookie(browser)
    thief = here.browser()

    def status(text: str) -> int:
        return thief.fetch("/", headers={"Cookie": f"{here.session_name}={text}"}).status

    assert status(value) == 200
    for length in range(0, len(value), 7):
        assert status(value[:length]) == 401
        changed = "A" if value[length] != "A" else "B"
        assert status(value[:length] + changed + value[length + 1 :]) == 401
    for text in (value + "A", value + "AAAA", value + "====", "AAAA" + value, value[4:] + value[:4], value.swapcase()):
        assert status(text) == 401
    assert len(here.app.calls) == 2


@pytest.mark.parametrize(
    "dressed",
    ['"{}"', " {}", "{} ", "{}=", "%{}", "{}%3D", "{}\t", "2.{}", "1.{}", "9.{}", "2.{}.x", "j:{}", "{}\x7f", "é{}"],
)
def test_a_cookie_in_other_dress_is_refused_or_the_same(stage: StageFactory, dressed: str) -> None:
    here = stage()
    value = session_cookie(here.signed_in())
    answer = here.browser().fetch("/", headers={"Cookie": f"{here.session_name}={dressed.format(value)}"})
    assert answer.status == 401
    assert "Traceback" not in answer.text


def test_one_session_has_one_text_only(stage: StageFactory) -> None:
    """Text that decodes to the same bytes would be another entry in whatever remembers texts."""
    here = stage()
    value = session_cookie(here.signed_in())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    thief = here.browser()
    assert not value.endswith("=")
    for last in alphabet:
        status = thief.fetch("/", headers={"Cookie": f"{here.session_name}={value[:-1]}{last}"}).status
        assert status == (200 if last == value[-1] else 401)
    for twin in (value.replace("+", "-").replace("/", "_"), value.replace("+", "-"), value.replace("/", "_")):
        if twin != value:
            assert thief.fetch("/", headers={"Cookie": f"{here.session_name}={twin}"}).status == 401


@pytest.fixture
def big(stage: StageFactory, provider: LocalProvider) -> tuple[Stage, dict[str, str]]:
    """Sign in with more groups than one cookie holds."""
    provider.people["ada"]["groups"] = [str(uuid.uuid4()) for _ in range(400)]
    here = stage()
    browser = here.signed_in()
    parts = {name: browser.cookies.get(name) or "" for name in browser.cookies.names() if ".login." not in name}
    assert len(parts) >= 3
    return here, parts


def header_of(parts: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in parts.items())


def test_a_session_in_parts_opens_in_any_order(big: tuple[Stage, dict[str, str]]) -> None:
    here, parts = big
    shuffled = dict(reversed(parts.items()))
    assert here.browser().fetch("/", headers={"Cookie": header_of(shuffled)}).status == 200


def test_a_session_with_a_part_missing_swapped_doubled_or_counted_wrongly_is_refused(
    big: tuple[Stage, dict[str, str]],
) -> None:
    here, parts = big
    names = list(parts)
    for missing in names:
        refused(here, header_of({name: value for name, value in parts.items() if name != missing}))
    refused(here, header_of(parts | {names[1]: parts[names[2]], names[2]: parts[names[1]]}))
    refused(here, header_of(parts) + f"; {names[1]}=x")
    refused(here, header_of(parts) + f"; {names[0]}={parts[names[0]]}")
    for count in ("0.", "1.", "2.", "5.", "6.", "9.", "99999999.", "-1.", "².", "3", ".", "3.."):
        if count != parts[names[0]][:2]:
            refused(here, header_of(parts | {names[0]: count + parts[names[0]][2:]}))


@pytest.mark.parametrize(
    "header",
    [
        "",
        ";",
        "=",
        "=;=;=",
        SESSION,
        f"{SESSION}=",
        f"{SESSION}==",
        f"{SESSION}; {SESSION}=",
        f"={SESSION}=x",
        f"x{SESSION}=y",
        f"{SESSION}.1=x",
        f"{SESSION}=2.x; {SESSION}.1=",
        f"{SESSION}.login.=x; {SESSION}.login.é=y; {SESSION}.login.../x=z; {SESSION}.login.0=x; {SESSION}.login.page=",
        f"{SESSION}=\x00",
        f"{SESSION}=\xff\xfe\xff\xfe",
        f"{SESSION}=" + "A" * 64_000,
        f"{SESSION}=" + "=" * 64_000,
        f"{SESSION}=5." + "A" * 12_000 + "".join(f"; {SESSION}.{part}={'A' * 12_000}" for part in range(1, 5)),
        "; ".join(f"{SESSION}={number}" for number in range(2500)),
        "; ".join(f"x{SESSION}={number}" for number in range(2500)),
        "; ".join(f"{SESSION}.login.{number:012}=x" for number in range(1600)),
        "; ".join(f"c{number}=v" for number in range(8000)),
        ";" * 64_000,
        f"{SESSION}.login.0=1; " + ";" * 5_000_000,
    ],
    ids=lambda header: header[:30].encode("ascii", "replace").decode() + f"…{len(header)}",
)
def test_any_other_cookie_header_means_nobody_and_costs_little(stage: StageFactory, header: str) -> None:
    here = stage()
    header = header.replace(SESSION, here.session_name)
    here.browser().get("/")  # the provider is known from now on: only the gate's own work is measured
    before = time.process_time()
    refused(here, header)
    assert time.process_time() - before < 2


def test_a_planted_twin_of_the_session_cookie_ends_nothing_but_itself(stage: StageFactory) -> None:
    """Of two cookies with one name one was planted; which one cannot be told, so neither is believed."""
    here = stage()
    mine = session_cookie(here.signed_in())
    refused(here, f"{here.session_name}={mine}; {here.session_name}={mine}")
    browser = here.browser()
    name = here.session_name
    header = f"{name}.login.0={mine}; x{name}={mine}; a={name}={mine}; {name}={mine}"
    assert browser.fetch("/", headers={"Cookie": header}).status == 200
