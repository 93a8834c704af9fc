"""`oidc-gate doctor`: what is asked for on the command line, what goes out, what is told; and that it always ends."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug import Request, Response

from oidc_gate import Settings, SettingsError
from oidc_gate.command import cli
from oidc_gate.command.doctor import Wanted, doctor
from oidc_gate.command.run import Launch
from oidc_gate.doctor import CHECKS, Case, Examined, Options, Report, about, examine
from oidc_gate.doctor.about import ABOUT
from oidc_gate.doctor.case import Check
from oidc_gate.doctor.findings import Finding, ok
from oidc_gate.gate.error_words import CHECKS as NAMED_BY_ERRORS
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.doctor_faults import APP, CALLBACK, SEEDS, examined, good, not_ok
from tests.patience import LIMIT
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.test_docs import codes

IDS = [check.id for check in CHECKS]
PROVIDERS = {"JumpCloud", "Keycloak", "Entra", "Okta", "Auth0", "Google"}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("OIDC_GATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(provider: LocalProvider, tmp_path: Path) -> Path:
    """Return a file with the settings of a good set-up, which nobody else may read."""
    path = tmp_path / "gate.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in good(provider).items()]
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return path


def found(settings: dict[str, Any], check_id: str, options: Options | None = None, **case: Any) -> Finding:
    """Return what one check finds."""
    (check,) = [each for each in CHECKS if each.id == check_id]
    (each,) = examine(Case(Settings(**settings), options, **case), [check], "title", limit=LIMIT).examined
    return each.finding


# The command


def test_a_good_set_up_is_told_in_a_line_for_each_check(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--config", str(config), "--strict"]) == 0
    title, *lines, summary = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"oidc_gate \S+ · issuer http://127\.0\.0\.1:\d+ · client app · https://app\.test", title)
    assert [line.split()[1] for line in lines if "→" not in line] == IDS
    ending = r"\d+ ok, 0 failed, 0 warnings, 1 cannot tell, \d+ skipped"  # the app, which is nowhere
    assert re.fullmatch(rf"{len(IDS)} checks: {ending} · \d+\.\d s", summary)


def test_what_failed_is_told_with_what_to_do(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--config", str(config), "--set", "base_url=https://other.test"]) == 1
    told = capsys.readouterr().out
    assert re.search(r"(?m)^  FAIL  P11 redirect URI +https://other\.test/oauth2/callback is not registered", told)
    assert re.search(r"(?m)^ +→ copy it into the provider's list", told)


def test_json_has_all_checks(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--config", str(config), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == 1
    assert [each["id"] for each in told["checks"]] == IDS
    assert {frozenset(each) for each in told["checks"]} == {frozenset(("id", "name", "status", "found", "mend", "ms"))}
    assert all(isinstance(each["ms"], int) for each in told["checks"])


def test_a_warning_fails_only_where_it_is_asked_for(config: Path) -> None:
    config.write_text(config.read_text().replace("allow_domains", "#"))
    asked = ["doctor", "--config", str(config), "--offline"]
    assert cli.main(asked) == 0
    assert cli.main([*asked, "--strict"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ["--set", "no_such=1"],
        ["--oidc", "https://issuer.test"],
        [
            "--oidc",
            "https://issuer.test",
            "--oidc-client-id",
            "a",
            "--oidc-client-secret",
            "b",
            "--set",
            "ca_bundle=/dev/null",
        ],
    ],
)
def test_wrong_settings_are_the_one_check_that_there_is(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", *wrong]) == 2
    assert re.search("^  FAIL  S1  settings ", capsys.readouterr().out, re.MULTILINE)
    assert cli.main(["doctor", *wrong, "--json"]) == 2
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert (check["id"], check["status"]) == ("S1", "fail")


def test_a_terminal_has_colours_and_another_none(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, plain = doctor(Launch("", config=str(config)), Wanted(offline=True), "utf-8", colour=False)
    _, coloured = doctor(Launch("", config=str(config)), Wanted(offline=True), "utf-8", colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).splitlines()[:-1] == plain.splitlines()[:-1]
    assert "\x1b[32mok  \x1b[0m" in coloured


def test_in_a_terminal_lines_are_as_wide_as_it_is(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    config.write_text(re.sub("(?m)^cookie_secret.*$", "", config.read_text()))
    asked = ["doctor", "--config", config.name, "--offline"]
    for width in (80, 60):
        monkeypatch.setenv("COLUMNS", str(width))
        cli.main(asked)
        told = capsys.readouterr().out
        assert all(len(line) <= max(width, 31 + 2 + 30) for line in told.splitlines()), told
        assert re.search(r"(?m)^  warn  S3 .*\n {31}\S.*\n(?: {31}\S.*\n)* {31}→ set .*\n {33}\S", told)
        assert [line.split()[1] for line in told.splitlines() if re.match(r"  \S+ +[A-Z]\d", line)] == IDS
    address = f"https://{'a' * 90}.test/oauth2/callback"
    assert f" {address} " in Report("", [Examined(CHECKS[0], ok(f"so {address} it is"), 0)], 0.0).text(
        colour=False, width=80
    ).replace("\n", " ")


def test_a_terminal_without_unicode(config: Path) -> None:
    _, told = doctor(Launch("", config=str(config)), Wanted(offline=True), "ascii", colour=False)
    assert told.isascii()
    assert " | issuer " in told


def test_where_settings_come_from_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = config.with_name("secret")
    secret.write_text(COOKIE_SECRET)
    secret.chmod(0o640)
    monkeypatch.setenv("OIDC_GATE_CONFIG", str(config))
    monkeypatch.setenv("OIDC_GATE_SCOPES", "openid email")
    config.write_text(re.sub("(?m)^cookie_secret.*$", f"cookie_secret_file = '{secret}'", config.read_text()))
    assert cli.main(["doctor", "--offline", "--set", "clock_leeway=30s"]) == 0
    told = capsys.readouterr().out
    assert f"read: 10 from {config}, 1 from the environment, 1 from the command line" in told
    assert f"others than the owner may read {secret}" in told
    assert f"chmod 600 {secret}" in told


def test_a_secret_on_the_command_line_is_warned_of(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["doctor", "--offline", "--config", str(config), "--oidc-client-secret", "other-secret-0123456789"])
    told = capsys.readouterr().out
    assert "client_secret on the command line" in told
    assert "OIDC_GATE_CLIENT_SECRET_FILE" in told
    assert "other-secret" not in told


def test_no_file_is_needed(
    provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in good(provider).items():
        monkeypatch.setenv(f"OIDC_GATE_{name.upper()}", str(value))
    assert cli.main(["doctor", "--strict"]) == 0
    assert "read: 10 from the environment" in capsys.readouterr().out


def test_a_missing_cookie_secret_is_warned_of(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(re.sub("(?m)^cookie_secret.*$", "", config.read_text()))
    assert cli.main(["doctor", "--offline", "--config", str(config)]) == 0
    assert "no cookie_secret is set" in capsys.readouterr().out


# What the ids mean


def test_every_id_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(ABOUT) == sorted(ABOUT, key=list(ABOUT).index)
    assert set(ABOUT) == set(IDS)
    assert len(IDS) == len(set(IDS))
    for check_id in IDS:
        assert cli.main(["doctor", "--about", check_id.lower()]) == 0
        told = capsys.readouterr().out
        assert told.startswith(f"{check_id} ")
        assert all(title in told for title in ("What it means", "Why it matters", "How to mend it"))
        assert all(len(line) <= 80 for line in told.splitlines())


def test_providers_are_those_that_are_known() -> None:
    assert {provider for each in ABOUT.values() for provider in each.at} == PROVIDERS
    assert set(ABOUT["P7"].at) == set(ABOUT["P11"].at) == PROVIDERS


@pytest.mark.parametrize("direct", ["app.test", "app.test:99999", ":80", "app.test:x"])
def test_what_is_no_place_to_look_at(direct: str, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--config", str(config), "--direct", direct]) == 2
    assert f"--direct {direct} is not HOST:PORT" in capsys.readouterr().err


def test_an_id_that_no_check_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--about", "P99"]) == 2
    assert "there is no such check; there are S1, S2" in capsys.readouterr().err
    with pytest.raises(SettingsError):
        about("")


def test_every_id_is_in_the_document_with_an_address_of_its_own() -> None:
    text = (Path(__file__).parents[1] / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert re.findall(r'(?m)^### <a id="(\w+)"></a>(\w+): ', text) == [(check_id, check_id) for check_id in IDS]


def test_errors_in_the_log_name_checks_that_there_are() -> None:
    assert set(NAMED_BY_ERRORS.values()) <= set(IDS)
    assert set(NAMED_BY_ERRORS) <= codes()


def test_an_error_in_the_log_names_the_check_that_would_have_found_it(
    stage: StageFactory, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(client_secret="not-the-secret-of-this-client-0123456789")
    page = here.browser().navigate("/")
    assert page.status == 400
    (line,) = [record.getMessage() for record in caplog.records if "client_rejected" in record.getMessage()]
    assert line.endswith(" (oidc-gate doctor: P7)")
    assert "doctor" not in page.text


def test_an_error_that_no_check_finds_names_none(stage: StageFactory, caplog: pytest.LogCaptureFixture) -> None:
    assert stage().browser().get("/oauth2/callback").status == 400
    assert "state_missing" in caplog.text
    assert "oidc-gate doctor" not in caplog.text


# What goes out


def sent_secrets(provider: LocalProvider) -> list[str]:
    """Return each secret that has reached the provider."""
    secrets = []
    for call in provider.requests:
        scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
        secrets += [base64.b64decode(encoded).decode().partition(":")[2]] if scheme == "Basic" else []
        secrets += [call.form["client_secret"]] if "client_secret" in call.form else []
    return secrets


def test_one_wrong_secret_goes_out_at_most(provider: LocalProvider) -> None:
    settings = good(provider)
    examined(settings)
    (wrong,) = [secret for secret in sent_secrets(provider) if secret != settings["client_secret"]]
    assert "oidc-gate-doctor" in wrong


def test_no_wrong_secret_goes_out_where_the_right_one_is_refused(provider: LocalProvider) -> None:
    settings = good(provider, client_secret="not-the-secret-of-this-client-0123456789")
    examined(settings)
    assert set(sent_secrets(provider)) == {settings["client_secret"]}


def test_without_controls_nothing_wrong_goes_out(provider: LocalProvider) -> None:
    settings = good(provider, session_store="sqlite:///never-made.db", scopes="openid email offline_access")
    report = examined(settings, Options(controls=False))
    assert set(not_ok(report)) == {"P7", "P10", "P20"}
    assert set(not_ok(report).values()) == {"unknown"}
    assert set(sent_secrets(provider)) == {settings["client_secret"]}
    asked = provider.calls("authorize")
    assert {call.params["redirect_uri"] for call in asked} == {CALLBACK}
    assert {call.params["client_id"] for call in asked} == {"app"}
    assert all("oidc-gate-doctor" not in call.params["scope"] for call in asked)


@pytest.mark.parametrize(
    ("spoil", "found_by"),
    [
        ({"base_url": "https://other.test"}, {"P7", "P10", "P11", "P16", "P20"}),
        ({"client_id": "another"}, {"P7", "P8", "P10", "P11", "P20"}),
    ],
)
def test_without_controls_faults_are_still_found(
    provider: LocalProvider, spoil: dict[str, str], found_by: set[str]
) -> None:
    assert set(not_ok(examined(good(provider) | spoil, Options(controls=False)))) == found_by


def test_offline_nothing_goes_out(provider: LocalProvider) -> None:
    report = examined(good(provider), Options(offline=True))
    assert provider.requests == []
    statuses = {each.check.id: each.finding.status for each in report.examined}
    assert {check_id for check_id, status in statuses.items() if status == "ok"} == {"S1", "S2", "S3", "S4", "C1", "C2"}
    assert {status for check_id, status in statuses.items() if check_id[0] in "NP"} == {"skipped"}


def test_nobody_signs_in_and_nothing_is_left_behind(provider: LocalProvider) -> None:
    examined(good(provider))
    assert (provider.codes, provider.access_tokens, provider.refresh_tokens, provider.sessions) == ({}, {}, {}, {})


# What is told


def echoes(request: Request) -> Response:
    """Answer with all that was sent, as careless providers do."""
    sent = " ".join([request.headers.get("Authorization", ""), *request.values.values(), request.url])
    decoded = request.authorization and request.authorization.password
    document = {"error": "invalid_client", "error_description": f"no: {decoded} {sent}"}
    return Response(json.dumps(document), 401, content_type="application/json")


def test_no_secret_is_told_even_where_the_provider_repeats_it(provider: LocalProvider) -> None:
    secret = "p%w+&:/ =? and more, to be long enough for HS256"
    settings = good(provider, client_secret=secret)
    settings["session_store"] = "redis://:the-password-of-redis@127.0.0.1:1/0"
    for endpoints in (
        ("token", "introspect", "revoke", "par", "userinfo"),
        ("introspect", "revoke", "par", "userinfo"),
    ):
        provider.clients["app"].secret = secret
        provider.answer = dict.fromkeys(endpoints, echoes)
        report = examined(settings)
        told = report.text(colour=True) + json.dumps(report.as_json)
        sent = {value for call in provider.requests for value in call.form.values() if len(value) > 30}
        hidden = {secret, quote(secret), quote(secret, safe=""), COOKIE_SECRET, "the-password-of-redis"}
        tokens = {value for value in sent if "://" not in value and " " not in value}
        assert tokens
        assert [text for text in hidden | tokens if text in told] == []


def test_what_a_provider_says_cannot_steer_a_terminal(provider: LocalProvider) -> None:
    settings = good(provider)
    provider.change_discovery = lambda document: document | {"issuer": "\x1b[2J\r\n" + "x" * 9000}
    found_by = found(settings, "P2")
    assert found_by.found.isprintable()
    assert len(found_by.found) < 1000


# That it ends


def one(run: Callable[[Case], Finding]) -> Check:
    return Check("S1", "made up", run)


def test_a_check_that_fails_itself_does_not_take_others_along(provider: LocalProvider) -> None:
    def broken(case: Case) -> Finding:
        raise KeyError("secret")

    case = Case(Settings(**good(provider)))
    first, second = examine(case, [one(broken), one(lambda _: ok("fine"))], "title").examined
    assert first.finding.status == "unknown"
    assert first.finding.found == "the check itself failed: KeyError"
    assert second.finding.found == "fine"


def test_a_check_that_does_not_end_is_left_behind(provider: LocalProvider) -> None:
    released = threading.Event()

    def hangs(case: Case) -> Finding:
        released.wait(LIMIT)
        return ok("late")

    checks = [one(hangs), one(lambda _: ok("fine"))]
    report = examine(Case(Settings(**good(provider))), checks, "title", limit=3)
    released.set()
    first, second = report.examined
    assert (first.finding.status, first.ms) == ("unknown", 3000)
    assert "within the 3 s" in first.finding.found
    assert second.finding.found == "fine"
    assert "2 checks: 1 ok, 0 failed, 0 warnings, 1 cannot tell" in report.text(colour=False)


def test_one_check_is_one_check(provider: LocalProvider) -> None:
    report = examine(Case(Settings(**good(provider))), [one(lambda _: Finding("warn", "so"))], "title")
    assert "1 check: 0 ok, 0 failed, 1 warning · " in report.text(colour=False)


def test_a_question_is_asked_once_however_many_want_to_know(provider: LocalProvider) -> None:
    case = Case(Settings(**good(provider)))
    with provider.hold("discovery") as held:
        threads = [threading.Thread(target=case.document) for _ in range(4)]
        for thread in threads:
            thread.start()
        held.wait_for()
        held.release()
        for thread in threads:
            thread.join(LIMIT)
    assert len(provider.calls("discovery")) == 1


# Single checks


def test_a_key_that_is_registered(provider: LocalProvider, tmp_path: Path) -> None:
    given = good(provider)
    del given["client_secret"]
    for family, alg in (("rsa", "RS256"), ("ec", "ES256")):
        key = keys.make_key(family, 80)
        path = tmp_path / f"{family}.json"
        path.write_text(json.dumps(key.as_dict(private=True) | {"alg": alg}))
        path.chmod(0o600)
        client = provider.clients["app"]
        client.auth_method, client.jwks = "private_key_jwt", keys.public_jwks(key)
        used = given | {"client_auth_method": "private_key_jwt", "client_private_key_file": str(path)}
        assert not_ok(examined(used)) == {}
        assert found(used, "P9").found == "accepted; another one is refused"
        client.jwks = keys.public_jwks(keys.make_key(family, 81))
        assert not_ok(examined(used)) == {"P9": "fail"}


def test_a_public_client(provider: LocalProvider) -> None:
    given = good(provider, client_auth_method="none")
    del given["client_secret"]
    provider.clients["app"].auth_method = "none"
    assert not_ok(examined(given)) == {"S4": "warn"}
    assert found(given, "P7").found == "accepted; another one is refused"


def test_a_secret_that_signs(provider: LocalProvider) -> None:
    provider_given = good(provider, client_auth_method="client_secret_jwt")
    provider.clients["app"].auth_method = "client_secret_jwt"
    assert not_ok(examined(provider_given)) == {}


def test_the_mend_names_what_would_do(provider: LocalProvider) -> None:
    given = good(provider)
    provider.clients["app"].auth_method = "client_secret_post"
    assert found(given, "P7").mend == found(given, "P8").mend == "set client_auth_method to client_secret_post"
    provider.add_client("app", redirect_uris=[f"{CALLBACK}/"])
    assert found(given, "P11").found == f"{CALLBACK} is not registered; {CALLBACK}/ is"
    moved = {"Location": "https://new.test/.well-known/openid-configuration"}
    provider.answer = {"discovery": (301, moved, "")}
    assert found(given, "P1").mend == "if that is your provider's, set issuer_url to https://new.test"


@pytest.mark.parametrize(
    ("seed", "check_id", "said", "mend"),
    [
        (
            "a_client_that_is_disabled",
            "P10",
            "refuses this client: status 400, 'We are sorry... Client disabled.'",
            "enable",
        ),
        ("pkce_of_the_other_kind", "P6", "code challenge method is not matching the configured one", "PKCE to S256"),
        (
            "pushed_requests_are_demanded_of_this_client",
            "P16",
            "Pushed Authorization Request is only allowed.",
            "pushed to always",
        ),
        ("a_client_without_the_code_flow", "P14", "Standard flow is disabled for the client.", "Standard flow"),
        ("a_request_that_is_refused_for_another_reason", "P11", "'Come back on Monday'", "mend what it says"),
        ("discovery_wants_https", "P1", "error 'invalid_request', 'HTTPS required'", "mend what it says"),
    ],
)
def test_what_the_provider_says_is_told(
    provider: LocalProvider, seed: str, check_id: str, said: str, mend: str
) -> None:
    given = good(provider)
    SEEDS[seed][0](provider, given)
    told = found(given, check_id)
    assert told.status == "fail"
    assert said in told.found
    assert mend in told.mend


def test_a_session_store_asks_for_refresh_tokens(provider: LocalProvider) -> None:
    given = good(provider, session_store="sqlite:///never-made.db")
    assert found(given, "P15").status == "ok"
    provider.clients["app"].may_refresh = False
    assert found(given, "P15").found.endswith("scopes do not ask for one")
    provider.answer = {"token": (400, {}, {"error": "invalid_request"})}
    assert found(given, "P15").status == "unknown"
    provider.answer = {"token": (400, {}, {"error": "invalid_grant"})}
    assert found(given, "P15").found == "the provider says the same to a grant that there is not"


def test_sites_of_large_providers_are_near(provider: LocalProvider) -> None:
    from oidc_gate.doctor.provider_checks import _is_near

    assert _is_near("https://oauth2.googleapis.com/token", "https://accounts.google.com")
    assert _is_near("https://login.example.com/token", "https://www.example.com")
    assert not _is_near("https://example.com.evil.test/token", "https://www.example.com")
    assert not _is_near("http://10.0.0.2/token", "http://10.0.0.1")


def test_jumpclouds_regions_are_asked(provider: LocalProvider, jumpcloud: Any) -> None:
    jumpcloud.user = None
    jumpcloud.add_client("elsewhere", redirect_uris=[CALLBACK])
    given = jumpcloud.gate_options(base_url=APP, cookie_secret=COOKIE_SECRET)
    given["client_id"] = "stranger"
    regions = {"jumpcloud": jumpcloud.issuer}
    assert found(given | {"client_id": "elsewhere"}, "P23", jumpcloud_regions=regions).status == "ok"
    assert found(given, "P23", jumpcloud_regions=regions).status == "unknown"
    assert found(given, "P23").status == "skipped"
    assert found(given | {"client_id": "elsewhere", "base_url": "https://other.test"}, "P11").found.endswith(
        "/callback is refused, as is one that nobody has registered: error 'invalid_request'"
    )
    good(provider)
    provider.add_client("stranger", redirect_uris=[CALLBACK])
    provider.paths = provider.paths | {"authorize": "/oauth2/auth"}  # type: ignore[misc]
    try:
        told = found(given, "P23", jumpcloud_regions=regions | {"jumpcloud-eu": provider.issuer})
    finally:
        del provider.paths
    assert (told.status, told.mend) == ("fail", "set issuer_url to jumpcloud-eu")
