"""What the checks of this client at the provider's endpoints for servers mean (P7 to P9, P15 to P19)."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_CLIENT"]

ABOUT_CLIENT = {
    "P7": About(
        "The token endpoint accepts the client's secret. It is sent a code that nobody issued: a client that is"
        " accepted hears `invalid_grant`, another one `invalid_client`. The control is the same with a wrong secret,"
        " sent once.",
        "With a wrong secret people sign in at the provider, and then each login ends in `client_rejected`.",
        "Copy both once more. P8 tells whether the secret is right and only its way is not. Secrets also run out.",
        {
            "JumpCloud": "The secret is shown once: SSO Applications, your app, *SSO*, make a new one.",
            "Keycloak": "The client's *Credentials*; *Client authentication* must be on.",
            "Entra": "*Certificates & secrets*: the *Value*, not the *Secret ID*; look at *Expires*.",
            "Okta": "The app's *General*, *Client Credentials*; a secret can be inactive.",
            "Auth0": "The application's *Settings*; *Rotate secret* ends the old one.",
            "Google": "*APIs & Services*, *Credentials*, the OAuth client; a new secret can be added beside the old.",
        },
    ),
    "P8": About(
        "Where P7's secret is refused, it is sent in the other ways: in a header, in the form, undecoded, as a"
        " signature. It names the one that is accepted.",
        "Some providers take the secret in one way only, and say nothing but `invalid_client` of another.",
        "Set `client_auth_method` to what it names.",
        {
            "JumpCloud": "*Client Authentication Type*: Client Secret Basic or POST.",
            "Keycloak": "The client's *Credentials*, *Client Authenticator*; id and secret go in both ways.",
            "Entra": "It takes both `client_secret_post` and `client_secret_basic`.",
            "Okta": "The app's `token_endpoint_auth_method`, by its API; as a rule `client_secret_basic`.",
            "Auth0": "The application's *Credentials*, *Authentication Method*; often `client_secret_post`.",
            "Google": "It takes both.",
        },
    ),
    "P9": About(
        "With `private_key_jwt`: the provider knows the public half of `client_private_key_file`. As P7; the control is"
        " signed with a key made for it. With `client_assertion`: the token in `client_assertion_file` is there,"
        " has not ended, and is accepted; the control has another signature.",
        "Else each login ends in `client_rejected`.",
        "Register the public key, or the address of a key set, with the same `kid` and algorithm.",
        {
            "JumpCloud": "Where its console does not offer it, use a secret, or PKCE alone.",
            "Keycloak": "*Credentials*, *Signed JWT*; then *Keys*, import the certificate or a JWKS URL.",
            "Entra": "*Certificates & secrets*, *Certificates*; it wants the certificate's thumbprint (`x5t`), which"
            " this gate does not send: use a secret.",
            "Okta": "The app's *General*, *Public key / Private key*, add the key.",
            "Auth0": "The application's *Credentials*, *Private Key JWT*, add the public key.",
            "Google": "It does not offer this.",
        },
    ),
    "P15": About(
        "With a `session_store` on a server: this client may use refresh tokens. One that nobody issued is sent:"
        " `invalid_grant` says yes, `unauthorized_client` no. Whether a login then brings one cannot be seen without"
        " signing in.",
        "Where `scopes` ask for `offline_access` and it is not allowed, logins may be refused, and claims are never"
        " renewed.",
        "Allow the grant to the client, or leave `offline_access` out.",
        {
            "JumpCloud": "The app's *Grant Types*: Refresh Token.",
            "Keycloak": "The client's *Use refresh tokens*, and the scope `offline_access` among its client scopes.",
            "Entra": "Nothing: `offline_access` is enough.",
            "Okta": "The app's *General*, *Grant type*: Refresh Token.",
            "Auth0": "*Advanced*, *Grant Types*: Refresh Token; and *Allow Offline Access* of the API.",
            "Google": "It knows no `offline_access`: set `authz_url_params` to `access_type=offline`.",
        },
    ),
    "P16": About(
        "Where the provider takes pushed requests (RFC 9126), one is pushed: it proves client, redirect URI and scopes"
        " at once. It is never used, and forgotten within a minute or so. Where logins are pushed, so are the requests"
        " of P6, P10, P11, P13 and P14.",
        "A provider that demands them refuses every other login. It may demand them of one client alone, of which"
        " discovery does not tell.",
        "Set `pushed` to `always`, or have the provider not demand them of this client. What it says of redirect URI or"
        " scopes: P11, P13.",
        {
            "JumpCloud": "It has none: leave `pushed` at `auto`.",
            "Keycloak": "The client's *Advanced*, *Pushed authorization request required*: `pushed = always`.",
            "Entra": "It has none.",
            "Okta": "The app's *General*, *Require Pushed Authorization Request*: `pushed = always`.",
            "Auth0": "The application's *Require Pushed Authorization Requests*: `pushed = always`.",
            "Google": "It has none.",
        },
    ),
    "P17": About(
        "Where the provider offers introspection (RFC 7662), this client may ask: of a token that nobody issued it says"
        " that it is not active.",
        "Logins do not need it. Programs that come with opaque tokens do: none of them comes in without it.",
        "Allow it to this client, or leave it where `bearer_tokens` is `jwt`; then doctor asks only where it is at the"
        " token endpoint's address, to which the secret goes anyway. Where discovery does not name it:"
        " `provider_endpoints`, `introspection_endpoint`.",
        {
            "JumpCloud": "It offers none.",
            "Keycloak": "Any confidential client may.",
            "Entra": "It offers none.",
            "Okta": "Any client of the same server may.",
            "Auth0": "It offers none.",
            "Google": "It offers none.",
        },
    ),
    "P18": About(
        "Where the provider offers revocation (RFC 7009), this client may use it.",
        "A logout ends the refresh token at the provider; where that is refused, whoever has the token can go on.",
        "Allow it to this client.",
        {
            "Keycloak": "Each client may.",
            "Entra": "It offers none.",
            "Okta": "Each client may.",
            "Auth0": "Each client may; `client_auth_method` there is the application's.",
            "Google": "Anyone may, with the token alone.",
        },
    ),
    "P19": About(
        "Userinfo refuses a token that nobody issued with status 401.",
        "The gate ends a session when userinfo says 401; another status counts as a fault of the provider's that"
        " passes.",
        "Nothing at the large providers. A gateway in front of your own may turn 401 into 403: have it leave 401 be.",
        {
            "Keycloak": "It says 401; without `openid` in the scopes 403.",
            "Entra": "Microsoft Graph says 401.",
            "Auth0": "It says 401, and 429 where it is asked too often: raise `userinfo_refresh_interval`.",
        },
    ),
}
