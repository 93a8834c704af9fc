"""What the checks of what the provider says of itself mean (P1 to P6, P21 to P24)."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_PROVIDER"]

ABOUT_PROVIDER = {
    "P1": About(
        "The discovery document is at `issuer_url` and `/.well-known/openid-configuration`, or at `discovery_url`:"
        " status 200, no redirect, JSON and not a page.",
        "All else that the gate knows of the provider is in it.",
        "`issuer_url` is the address before `/.well-known/…`. A redirect is not followed: name the address that it"
        " leads to.",
        {
            "JumpCloud": "`jumpcloud`, `jumpcloud-eu` or `jumpcloud-in`, by the region of the organization.",
            "Keycloak": "`https://HOST/realms/REALM`; before version 17 `https://HOST/auth/realms/REALM`.",
            "Entra": "`https://login.microsoftonline.com/TENANT-ID/v2.0`, with the id of the tenant.",
            "Okta": "`https://ORG.okta.com`, or `https://ORG.okta.com/oauth2/default` for a custom server.",
            "Auth0": "`https://TENANT.REGION.auth0.com/`, or the custom domain.",
            "Google": "`https://accounts.google.com`.",
        },
    ),
    "P2": About(
        "The `issuer` in the document is `issuer_url`, but for a slash at the end.",
        "It stands in every ID token, and one with another is refused: else one provider could speak for another.",
        "Set `issuer_url` to what the document says; behind a proxy have the provider told its public address.",
        {
            "JumpCloud": "It ends in a slash; the gate takes both.",
            "Keycloak": "Set `hostname` (KC_HOSTNAME) to the public address, and `proxy-headers` behind a proxy.",
            "Entra": "`common` and `organizations` have `{tenantid}` in it: name one tenant, or list those whose people"
            " may come in `allow_tenants`. Without `/v2.0` the issuer"
            " is `https://sts.windows.net/…/`.",
            "Okta": "Each authorization server has its own; a custom domain must be chosen as *Issuer* there.",
            "Auth0": "It ends in a slash; with a custom domain it is that domain.",
            "Google": "`https://accounts.google.com`, without a slash.",
        },
    ),
    "P3": About(
        "The endpoints in the document are there, by https where the issuer is, and at the issuer's site.",
        "Secrets and tokens go to these addresses. An address by plain http under an https issuer is not used.",
        "Mostly a provider behind a proxy that does not know its public address.",
        {
            "JumpCloud": "All are at the issuer's host.",
            "Keycloak": "`proxy-headers=xforwarded`, and `hostname` with https.",
            "Entra": "userinfo is at graph.microsoft.com, which counts as near.",
            "Okta": "All are at the issuer's host.",
            "Auth0": "All are at the issuer's host.",
            "Google": "Token and key endpoints are at googleapis.com, which counts as near.",
        },
    ),
    "P4": About(
        "The key set holds a key by which an ID token can be verified, with an algorithm that is accepted; each `kid`"
        " stands for one key; RSA keys have 2048 bits; no certificate in it is over; no private part is published.",
        "Tokens are only believed by these keys. One that is too weak, or of no known kind, is passed over; a `kid`"
        " that is there twice, and a certificate that is over, are no hindrance to the gate, and may be one to others.",
        "The provider makes new keys; where algorithms do not fit, leave `signing_algs` out.",
        {
            "JumpCloud": "It signs with RS256; nothing can be set.",
            "Keycloak": "*Realm settings*, *Keys*: an active RSA key of 2048 bits with use SIG.",
            "Entra": "An app with a signing key of its own (claims mapping) needs `?appid=` in its discovery address.",
            "Okta": "*Security*, *API*, *Authorization Servers*, *Signing Key Rotation*.",
            "Auth0": "*Settings*, *Signing Keys*; the application must sign with RS256.",
            "Google": "It signs with RS256; nothing can be set.",
        },
    ),
    "P5": About(
        "The gate and the provider know an algorithm for ID tokens in common. The gate never takes `none`, nor"
        " HS256 and its like, by which whoever knows the client secret could make tokens.",
        "Every login would end in `alg_not_allowed`.",
        "Leave `signing_algs` out, or set it to what the provider lists. What one client is set to is not listed, and"
        " shows at its first login.",
        {
            "JumpCloud": "RS256.",
            "Keycloak": "The client's *Advanced*, *ID token signature algorithm*.",
            "Entra": "RS256.",
            "Okta": "RS256.",
            "Auth0": "The application's *Advanced*, *OAuth*, *JSON Web Token Signature Algorithm*: RS256.",
            "Google": "RS256.",
        },
    ),
    "P6": About(
        "The provider knows PKCE with S256 and takes it from this client, and it is told whether it refuses a login"
        " without (one is sent on purpose).",
        "The gate always sends PKCE, so that a code which somebody has seen is of no use to him. A provider that knows"
        " only `plain` refuses the gate's logins.",
        "Switch S256 on, for this client too, and have it demanded of it.",
        {
            "JumpCloud": "It lists S256, and demands it of public clients.",
            "Keycloak": "The client's *Advanced*, *Proof Key for Code Exchange Code Challenge Method*: S256.",
            "Entra": "It does not list it, and knows it; a warning here may be left.",
            "Okta": "The app's *General*, *Require PKCE as additional verification*.",
            "Auth0": "It knows S256; nothing is to be set.",
            "Google": "It knows S256; nothing is to be set.",
        },
    ),
    "P21": About(
        "Whether the provider tells apps that somebody has signed out there, and whether this gate can hear it: only"
        " sessions in a `session_store` on a server can be ended from elsewhere.",
        "Else a session goes on until its own end, or until the provider is asked again (`userinfo_refresh_interval`).",
        "Register the back-channel logout address that `oidc-gate run` prints, with *session required*.",
        {
            "JumpCloud": "It offers none.",
            "Keycloak": "The client's *Backchannel logout URL*, and *Backchannel logout session required*.",
            "Entra": "*Authentication*, *Front-channel logout URL*.",
            "Okta": "The app's *Logout*, *Single Logout*; it is front-channel.",
            "Auth0": "The application's *Back-Channel Logout URI* (Enterprise).",
            "Google": "It offers none.",
        },
    ),
    "P22": About(
        "An answer that comes back to the redirect URI names its issuer (`iss`, RFC 9207), where discovery promises so,"
        " and the right one.",
        "The gate holds a provider to its promise: a login that comes back without `iss`, or with another, ends in"
        " `callback_issuer_mismatch`. Without a person only an error comes back, and some providers leave `iss` out of"
        " it: then it cannot be told.",
        "Look for a proxy or an app that rewrites the address; else it is the provider's fault.",
        {
            "JumpCloud": "It promises nothing.",
            "Keycloak": "A client's *Advanced*, *Exclude Issuer From Authentication Response* must be off.",
            "Entra": "It promises nothing.",
            "Google": "It sends it.",
        },
    ),
    "P24": About(
        "Where `profile` is set, the provider says that it has what that asks of it: clients that prove themselves by a"
        " key, bound tokens (DPoP), `iss` in its answers.",
        "Under a profile nothing is done without one of them: a login ends in an error.",
        "Have the provider hold this client to FAPI 2.0, or take `profile` out. Pushed requests: P16; the algorithms of"
        " ID tokens: P5.",
        {
            "Keycloak": "A client policy with the profile `fapi-2-security-profile`; *Require DPoP bound tokens*.",
            "Entra": "It has neither pushed requests nor DPoP.",
            "Okta": "*Require Demonstrating Proof of Possession*, and pushed requests.",
            "Auth0": "Pushed requests and *Token Sender-Constraining*, of its Highly Regulated Identity.",
            "Google": "It has neither.",
        },
    ),
    "P23": About(
        "At JumpCloud alone: the client is known in the region that `issuer_url` names. If it is refused there, the"
        " other regions are asked.",
        "Each region knows its own organizations alone, and says of another's client only that the request is invalid.",
        "Set `issuer_url` to `jumpcloud`, `jumpcloud-eu` or `jumpcloud-in`.",
        {
            "JumpCloud": "The console's address tells the region. A refused request ends at JumpCloud's console, with"
            " `error` in the address, and never at the app. Clients are made with client_secret_basic unless another is"
            " chosen, and groups come only if *include group attribute* is on, under the name that is given there."
        },
    ),
}
