"""Tokens that are bound to a key (DPoP, RFC 9449) or to a certificate (RFC 8705): good with the proof alone."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OKPKey, RSAKey

from oidc_gate.errors import StoreError
from oidc_gate.gate.seen_proofs import REMEMBERED
from oidc_gate.provider import proofs_of_possession
from oidc_gate.provider.keys import KeySet
from tests.access_tokens import TAKING, Holder, Program, access_token, b64, challenges, error_of
from tests.answers import Answer
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.rule_gates import Kept
from tests.stage import Stage, subject

ACCEPTING = TAKING | {"bearer_dpop": "accept"}
HOLDER, OTHER = Holder(), Holder()


def send(here: Stage, token: str, *proofs: str, path: str = "/", method: str = "GET", scheme: str = "DPoP") -> Answer:
    headers = [("Authorization", f"{scheme} {token}"), *(("DPoP", proof) for proof in proofs)]
    return Program(here).send(path, *headers, method=method)


def nonce_of(answer: Answer) -> str:
    """Return the nonce that an answer hands out."""
    return answer.header("DPoP-Nonce")


@pytest.fixture
def here(stage: StageFactory) -> Stage:
    return stage(**ACCEPTING)


# A good proof


@pytest.mark.parametrize(
    "key", [ECKey.generate_key("P-256"), RSAKey.generate_key(2048), OKPKey.generate_key("Ed25519")]
)
def test_a_bound_token_is_good_with_a_new_proof_each_time(key: Any, here: Stage, provider: LocalProvider) -> None:
    holder = Holder(key)
    token = holder.bound(provider)
    for _ in range(4):
        answer = send(here, token, holder.proof(provider, token))
        assert (answer.status, subject(answer)) == (200, "robot")
    assert here.app.raw[-1]["oidc_gate.identity"].claims["cnf"] == {"jkt": holder.thumbprint}


@pytest.mark.parametrize(
    ("path", "htu"),
    [
        ("/", "https://app.test"),
        ("/", "https://APP.test:443/"),
        ("/", "HTTPS://app.test/"),
        ("/a?b=c", "https://app.test/a"),
        ("/a?b=c", "https://app.test/a?x=y#z"),
        ("/a%2Fb", "https://app.test/a%2fb"),
        ("/%7Eada", "https://app.test/~ada"),
        ("/~ada", "https://app.test/%7eada"),
        ("/%C3%A4", "https://app.test/%c3%a4"),
        ("/a%20b", "https://app.test/a%20b"),
    ],
)
def test_the_address_is_compared_without_query_and_in_one_spelling(
    path: str, htu: str, here: Stage, provider: LocalProvider
) -> None:
    token = HOLDER.bound(provider)
    assert send(here, token, HOLDER.proof(provider, token, htu=htu), path=path).status == 200


def test_the_address_is_the_public_one(stage: StageFactory, provider: LocalProvider) -> None:
    based = stage(base_url="https://public.example", **ACCEPTING)
    token = HOLDER.bound(provider)
    proof = HOLDER.proof(provider, token, htu="https://public.example/x")
    assert send(based, token, proof, path="/x").status == 200
    assert send(based, token, HOLDER.proof(provider, token, "/x"), path="/x").status == 401
    behind = stage(trusted_proxies=1, **ACCEPTING)
    forwarded = [("X-Forwarded-Host", "front.example"), ("X-Forwarded-Proto", "https")]
    proof = HOLDER.proof(provider, token, htu="https://front.example/x")
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof), *forwarded]
    assert Program(behind, origin="http://app.test").send("/x", *headers).status == 200
    mounted = Program(stage(**ACCEPTING), root_path="/in")
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", HOLDER.proof(provider, token, "/in/x"))]
    assert mounted.send("/in/x", *headers).status == 200


def test_proofs_are_for_methods(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    assert send(here, token, HOLDER.proof(provider, token, htm="POST"), method="POST").status == 200
    assert send(here, token, HOLDER.proof(provider, token, htm="POST")).status == 401
    assert send(here, token, HOLDER.proof(provider, token, htm="post"), method="POST").status == 401


# A bad one


def resigned(**header: Any) -> Any:
    return lambda provider, token: HOLDER.proof(provider, token, header=header)


def saying(**claims: Any) -> Any:
    return lambda provider, token: HOLDER.proof(provider, token, **claims)


def forged(provider: LocalProvider, token: str) -> str:
    """Return a proof that another key signed, with the right key in its header."""
    head, claims, _ = HOLDER.proof(provider, token).split(".")
    good = keys.unverified_claims(f"{head}.{claims}.")
    return OTHER.proof(provider, token, header={"jwk": HOLDER.jwk}, jti=good["jti"])


def relabelled(proof: str, **header: Any) -> str:
    """Return a proof whose header was changed after it was signed."""
    head, claims, signature = proof.split(".")
    return f"{b64(json.dumps(keys.unverified_header(f'{head}..') | header).encode())}.{claims}.{signature}"


PRIVATE = HOLDER.key.as_dict(private=True)
BAD: dict[str, Any] = {
    "another key": lambda provider, token: OTHER.proof(provider, token),
    "signed by another key": forged,
    "typ JWT": resigned(typ="JWT"),
    "typ is missing": resigned(typ=...),
    "typ is a number": resigned(typ=1),
    "alg none": resigned(alg="none"),
    "alg of another kind": lambda provider, token: relabelled(HOLDER.proof(provider, token), alg="RS256"),
    "alg HS256": lambda provider, token: relabelled(HOLDER.proof(provider, token), alg="HS256"),
    "a private key in the header": resigned(jwk=HOLDER.jwk | {"d": PRIVATE["d"]}),
    "a symmetric key in the header": resigned(jwk={"kty": "oct", "k": "AAAA"}),
    "a key that is none": resigned(jwk={"kty": "EC"}),
    "no key": resigned(jwk=...),
    "a list of keys": resigned(jwk=[HOLDER.jwk]),
    "crit": resigned(crit=["jwk"]),
    "no jti": saying(jti=...),
    "jti is empty": saying(jti=""),
    "jti is a number": saying(jti=7),
    "jti is long": saying(jti="x" * 257),
    "no iat": saying(iat=...),
    "iat is a text": saying(iat="1900000000"),
    "iat is true": saying(iat=True),
    "no htm": saying(htm=...),
    "htm of another method": saying(htm="POST"),
    "no htu": saying(htu=...),
    "htu is a list": saying(htu=["https://app.test/"]),
    "htu of another host": saying(htu="https://other.test/"),
    "htu of another port": saying(htu="https://app.test:8443/"),
    "htu of another scheme": saying(htu="http://app.test/"),
    "htu of another path": saying(htu="https://app.test/x"),
    "htu with a user": saying(htu="https://ada@app.test/"),
    "htu that is no address": saying(htu="https://["),
    "htu with dots": saying(htu="https://app.test/x/.."),
    "no ath": saying(ath=...),
    "ath of another token": saying(ath=b64(hashlib.sha256(b"other").digest())),
    "ath is a number": saying(ath=7),
    "no proof at all": lambda provider, token: "",
    "no JWT": lambda provider, token: "proof",
    "an access token": lambda provider, token: token,
    "two proofs in one header": lambda provider, token: ",".join(HOLDER.proof(provider, token) for _ in range(2)),
    "too long": lambda provider, token: HOLDER.proof(provider, token, pad="x" * 9000),
}


def test_each_bad_proof_is_401(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    assert send(here, token, HOLDER.proof(provider, token)).status == 200
    here.app.calls.clear()
    found = {}
    for name, make in BAD.items():
        answer = send(here, token, make(provider, token))
        found[name] = answer.status, answer.json().get("error"), answer.header("WWW-Authenticate")[:4], nonce_of(answer)
    expected = (401, "invalid_dpop_proof", "DPoP")
    assert {name: said for name, said in found.items() if said[:3] != expected or not said[3]} == {}
    assert here.app.calls == []


def test_nothing_is_worked_out_with_a_key_that_is_not_the_token_s(
    here: Stage, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An RSA key with a great exponent takes twenty times as long as others, and who has no key can send any."""
    token = HOLDER.bound(provider)
    assert send(here, token, HOLDER.proof(provider, token)).status == 200
    used: list[Any] = []

    def read(document: dict[str, Any]) -> KeySet:
        used.append(document)
        return KeySet([])

    monkeypatch.setattr(proofs_of_possession, "read_key_set", read)
    strange = [OTHER.jwk | {"kty": kty} for kty in ("oct", "", None, ["EC"], "RSA", "OKP")]
    for jwk in (OTHER.jwk, *strange):
        proof = OTHER.proof(provider, token, header={"jwk": jwk})
        assert error_of(send(here, token, proof)) == "invalid_dpop_proof"
    assert used == []
    assert error_of(send(here, token, HOLDER.proof(provider, token))) == "invalid_dpop_proof"
    assert len(used) == 1


def test_two_headers_with_proofs_are_401(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    proofs = [HOLDER.proof(provider, token) for _ in range(2)]
    assert error_of(send(here, token, *proofs)) == "invalid_dpop_proof"


def test_a_proof_is_good_once(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    proof = HOLDER.proof(provider, token)
    assert send(here, token, proof).status == 200
    for seconds in (0, 30, 30):
        here.clock.advance(seconds)
        assert error_of(send(here, token, proof)) == "invalid_dpop_proof"
    here.clock.advance(2)
    assert error_of(send(here, token, proof)) == "use_dpop_nonce"


def test_two_holders_may_use_one_jti(here: Stage, provider: LocalProvider) -> None:
    for holder in (HOLDER, OTHER):
        token = holder.bound(provider)
        assert send(here, token, holder.proof(provider, token, jti="1")).status == 200


def test_of_proofs_that_come_at_once_one_is_good(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    assert send(here, token, HOLDER.proof(provider, token)).status == 200
    proof, statuses = HOLDER.proof(provider, token), []
    threads = [threading.Thread(target=lambda: statuses.append(send(here, token, proof).status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, *[401] * 7]


@pytest.mark.parametrize("deny_list", [False, True])
def test_over_a_store_a_proof_is_good_once_in_all_processes(
    deny_list: bool, stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    here = stage(**ACCEPTING, **({"cookie_deny_list": url} if deny_list else {"session_store": url}))
    token = HOLDER.bound(provider)
    proof = HOLDER.proof(provider, token)
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
    others = [Program(here, here.another_gate()) for _ in range(2)]
    assert [other.send("/", *headers).status for other in others] == [200, 401]
    assert Program(here).send("/", *headers).status == 401


def test_without_its_store_it_is_503(stage: StageFactory, provider: LocalProvider) -> None:
    class Down(Kept):
        def claim(self, _name: str, _seconds: float) -> bool:
            raise StoreError("store_unavailable", "it is down")

    here = stage(session_store=Down(), **ACCEPTING)
    token = HOLDER.bound(provider)
    answer = send(here, token, HOLDER.proof(provider, token))
    assert (answer.status, answer.header("Retry-After")) == (503, "5")
    assert here.app.calls == []
    assert Program(here).ask("/", access_token(provider)).status == 200


def test_proofs_are_forgotten_in_time_and_their_number_is_bounded(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    seen = here.gate._gate.decide.__self__._possession._seen
    assert send(here, token, HOLDER.proof(provider, token)).status == 200
    assert (len(seen._new), len(seen._old)) == (1, 0)
    here.clock.advance(REMEMBERED)
    assert send(here, token, HOLDER.proof(provider, token)).status == 200
    assert (len(seen._new), len(seen._old)) == (1, 1)
    here.clock.advance(2 * REMEMBERED)
    token = HOLDER.bound(provider)
    assert send(here, token, HOLDER.proof(provider, token)).status == 200
    assert (len(seen._new), len(seen._old)) == (1, 0)
    seen._new |= {number.to_bytes(16) for number in range(200_000)}
    proof = HOLDER.proof(provider, token)
    assert send(here, token, proof).status == 200
    assert (len(seen._new), len(seen._old)) == (1, 200_001)
    assert error_of(send(here, token, proof)) == "invalid_dpop_proof"


# Nonces


@pytest.mark.parametrize("seconds", [-3600, -61, 61, 86400])
def test_who_s_clock_is_off_is_given_a_nonce_and_is_good_with_it(
    seconds: int, here: Stage, provider: LocalProvider
) -> None:
    token, wrong = HOLDER.bound(provider), provider.now() + seconds
    answer = send(here, token, HOLDER.proof(provider, token, iat=wrong))
    assert (answer.status, error_of(answer)) == (401, "use_dpop_nonce")
    nonce = nonce_of(answer)
    for _ in range(2):
        assert send(here, token, HOLDER.proof(provider, token, iat=wrong, nonce=nonce)).status == 200
    here.clock.advance(181)
    late = send(here, token, HOLDER.proof(provider, token, iat=wrong, nonce=nonce))
    assert error_of(late) == "use_dpop_nonce"
    assert nonce_of(late) != nonce
    other = here.another_gate()
    proof = HOLDER.proof(provider, token, iat=wrong, nonce=nonce_of(late))
    headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
    assert Program(here, other).send("/", *headers).status == 200


@pytest.mark.parametrize("nonce", ["made-up", "W10.AAAA", "\u00e4", 7, None, ["x"], "x" * 500])
def test_a_nonce_that_is_none_of_ours_is_answered_with_one(nonce: Any, here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    answer = send(here, token, HOLDER.proof(provider, token, nonce=nonce))
    assert error_of(answer) == "use_dpop_nonce"
    proof = HOLDER.proof(provider, token, nonce=nonce_of(answer))
    assert send(here, token, proof).status == 200


def test_a_nonce_from_the_future_is_none(here: Stage, provider: LocalProvider) -> None:
    token = HOLDER.bound(provider)
    nonce = nonce_of(send(here, token, "bad"))
    here.clock.advance(-100)
    assert error_of(send(here, token, HOLDER.proof(provider, token, nonce=nonce))) == "use_dpop_nonce"


# Which scheme


def test_a_bound_token_comes_as_dpop_and_any_other_as_bearer(here: Stage, provider: LocalProvider) -> None:
    bound, free = HOLDER.bound(provider), access_token(provider)
    for _ in range(3):
        assert send(here, bound, HOLDER.proof(provider, bound), scheme="Bearer").status == 401
        assert send(here, free, HOLDER.proof(provider, free)).status == 401
        assert send(here, free, scheme="Bearer").status == 200
        assert send(here, bound, HOLDER.proof(provider, bound)).status == 200
        assert send(here, bound, HOLDER.proof(provider, bound), scheme="dpop").status == 200


def test_where_keys_are_off_no_proof_is_asked_for(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(**TAKING)
    for token, said in ((access_token(provider), "came under the scheme DPoP"),
                        (HOLDER.bound(provider), "is bound to a key")):  # fmt: skip
        answer = send(here, token)
        assert (answer.status, challenges(answer)[0][0], nonce_of(answer)) == (401, "Bearer", "")
        assert f"the token {said}, and bearer_dpop is off" in caplog.text


def test_with_require_all_tokens_are_bound(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_dpop="require", **TAKING)
    bound, free = HOLDER.bound(provider), access_token(provider)
    assert send(here, free, scheme="Bearer").status == 401
    assert send(here, bound, HOLDER.proof(provider, bound)).status == 200
    assert [scheme for scheme, _ in challenges(Program(here).ask("/"))] == ["DPoP", "OIDC"]


MUST_BE_BOUND = "the access token must be bound to a key (DPoP)"


@pytest.mark.parametrize(
    ("mode", "scheme", "why"),
    [
        ("require", "Bearer", "bearer_dpop is require"),
        ("require", "DPoP", "bearer_dpop is require"),
        ("require", "bearer", "bearer_dpop is require"),
        ("accept", "DPoP", "came under the scheme DPoP"),
        ("accept", "dpop", "came under the scheme DPoP"),
    ],
)
def test_a_token_that_is_bound_to_no_key_is_told_that_it_must_be(
    mode: str, scheme: str, why: str, stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(bearer_dpop=mode, **TAKING)
    free = access_token(provider)
    for _ in range(2):
        answer = send(here, free, scheme=scheme)
        ((said, params),) = challenges(answer)
        assert (answer.status, said, params["error"]) == (401, "DPoP", "invalid_token")
        assert (params["error_description"], "ES256" in params["algs"]) == (MUST_BE_BOUND, True)
        assert answer.json()["error_description"] == MUST_BE_BOUND
        assert nonce_of(answer)
        assert f"token_unbound (reference {answer.json()['reference']})" in caplog.text
        assert f"the token is bound to no key, and {why}" in caplog.text


@pytest.mark.parametrize(
    ("mode", "scheme", "expected"),
    [
        ("off", "Bearer", "Bearer"),
        ("off", "DPoP", "Bearer"),
        ("accept", "Bearer", "Bearer"),
        ("accept", "DPoP", "DPoP"),
        ("accept", " dpop", "DPoP"),
        ("require", "Bearer", "DPoP"),
        ("require", "DPoP", "DPoP"),
    ],
)
def test_what_is_refused_is_answered_in_a_scheme_that_would_do(
    mode: str, scheme: str, expected: str, stage: StageFactory, provider: LocalProvider
) -> None:
    """RFC 9449, 7.1: a client goes by the scheme of the challenge."""
    here = stage(bearer_dpop=mode, rules=RULES, **TAKING)
    for token in ("bad", "", access_token(provider, exp=1)):
        answer = send(here, token, "x", scheme=scheme)
        assert (answer.status, challenges(answer)[0][0]) == (401, expected), token
        assert bool(nonce_of(answer)) == (expected == "DPoP")


RULES = [
    {"path": "/new", "allow": "signed-in", "max_age": 1},
    {"path": "/write", "allow": {"scopes": "api:write"}},
    {"path": "/", "allow": "signed-in"},
]


@pytest.mark.parametrize(("path", "status"), [("/new", 401), ("/write", 403)])
def test_a_good_token_that_is_not_good_enough_is_answered_in_its_own_scheme(
    path: str, status: int, stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(rules=RULES, **ACCEPTING)
    claims: dict[str, Any] = {"scope": "x", "auth_time": provider.now() - 99}
    bound, free = HOLDER.bound(provider, **claims), access_token(provider, **claims)
    for _ in range(2):
        answer = send(here, bound, HOLDER.proof(provider, bound, path), path=path)
        assert (answer.status, challenges(answer)[0][0], bool(nonce_of(answer))) == (status, "DPoP", True)
        answer = send(here, free, path=path, scheme="Bearer")
        assert (answer.status, challenges(answer)[0][0], nonce_of(answer)) == (status, "Bearer", "")


def test_a_bound_token_under_the_scheme_bearer_is_told_what_is_wrong(
    here: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    token = HOLDER.bound(provider)
    answer = send(here, token, HOLDER.proof(provider, token), scheme="Bearer")
    assert "or came under the wrong scheme" in answer.json()["error_description"]
    assert "the token is bound to a key, and came as Bearer" in caplog.text


def test_a_program_without_a_token_is_told_of_both(here: Stage) -> None:
    bearer, dpop, oidc = challenges(Program(here).ask("/"))
    assert (bearer[0], dpop[0], oidc[0]) == ("Bearer", "DPoP", "OIDC")
    assert {"ES256", "RS256", "EdDSA"} <= set(dpop[1]["algs"].split())
    assert "error" not in dpop[1]


def test_nothing_in_cnf_is_passed_over(here: Stage, provider: LocalProvider) -> None:
    key = {"jkt": HOLDER.thumbprint}
    strange: list[Any] = [
        {"jkt": 7},
        {"jkt": ""},
        {"jkt": None},
        {"kid": "x"},
        key | {"x5t#S256": "x"},
        key | {"jwk": {}},
    ]
    for cnf in strange:
        token = HOLDER.bound(provider, cnf=cnf)
        for scheme in ("DPoP", "Bearer"):
            for _ in range(2):
                assert send(here, token, HOLDER.proof(provider, token), scheme=scheme).status == 401, cnf
    assert here.app.calls == []


def test_scopes_and_rules_hold_for_bound_tokens(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_scopes=["api:read"], rules=[{"path": "/no", "allow": "nobody"}], **ACCEPTING)
    token, poor = HOLDER.bound(provider), HOLDER.bound(provider, scope="x")
    for _ in range(2):
        assert send(here, token, HOLDER.proof(provider, token)).status == 200
        assert send(here, token, HOLDER.proof(provider, token, "/no"), path="/no").status == 403
        assert error_of(send(here, poor, HOLDER.proof(provider, poor))) == "insufficient_scope"


def test_a_websocket_takes_a_proof_for_get(provider: LocalProvider) -> None:
    here = Stage("asgi", provider, **ACCEPTING)
    token = HOLDER.bound(provider)
    headers = {"Authorization": f"DPoP {token}", "DPoP": HOLDER.proof(provider, token, "/ws")}
    assert here.browser().websocket("/ws", headers=headers).accepted
    assert not here.browser().websocket("/ws", headers=headers).accepted


# Certificates


def certificate() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "robot")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9999))
    return made.sign(key, hashes.SHA256())


DER = certificate().public_bytes(serialization.Encoding.DER)
PEM = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(DER).decode()}-----END CERTIFICATE-----\n"
DIGEST = hashlib.sha256(DER)
CNF = {"x5t#S256": b64(DIGEST.digest())}
PROXIED = TAKING | {"trusted_proxies": ["203.0.113.0/24"], "bearer_client_cert_header": "X-Client-Cert"}


@pytest.mark.parametrize(
    "value",
    [
        quote(PEM),
        PEM.replace("\n", " "),
        PEM.replace("\n", "\t"),
        base64.b64encode(DER).decode(),
        f":{base64.b64encode(DER).decode()}:",
        quote(base64.b64encode(DER).decode(), safe=""),
        DIGEST.hexdigest(),
        DIGEST.hexdigest().upper(),
    ],
    ids=["PEM, encoded", "PEM, blanks", "PEM, tabs", "base64", "RFC 9440", "base64, encoded", "hash", "HASH"],
)
def test_a_certificate_is_believed_from_the_proxy(value: str, stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**PROXIED)
    token = access_token(provider, cnf=CNF)
    for _ in range(3):
        answer = Program(here).ask("/", token, X_Client_Cert=value)
        assert subject(answer) == "robot"
        assert "x-client-cert" not in answer.json()["headers"]
        assert Program(here, client=("198.51.100.1", 5)).ask("/", token, X_Client_Cert=value).status == 401


def test_any_other_certificate_is_401(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**PROXIED)
    values = ["", "x", ":", "-----BEGIN CERTIFICATE-----", base64.b64encode(b"other").decode(), "0" * 64, "A" * 40_000]
    values += [f"{quote(PEM)},x", DIGEST.hexdigest()[:-1], CNF["x5t#S256"], "%00", "\u00e9", "MA==\u00e9"]
    for value in values:
        answer = Program(here).ask("/", access_token(provider, cnf=CNF), X_Client_Cert=value)
        assert (answer.status, error_of(answer)) == (401, "invalid_token"), value
    assert here.app.calls == []


def test_without_or_with_two_certificates_it_is_401(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**PROXIED)
    token = ("Authorization", f"Bearer {access_token(provider, cnf=CNF)}")
    good, bad = ("X-Client-Cert", DIGEST.hexdigest()), ("X-Client-Cert", "0" * 64)
    for headers in ((), (good, bad), (bad, good), (good, good)):
        assert Program(here).send("/", token, *headers).status == 401
    assert Program(here).send("/", token, good).status == 200


FROM_PROXY, FROM_ELSEWHERE = ("203.0.113.1", 5), ("198.51.100.1", 5)


@pytest.mark.parametrize(
    ("peer", "values", "thumbprint", "why"),
    [
        (FROM_PROXY, [], "", "none came in x-client-cert"),
        (FROM_PROXY, [""], "", "none came in x-client-cert"),
        (FROM_ELSEWHERE, [], "", "none came in x-client-cert"),
        (FROM_ELSEWHERE, [quote(PEM)], "", "x-client-cert came from 198.51.100.1, which is none of trusted_proxies"),
        (FROM_ELSEWHERE, ["(null)"], "", "came from 198.51.100.1, which is none of trusted_proxies"),
        (("", 0), [quote(PEM)], "", "came from an unknown peer, which is none of trusted_proxies"),
        (FROM_PROXY, ["(null)"], "", "what came in x-client-cert is none that can be read, or came twice"),
        (FROM_PROXY, [quote(PEM), "0" * 64], "", "is none that can be read, or came twice"),
        (FROM_PROXY, ["0" * 64], "", "the token is bound to another certificate than came with the request"),
        (FROM_PROXY, [quote(PEM)], 7, "has no text as x5t#S256 in cnf"),
    ],
)
def test_the_log_tells_what_is_wrong_with_a_certificate(
    peer: Any,
    values: list[str],
    thumbprint: Any,
    why: str,
    stage: StageFactory,
    provider: LocalProvider,
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = stage(**PROXIED)
    token = access_token(provider, cnf={"x5t#S256": thumbprint} if thumbprint else CNF)
    headers = [("Authorization", f"Bearer {token}"), *(("X-Client-Cert", value) for value in values)]
    for _ in range(2):
        caplog.clear()
        answer = Program(here, client=peer).send("/", *headers)
        assert (answer.status, error_of(answer)) == (401, "invalid_token")
        (line,) = [record.getMessage() for record in caplog.records if "token_unproven" in record.getMessage()]
        assert why in line
    assert here.app.calls == []


@pytest.mark.parametrize("expected", [None, 7, "", "x", ["x"], "\u00e4"])
def test_a_strange_thumbprint_is_401(expected: Any, stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**PROXIED)
    token = access_token(provider, cnf={"x5t#S256": expected})
    assert Program(here).ask("/", token, X_Client_Cert=quote(PEM)).status == 401


def test_a_client_s_own_header_never_reaches_the_app(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**PROXIED)
    for spelt in ("X-Client-Cert", "X_Client_Cert", "x-client.cert"):
        answer = Program(here).send("/", ("Authorization", f"Bearer {access_token(provider)}"), (spelt, "x"))
        assert answer.status == 200
        assert not any("cert" in name for name in answer.json()["headers"])


def test_key_and_certificate_may_both_be_demanded(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_dpop="accept", **PROXIED)
    token = HOLDER.bound(provider, cnf={"jkt": HOLDER.thumbprint} | CNF)
    cert = ("X-Client-Cert", quote(PEM))

    def ask(*headers: tuple[str, str]) -> int:
        return Program(here).send("/", ("Authorization", f"DPoP {token}"), *headers).status

    def proof() -> tuple[str, str]:
        return "DPoP", HOLDER.proof(provider, token)

    assert ask(proof(), cert) == 200
    assert ask(proof()) == 401
    assert ask(cert) == 401
