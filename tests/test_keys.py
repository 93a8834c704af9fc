"""Signatures: which key may have signed and with what, and every way in which authlib could be led astray."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ed448, ed25519, rsa, x25519
from joserfc import jwe
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from oidc_gate.errors import ProviderError
from oidc_gate.provider.keys import (
    LONGEST_TOKEN,
    KeySet,
    SignedToken,
    algorithms_of,
    another_key,
    decrypt,
    load_private_key,
    read_compact,
    read_key_set,
    signing_alg,
)
from oidc_gate.settings.checks import SIGNING_ALGS
from tests.providers import keys

CLAIMS = {"sub": "ada"}
RSA = cast(RSAKey, keys.make_key("rsa"))
EC = cast(ECKey, keys.make_key("ec"))
ED = cast(OKPKey, keys.make_key("ed"))


def b64(data: bytes | str) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def jwk(key: Key, **changes: Any) -> dict[str, Any]:
    """Return a public key as the provider would list it, with members changed or (`...`) left out."""
    return {name: value for name, value in (keys.public_jwk(key) | changes).items() if value is not ...}


def key_set(*entries: Any) -> KeySet:
    return read_key_set({"keys": list(entries)})


def verified(token: str, *entries: Any) -> bool:
    return key_set(*entries).verifies(read_compact(token))


def token(key: Key, alg: str, **header: Any) -> str:
    return keys.sign(CLAIMS, {"alg": alg} | header, key)


# Taking a token apart


def test_a_compact_token() -> None:
    found = read_compact(keys.sign(CLAIMS, {"alg": "RS256", "kid": "k"}, RSA))
    assert (found.alg, found.header["kid"], json.loads(found.payload)) == ("RS256", "k", CLAIMS)


HEADER, PAYLOAD = b64('{"alg":"RS256"}'), b64('{"sub":"ada"}')
TWICE, DEEP, FORGED = b64('{"alg":"RS256","alg":"none"}'), b64('{"a":' + "[" * 50_000), b64('{"sub":"eve"}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        HEADER,
        f"{HEADER}.{PAYLOAD}",
        f"{HEADER}.{PAYLOAD}.",
        f"{HEADER}..AAAA",
        f".{PAYLOAD}.AAAA",
        f"{HEADER}.{PAYLOAD}.AAAA.AAAA",
        f"{HEADER}.{PAYLOAD}.AAAA.AAAA.AAAA",
        f" {HEADER}.{PAYLOAD}.AAAA",
        f"{HEADER}.{PAYLOAD}.AAAA\n",
        f"{HEADER}.{PAYLOAD}.AA==",
        f"{HEADER}=.{PAYLOAD}.AAAA",
        f"{HEADER}.{PAYLOAD}.A",
        f"{HEADER}.{PAYLOAD}.AA+/",
        f"{HEADER}.{PAYLOAD}.AA\u00e4A",
        f"{HEADER}.{PAYLOAD}.\u0661\u0661\u0661\u0661",
        f"{b64('not json')}.{PAYLOAD}.AAAA",
        f"{b64('[]')}.{PAYLOAD}.AAAA",
        f"{b64('7')}.{PAYLOAD}.AAAA",
        f"{b64('{}x')}.{PAYLOAD}.AAAA",
        f"{TWICE}.{PAYLOAD}.AAAA",
        f"{DEEP}.{PAYLOAD}.AAAA",
        f"{HEADER}.{'A' * LONGEST_TOKEN}.AAAA",
        json.dumps({"protected": HEADER, "payload": PAYLOAD, "signature": "AAAA"}),
        json.dumps({"payload": PAYLOAD, "signatures": [{"protected": HEADER, "signature": "AAAA"}]}),
        json.dumps({"protected": HEADER, "payload": f"{PAYLOAD}.{PAYLOAD}.AAAA", "signature": "AAAA"}),
    ],
)
def test_no_other_serialisation_and_no_junk(text: str) -> None:
    with pytest.raises(ProviderError) as raised:
        read_compact(text)
    assert raised.value.code == "token_malformed"
    assert "ada" not in str(raised.value)


@pytest.mark.parametrize("critical", [["b64"], ["exp"], ["unknown"], [], None, "x", {"a": 1}])
def test_authlib_accepted_an_unknown_crit_and_we_accept_none(critical: Any) -> None:
    with pytest.raises(ProviderError, match="extension") as raised:
        read_compact(token(RSA, "RS256", crit=critical, unknown=1, b64=False))
    assert raised.value.code == "token_malformed"


def test_an_alg_that_is_no_text_is_no_algorithm() -> None:
    for alg in (None, 7, ["RS256"], {"RS256": 1}):
        found = SignedToken({"alg": alg}, b"", b"", b"")
        assert found.alg not in SIGNING_ALGS
    assert SignedToken({}, b"", b"", b"").alg not in SIGNING_ALGS


# Who has signed


def rsa_key(bits: int) -> RSAKey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc warns of short ones
        return RSAKey.generate_key(bits)


@pytest.mark.parametrize(
    ("key", "algs"),
    [
        (RSA, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        (EC, ["ES256"]),
        (ECKey.generate_key("P-384"), ["ES384"]),
        (ECKey.generate_key("P-521"), ["ES512"]),
        (ED, ["EdDSA", "Ed25519"]),
    ],
)
def test_every_algorithm_with_its_own_key_and_no_other(key: Key, algs: list[str]) -> None:
    everyone = [jwk(RSA), jwk(EC), jwk(ED), jwk(key)]
    for alg in algs:
        good = token(key, alg)
        assert verified(good, jwk(key))
        assert verified(good, *everyone)
        assert not verified(keys.tampered(good), *everyone)
        head, payload, signature = good.split(".")
        assert not verified(f"{head}.{FORGED}.{signature}", *everyone)
        # the same signature under the name of every other algorithm
        for other in set(SIGNING_ALGS) - {alg}:
            if {alg, other} != {"EdDSA", "Ed25519"}:
                assert not verified(f"{b64(json.dumps({'alg': other}))}.{payload}.{signature}", *everyone)


def test_eddsa_is_verified_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verified(token(ED, "EdDSA"), jwk(ED))
        assert verified(token(ED, "Ed25519"), jwk(ED))


@pytest.mark.parametrize("length", [1, 32, 63, 65, 255, 257, 4096])
def test_signatures_of_a_wrong_length(length: int) -> None:
    for key, alg in ((RSA, "RS256"), (RSA, "PS256"), (EC, "ES256"), (ED, "Ed25519")):
        head = token(key, alg).rpartition(".")[0]
        assert not verified(f"{head}.{b64(bytes(length))}", jwk(key))


def test_a_der_signature_is_no_ecdsa_signature_of_a_jws() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    head = token(EC, "ES256").rpartition(".")[0]
    der = cast(ec.EllipticCurvePrivateKey, EC.private_key).sign(head.encode(), ec.ECDSA(hashes.SHA256()))
    assert not verified(f"{head}.{b64(der)}", jwk(EC))


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_keys_in_the_header_are_not_looked_at(member: str) -> None:
    stranger = keys.make_key("rsa", 999)
    values = {
        "jwk": jwk(stranger),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/x",
        "x5c": ["AAAA"],
    }
    header = {member: values.get(member, "AAAA")}
    assert not verified(token(stranger, "RS256", **header), jwk(RSA))
    assert verified(token(RSA, "RS256", **header), jwk(RSA))


def test_a_long_header_is_read() -> None:
    """The limit of joserfc is 512 bytes; certificates in the header (x5c) are longer."""
    assert verified(token(RSA, "RS256", x5c=["A" * 2000]), jwk(RSA))


# kid: where both have one they must be equal


def test_no_kid_in_the_token_and_several_keys() -> None:
    assert verified(token(RSA, "RS256"), jwk(keys.make_key("rsa", 2)), jwk(RSA), jwk(EC))


def test_no_kid_in_the_key_and_one_in_the_token() -> None:
    assert verified(token(RSA, "RS256", kid="any"), jwk(RSA, kid=...))


def test_another_kid_is_another_key() -> None:
    assert not verified(token(RSA, "RS256", kid="other"), jwk(RSA))
    assert not verified(token(RSA, "RS256", kid=["rsa-1"]), jwk(RSA))


def test_one_kid_for_several_keys() -> None:
    same = [jwk(EC, kid="k"), jwk(keys.make_key("rsa", 2), kid="k"), jwk(RSA, kid="k"), jwk(ED, kid="k")]
    for key, alg in ((RSA, "RS256"), (EC, "ES256"), (ED, "EdDSA")):
        assert verified(token(key, alg, kid="k"), *same)
        assert verified(token(key, alg, kid="k"), *reversed(same))


# use, alg, key_ops


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"use": "weird"},
        {"use": ["sig"]},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {"alg": "RSA-OAEP-256"},
        {"alg": "none"},
        {"alg": ["RS256"]},
        {"key_ops": ["sign"]},
        {"key_ops": ["encrypt", "wrapKey"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": {"verify": 1}},
        {"crv": "P-256"},
    ],
)
def test_a_key_that_is_for_something_else(members: dict[str, Any]) -> None:
    assert not verified(token(RSA, "RS256"), jwk(RSA, **members))


@pytest.mark.parametrize(
    "members",
    [
        {"use": ...},
        {"use": None},
        {"alg": "RS256"},
        {"alg": None},
        {"key_ops": ["verify"]},
        {"key_ops": ["verify", "x"]},
        {"key_ops": None},
    ],
)
def test_a_key_that_may_verify(members: dict[str, Any]) -> None:
    assert verified(token(RSA, "RS256"), jwk(RSA, **members))


@pytest.mark.parametrize("listed", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("said", ["EdDSA", "Ed25519"])
def test_eddsa_has_two_names(listed: str, said: str) -> None:
    assert verified(token(ED, said), jwk(ED, alg=listed))


# HMAC: never


def hmac_secrets() -> list[bytes]:
    public = RSA.public_key
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pkcs1 = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    pem = RSA.as_pem(private=False)
    document = json.dumps(jwk(RSA)).encode()
    modulus = str(jwk(RSA)["n"]).encode()
    return [
        pem,
        pem.strip(),
        pem + b"\n",
        pkcs1,
        der,
        document,
        modulus,
        base64.urlsafe_b64decode(modulus + b"=="),
        b"",
        b"secret",
    ]


@pytest.mark.parametrize("secret", hmac_secrets())
def test_a_public_key_is_no_shared_secret(secret: bytes) -> None:
    """HS256 cannot be allowed, and a set holds no symmetric key even where it lists one."""
    forged = keys.sign(CLAIMS, {"alg": "HS256", "kid": "rsa-1"}, secret)
    octet = {"kty": "oct", "k": b64(secret), "kid": "rsa-1", "use": "sig"}
    assert not verified(forged, jwk(RSA), octet)
    assert not verified(forged, octet)
    assert "HS256" not in SIGNING_ALGS


def test_none_is_no_algorithm() -> None:
    assert not {"none", "None", "NONE", "nOnE", ""} & set(SIGNING_ALGS)
    unsigned = SignedToken({"alg": "none"}, b"{}", b"", b"")
    assert not key_set(jwk(RSA), {"kty": "none"}).verifies(unsigned)


# Reading a key set


JUNK: list[Any] = [
    None,
    7,
    "text",
    [],
    {},
    {"kid": "nothing else"},
    {"kty": "martian", "kid": "m"},
    {"kty": None},
    {"kty": ["RSA"]},
    {"kty": "RSA"},
    {"kty": "RSA", "n": "AQAB"},
    {"kty": "RSA", "n": "", "e": ""},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    {"kty": "RSA", "n": 7, "e": 7},
    {"kty": "RSA", "n": "!!!", "e": "AQAB"},
    {"kty": "RSA", "n": "\ud800", "e": "AQAB"},
    {"kty": "EC", "crv": "P-000", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-256", "x": "AA"},
    {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
    {"kty": "OKP", "crv": "Ed25519"},
    {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32))},
    {"kty": "oct", "k": b64(b"secret" * 10)},
]


def test_junk_in_a_key_set_is_passed_over() -> None:
    good = token(RSA, "RS256", kid="rsa-1")
    for entry in JUNK:
        assert not verified(good, entry)
        assert verified(good, entry, jwk(RSA), entry)
    assert verified(good, *JUNK, jwk(RSA), *JUNK)


def test_private_keys_and_weak_keys_are_never_used() -> None:
    private = RSA.as_dict(private=True)
    assert not verified(token(RSA, "RS256"), private)
    weak = rsa_key(1024)
    assert not verified(token(weak, "RS256"), jwk(weak))
    assert verified(token(rsa_key(3072), "RS256"), jwk(RSA)) is False


def test_a_curve_that_is_not_allowed() -> None:
    for key in (OKPKey.generate_key("Ed448"), ECKey.generate_key("secp256k1")):
        for alg in ("EdDSA", "Ed25519", "ES256"):
            head = f"{b64(json.dumps({'alg': alg}))}.{PAYLOAD}"
            assert not verified(f"{head}.{b64(bytes(64))}", jwk(key))


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "x"}, {"key": []}])
def test_no_key_set(document: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as raised:
        read_key_set(document)
    assert raised.value.code == "keys_missing"


def test_an_endless_key_set_is_read_in_part() -> None:
    strangers = [jwk(EC, kid=f"k{number}") for number in range(100)]
    assert not verified(token(RSA, "RS256"), *strangers, jwk(RSA))
    assert verified(token(RSA, "RS256"), *strangers[:99], jwk(RSA))


# The gate's own key


def pem(key: Any, password: bytes | None = None) -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    data: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    return data


@pytest.mark.parametrize(
    ("key", "alg"), [(RSA, "RS256"), (EC, "ES256"), (ED, "Ed25519"), (ECKey.generate_key("P-521"), "ES512")]
)
def test_a_private_key_from_a_file(key: Any, alg: str) -> None:
    for data in (
        pem(key.private_key),
        json.dumps(key.as_dict(private=True)).encode(),
        b"\n " + key.as_pem(private=True),
    ):
        found = load_private_key(data)
        assert found.is_private
        assert found.as_dict(private=False)["kty"] == key.as_dict()["kty"]
        assert signing_alg(found) == alg


def test_traditional_pem_files() -> None:
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    for key in (RSA, EC):
        data = cast(Any, key).private_key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
        assert load_private_key(data).is_private


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no key",
        b"{",
        b"{}",
        b"[]",
        b'{"kty": "RSA"}',
        b'{"kty": "oct", "k": "AAAA"}',
        b'{"kty": "EC", "crv": "P-000"}',
        b'{"kty": "RSA", "kty": "EC"}',
        json.dumps(jwk(RSA)).encode(),
        RSA.as_pem(private=False),
        EC.as_pem(private=False),
        ED.as_pem(private=False),
        pem(RSA.private_key, b"password"),
        pem(dsa.generate_private_key(2048)),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_a_file_without_a_private_key(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"key|JWK|JSON|name|Expecting"):
        load_private_key(data)


def test_a_jwk_says_what_it_signs() -> None:
    for key, alg in ((RSA, "PS384"), (RSA, "RS512"), (ED, "EdDSA")):
        assert signing_alg(load_private_key(json.dumps(key.as_dict(private=True) | {"alg": alg}).encode())) == alg


@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA, "RSA-OAEP-256"), (RSA, "ES256"), (RSA, "HS256"), (RSA, "none"), (EC, "ES384"), (EC, "RS256"), (ED, "ES256")],
)
def test_a_jwk_that_cannot_sign_what_it_says(key: Any, alg: str) -> None:
    with pytest.raises(ValueError, match=f"cannot sign {alg}"):
        signing_alg(load_private_key(json.dumps(key.as_dict(private=True) | {"alg": alg}).encode()))


@pytest.mark.parametrize("key", [x25519.X25519PrivateKey.generate(), ed448.Ed448PrivateKey.generate()])
def test_keys_that_cannot_sign_here(key: Any) -> None:
    with pytest.raises(ValueError, match="cannot sign"):
        signing_alg(load_private_key(pem(key)))


# Encrypted tokens

INNER = keys.sign(CLAIMS, {"alg": "RS256"}, RSA)
#: The same keys without `use`: joserfc holds one that is for signing to it.
SEAL_RSA = RSAKey.import_key(RSA.as_pem(private=True))
SEAL_EC = ECKey.import_key(EC.as_pem(private=True))


def encrypted(header: dict[str, Any], key: Any, plaintext: str = INNER) -> str:
    names = [*jwe.JWERegistry.algorithms["alg"], *jwe.JWERegistry.algorithms["enc"], *jwe.JWERegistry.algorithms["zip"]]
    registry = jwe.JWERegistry(algorithms=names, strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwe.encrypt_compact(header, plaintext, key, registry=registry)


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"])
@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("RSA-OAEP", SEAL_RSA),
        ("RSA-OAEP-256", SEAL_RSA),
        ("ECDH-ES", SEAL_EC),
        ("ECDH-ES+A128KW", SEAL_EC),
        ("ECDH-ES+A256KW", SEAL_EC),
        ("ECDH-ES", OKPKey.generate_key("X25519")),
    ],
)
def test_an_encrypted_token_is_opened(alg: str, key: Any, enc: str) -> None:
    sealed = encrypted({"alg": alg, "enc": enc, "cty": "JWT", "iss": "https://idp.test", "aud": "app"}, key)
    assert decrypt(sealed, key) == INNER.encode()


def refused(sealed: str, key: Any = SEAL_RSA) -> str:
    with pytest.raises(ProviderError) as raised:
        decrypt(sealed, key)
    assert raised.value.code == "token_malformed"
    return str(raised.value)


OAEP = {"alg": "RSA-OAEP-256", "enc": "A256GCM"}
DIRECT = {"alg": "ECDH-ES", "enc": "A256GCM"}


def test_a_compressed_token_is_refused_before_anything_is_unpacked() -> None:
    assert "not accepted" in refused(encrypted(OAEP | {"zip": "DEF"}, SEAL_RSA, "A" * 100_000))


def test_rsa_1_5_is_refused() -> None:
    assert "not accepted" in refused(encrypted({"alg": "RSA1_5", "enc": "A256GCM"}, SEAL_RSA))


def test_passwords_and_shared_keys_are_refused() -> None:
    secret = OctKey.import_key({"kty": "oct", "k": b64(b"0123456789abcdef0123456789abcdef")})
    for alg in ("PBES2-HS256+A128KW", "dir", "A256KW", "A256GCMKW"):
        assert "not accepted" in refused(encrypted({"alg": alg, "enc": "A256GCM"}, secret))


@pytest.mark.parametrize(
    "changes",
    [
        {"crit": ["x"], "x": 1},
        {"crit": []},
        {"zip": None},
        {"alg": "none"},
        {"alg": None},
        {"alg": ["RSA-OAEP-256"]},
        {"alg": ...},
        {"enc": ...},
        {"enc": "none"},
        {"enc": "A192GCM"},
        {"enc": 7},
    ],
)
def test_what_the_header_of_an_encrypted_token_must_not_say(changes: dict[str, Any]) -> None:
    header = {name: value for name, value in (OAEP | changes).items() if value is not ...}
    rest = encrypted(OAEP, SEAL_RSA).partition(".")[2]
    assert "not accepted" in refused(f"{b64(json.dumps(header))}.{rest}")


def test_damage_anywhere_in_an_encrypted_token() -> None:
    """The second part is empty with ECDH-ES; what stands there is not looked at, nor used."""
    wrapped = {"alg": "ECDH-ES+A256KW", "enc": "A256CBC-HS512"}
    for header, key, parts in (
        (OAEP, SEAL_RSA, range(5)),
        (wrapped, SEAL_EC, range(5)),
        (DIRECT, SEAL_EC, (0, 2, 3, 4)),
    ):
        whole = encrypted(header, key).split(".")
        for number in parts:
            part = whole[number]
            flipped = part[:4] + ("B" if part[4] != "B" else "C") + part[5:]
            for damage in ("", "A", "AAAA", part[:-4], flipped, f"{part}ä", "=" * 8):
                refused(".".join([*whole[:number], damage, *whole[number + 1 :]]), key)


@pytest.mark.parametrize("header", ["[]", "7", '{"alg":"RSA-OAEP-256","alg":"dir"}', '{"a":' + "[" * 5000, "x", "{}"])
def test_a_header_that_cannot_be_read(header: str) -> None:
    refused(f"{b64(header)}.AAAA.AAAA.AAAA.AAAA")


@pytest.mark.parametrize(
    "epk",
    [
        ...,
        None,
        {},
        "x",
        {"kty": "EC"},
        jwk(RSA),
        jwk(ED),
        jwk(ECKey.generate_key("P-384")),
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    ],
)
def test_an_ephemeral_key_that_is_none(epk: Any) -> None:
    """Among them a point that is not on the curve, which would give the private key away bit by bit."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM"} | ({} if epk is ... else {"epk": epk})
    rest = encrypted({"alg": "ECDH-ES", "enc": "A256GCM"}, SEAL_EC).partition(".")[2]
    refused(f"{b64(json.dumps(header))}.{rest}", SEAL_EC)


def test_another_key_and_another_kind_of_key() -> None:
    refused(encrypted(OAEP, rsa_key(2048)))
    refused(encrypted({"alg": "ECDH-ES", "enc": "A256GCM"}, SEAL_EC))
    refused(encrypted(OAEP, SEAL_RSA), SEAL_EC)
    refused(encrypted(OAEP, SEAL_RSA), ED)


def test_four_and_six_parts() -> None:
    sealed = encrypted(OAEP, SEAL_RSA)
    refused(sealed.rpartition(".")[0])
    refused(f"{sealed}.AAAA")


def test_what_is_inside_may_be_any_bytes() -> None:
    """Userinfo may be JSON (Core, 5.3.2); whether it is a token is for others to see."""
    assert decrypt(encrypted(OAEP, SEAL_RSA, "ä"), SEAL_RSA) == "ä".encode()


def test_an_oversized_encrypted_token() -> None:
    refused(encrypted(OAEP, SEAL_RSA, "A" * LONGEST_TOKEN))
    refused(f"{b64(json.dumps(OAEP | {'x5c': ['A' * 9000]}))}.AAAA.AAAA.AAAA.AAAA")


def test_ed25519_and_rsa_private_keys_are_of_their_types() -> None:
    """The keys of these tests are what their names say (a fixture that lies proves nothing)."""
    assert isinstance(RSA.private_key, rsa.RSAPrivateKey)
    assert isinstance(ED.private_key, ed25519.Ed25519PrivateKey)


@pytest.mark.parametrize("family", ["rsa", "ec", "ed"])
@pytest.mark.parametrize("alg", [None, "of its kind"])
def test_another_key_of_the_same_kind(family: str, alg: str | None) -> None:
    known = keys.make_key(family, 90).as_dict(private=True)
    algorithm = {"rsa": "PS256", "ec": "ES256", "ed": "Ed25519"}[family]
    known = {name: value for name, value in known.items() if name != "kid"} | ({"alg": algorithm} if alg else {})
    key = load_private_key(json.dumps(known).encode())
    other = another_key(key)
    assert other.is_private
    assert signing_alg(other) == signing_alg(key)
    assert other.as_dict(private=False) != key.as_dict(private=False)


def test_the_algorithms_of_a_key() -> None:
    jwk = keys.public_jwk(keys.make_key("ec", 1))
    assert algorithms_of(jwk) == ("ES256",)
    assert algorithms_of(jwk | {"alg": "ES384"}) == ()
    assert algorithms_of(jwk | {"use": "enc"}) == ()
    assert algorithms_of("no key") == ()
    rsa = algorithms_of(keys.public_jwk(keys.make_key("rsa", 1)))
    assert sorted(rsa) == ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]
