"""What the checks of this client at the provider's endpoints for browsers mean (P10 to P14, P20)."""

from __future__ import annotations

from oidc_gate.doctor.told import About

__all__ = ["ABOUT_REQUESTS"]

ABOUT_REQUESTS = {
    "P10": About(
        "The provider knows `client_id`: it says something else to a client that there is not; and does not call it"
        " disabled.",
        "With a wrong one people see the provider's error page, and the app hears nothing of it.",
        "Copy it once more; compare tenant, realm or region of `issuer_url` with where the app is registered.",
        {
            "JumpCloud": "SSO Applications, your app, *SSO*, *Client ID*. Another region knows nothing of it: P23.",
            "Keycloak": "The *Client ID* in *Settings*, not the id in the address bar; enabled; in this realm.",
            "Entra": "*Application (client) ID* on the overview, not the object id.",
            "Okta": "The app's *General*, *Client ID*; the app must be active.",
            "Auth0": "The application's *Settings*, *Client ID*.",
            "Google": "It ends in .apps.googleusercontent.com.",
        },
    ),
    "P11": About(
        "The redirect URI, `base_url` with `/oauth2/callback`, is registered. It is asked for with `prompt=none` and"
        " without a browser's cookies, so that nobody signs in; the control is an address beside it.",
        "Providers compare letter by letter. With another one people see the provider's error page, never the app's.",
        "Copy it from here into the provider's list. http and https, a slash at the end, www and ports all count.",
        {
            "JumpCloud": "SSO Applications, your app, *SSO*, *Redirect URIs*.",
            "Keycloak": "The client's *Valid redirect URIs*; without `*`.",
            "Entra": "*Authentication*, platform *Web*, *Redirect URIs*; not *Single-page application*.",
            "Okta": "The app's *General*, *Sign-in redirect URIs*.",
            "Auth0": "The application's *Allowed Callback URLs*.",
            "Google": "The client's *Authorized redirect URIs*; a change takes some minutes.",
        },
    ),
    "P12": About(
        "Without `base_url`, and with rules for hosts: the redirect URI of each such host is registered, as in P11.",
        "Whoever opens the app by a host that is not registered cannot sign in there.",
        "Register one redirect URI for each host.",
        {
            "JumpCloud": "*Redirect URIs* takes several.",
            "Keycloak": "*Valid redirect URIs* takes several.",
            "Entra": "*Redirect URIs* takes up to 256.",
            "Okta": "*Sign-in redirect URIs* takes several.",
            "Auth0": "*Allowed Callback URLs*, separated by commas.",
            "Google": "*Authorized redirect URIs* takes several.",
        },
    ),
    "P13": About(
        "The provider allows `scopes` to this client; the control is a scope that there is not. Where the provider"
        " passes over what it does not know, it is told whether it lists them.",
        "A scope that is not allowed ends every login in `invalid_scope`, or claims are missing.",
        "Take it out of `scopes`, or allow it to the client.",
        {
            "JumpCloud": "`openid profile email`, and `offline_access` with Refresh Token; there is no `groups`.",
            "Keycloak": "The client's *Client scopes*: add it as default or optional.",
            "Entra": "*API permissions*: `openid`, `profile`, `email`, `offline_access` of Microsoft Graph.",
            "Okta": "The authorization server's *Scopes*; `groups` is there at the organization's own server.",
            "Auth0": "It passes over what it does not know.",
            "Google": "`openid profile email`; there is no `groups` and no `offline_access`.",
        },
    ),
    "P14": About(
        "The provider takes what logins may have in them: `response_mode`, `authz_url_params`, what rules ask"
        " (`acr_values`, `max_age`), and the `prompt` of `/oauth2/login`. Each is sent alone;"
        " before that, a login without any of them must not come back with an error.",
        "One that is not taken ends just those logins in `invalid_request`.",
        "Leave it out, or correct its value. Where no login passes, the client lacks the code flow there.",
        {
            "JumpCloud": "It knows the prompts `none`, `login`, `consent`.",
            "Keycloak": "It passes over what it does not know.",
            "Entra": "It knows the prompts `login`, `none`, `consent`, `select_account`.",
            "Okta": "`acr_values` must be among those that it knows.",
            "Auth0": "It passes over what it does not know.",
            "Google": "It knows the prompts `none`, `consent`, `select_account`; the gate sends the last in place of"
            " `login`.",
        },
    ),
    "P20": About(
        "With `provider_logout`: the address to which a logout comes back, `base_url` with `/oauth2/logout`, is"
        " registered; the control is an address beside it. It warns of a provider that leads to any address.",
        "With another one people end at an error page of the provider's when they sign out.",
        "Register it. A provider that says nothing to a logout of nobody cannot be told.",
        {
            "JumpCloud": "Its logout needs an ID token, so that nothing can be told here.",
            "Keycloak": "The client's *Valid post logout redirect URIs*; `+` stands for the redirect URIs.",
            "Entra": "*Authentication*, *Redirect URIs*: it must be among them.",
            "Okta": "The app's *Sign-out redirect URIs*.",
            "Auth0": "The application's *Allowed Logout URLs*.",
            "Google": "It offers none: leave `provider_logout` off.",
        },
    ),
}
