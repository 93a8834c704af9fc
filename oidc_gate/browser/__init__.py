"""What comes from a browser and goes to it.

Modules, from the ground up; each may import only from those before it:

- `cookie_lookup`: one cookie in a header
- `cookies`: the gate's cookies: names, attributes, how they are found in a header and kept from the app
- `login_attempts`: what the browser keeps between leaving for the provider and coming back
- `addresses`: the gate's own addresses as the browser sees them, and those it may be sent back to
- `request_kinds`: a page, a form, a script: what decides between a redirect, a page and JSON
- `layout`: how a page looks: template, style sheet, policy
- `markup`: the parts of a page that are made of texts
- `replies`: JSON for programs, and redirects
- `pages`: the gate's pages for people
- `scripted_pages`: those that need a script
- `relogin_script`: the script with which a page signs in again in a pop-up

May import: `errors`, `sealing`, `decisions`, `words`.
"""

from oidc_gate.browser import pages, scripted_pages
from oidc_gate.browser.addresses import LONGEST_PATH, Addresses, Origin, own_path, requested_path, safe_path
from oidc_gate.browser.cookies import LOGIN_SLOTS, LONGEST_HEADER, Cookies
from oidc_gate.browser.login_attempts import Attempt, Attempts, BegunLogin, Note, State, person_of
from oidc_gate.browser.pages import KeptForm, Pages
from oidc_gate.browser.request_kinds import (
    Kind,
    begins_login,
    is_cross_site,
    is_from_own_page,
    is_preflight,
    is_speculative,
    kind_of,
)

__all__ = [
    "LOGIN_SLOTS",
    "LONGEST_HEADER",
    "LONGEST_PATH",
    "Addresses",
    "Attempt",
    "Attempts",
    "BegunLogin",
    "Cookies",
    "KeptForm",
    "Kind",
    "Note",
    "Origin",
    "Pages",
    "State",
    "begins_login",
    "is_cross_site",
    "is_from_own_page",
    "is_preflight",
    "is_speculative",
    "kind_of",
    "own_path",
    "pages",
    "person_of",
    "requested_path",
    "safe_path",
    "scripted_pages",
]
