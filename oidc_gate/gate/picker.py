"""Which provider a login goes to: the only one, the one that was asked for, or one that the person chooses on a page.

Never one that an address or a name of the person's would tell: whoever types it would say who vouches for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode, urlsplit

from oidc_gate.access import Spot
from oidc_gate.browser import is_cross_site
from oidc_gate.errors import LoginError
from oidc_gate.gate.judging import bare_host
from oidc_gate.gate.parties import Party
from oidc_gate.gate.step_up import StepUp

if TYPE_CHECKING:
    from oidc_gate.access import CheckedRule
    from oidc_gate.decisions import Header, Reply
    from oidc_gate.gate.components import Components, Here
    from oidc_gate.provider import code_flow
    from oidc_gate.sessions import OpenSession

__all__ = ["Picker"]

#: Parameters of the login path that a choice hands on.
_HANDED_ON = ("next", "redirect_path", "target_link_uri", "login_hint", "step_up", "page")


class Picker:
    """Finds the provider of each login at one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._step_up = StepUp(components)
        self._parties = components.parties
        self._only = components.parties.only
        self._by_rule = {rule.number: self._only_one_for(rule) for rule in components.policy.rules}

    def _only_one_for(self, rule: CheckedRule) -> Party | None:
        found = [party for party in self._parties if rule.who.of_provider(party.auth_id) is not False]
        return found[0] if len(found) == 1 else self._only

    def for_rule(self, rule: CheckedRule | None) -> Party | None:
        """Return the only provider whose people this rule may let pass; None where there are several, or none."""
        if self._only is not None or rule is None:
            return self._only
        return self._by_rule[rule.number] if rule.number in self._by_rule else self._only_one_for(rule)

    def for_page(self, here: Here, address: str) -> Party | None:
        """Return the only provider whose people the rule at a page of the app's may let pass; None as `for_rule`.

        `address`: of the page, with the mount point, encoded.
        """
        policy, root, path = self._components.policy, here.origin.root_path, urlsplit(address).path
        if self._only is not None or not policy.rules or not path.startswith(f"{root}/"):
            return self._only
        if here.request.app_root or here.request.app_path != here.request.path:
            return None  # rules go by another path than stands in the address
        path = path.removeprefix(root)
        place = policy.place(Spot(unquote(path), host=bare_host(here.origin.host), sent=path))
        return self.for_rule(policy.rules[place]) if place >= 0 else None

    def asked_for(self, params: code_flow.Params) -> Party | None:
        """Return the provider that the login path is asked for, by `auth_id` or `iss`; None for no word of it.

        Raises LoginError `auth_id_unknown`, `issuer_unknown`.
        """
        issuer, auth_id = params.get("iss"), params.get("auth_id")
        named = self._only
        if auth_id is not None:
            named = self._parties.named(auth_id)
            if named is None:
                raise LoginError("auth_id_unknown", "auth_id names another provider")
        if issuer is None:
            return named
        found = self._parties.of_issuer(issuer)
        if found is None or named not in (None, found):
            raise LoginError("issuer_unknown", "a login was asked for at another provider than issuer_url")
        return found

    def is_to_be_asked(self, here: Here, party: Party, before: OpenSession | None) -> bool:
        """Return whether a person is to say that they want to sign in there, where another site sends them.

        Else that site would sign them out of the session that they have at another provider, and in as whom it likes: a
        provider need not ask anybody. A form of its brings no cookie along that tells of that session.
        """
        if self._only is not None or not is_cross_site(here.request, here.origin.site):
            return False
        return here.request.method == "POST" if before is None else before.provider_key != party.key

    def address(self, here: Here, return_to: str, rule: CheckedRule | None) -> str:
        """Return where a browser that asked for a page has the choice; `rule`: that asks something of the sign-in."""
        asked = {"next": return_to, "page": "1"} | ({} if rule is None else {"step_up": self._step_up.text(rule)})
        return f"{self._components.path(here, 'login')}?{urlencode(asked, quote_via=quote, safe='/')}"

    def page(self, here: Here, params: code_flow.Params) -> Reply:
        """Return the page on which a person chooses; the provider of their last login stands first."""
        path = self._components.path(here, "login")
        last = here.cookies.last_provider(here.cookie_header)
        handed_on = {name: params[name] for name in _HANDED_ON if name in params}
        choices = [
            (party.title, f"{path}?{urlencode({'auth_id': party.auth_id} | handed_on, quote_via=quote, safe='/')}")
            for party in sorted(self._parties, key=lambda party: party.auth_id != last)
        ]
        return self._components.pages.choose_provider(here.request, choices)

    def note(self, here: Here, party: Party) -> tuple[Header, ...]:
        """Return the Set-Cookie header by which the next choice has this provider first; none where nobody chooses."""
        return () if self._only is not None else (here.cookies.set_last_provider(party.auth_id),)
