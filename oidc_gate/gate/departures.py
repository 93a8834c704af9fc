"""Leaving for the provider: which request starts a login, where it is to lead, and what is asked of it.

Nothing here leads in a circle: browsers that come back from login after login without what they left for are told so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from oidc_gate.access import CheckedRule
from oidc_gate.browser import LOGIN_SLOTS, pages, person_of, scripted_pages
from oidc_gate.decisions import Decision, Renewal, Reply, Request, Unprinted, Work
from oidc_gate.errors import GateError, ProviderError
from oidc_gate.gate.addresses_asked_for import page_asked_for, return_address, tell_too_long
from oidc_gate.gate.authorization_requests import AuthorizationRequests, reauthentication_prompt
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import error_reply, provider_busy
from oidc_gate.gate.login_log import log_departure
from oidc_gate.gate.mismatches import Mismatches
from oidc_gate.gate.parties import Party
from oidc_gate.gate.picker import Picker
from oidc_gate.gate.step_up import StepUp, asking
from oidc_gate.provider import Metadata, code_flow
from oidc_gate.sessions import OpenSession
from oidc_gate.telling import login_reason

__all__ = ["Departures"]

Header = tuple[str, str]
Pairs = list[tuple[str, str]]
#: What sends a browser to an address, for a login that is to lead to a page.
Leave = Callable[[Here, str, str, tuple[Header, ...]], Reply]

#: So many logins finished within so many seconds, and still not what they were for: the browser does not keep it.
_LOOP_LOGINS, _LOOP_SECONDS = 3, 60.0
_NOTHING_RENEWED = Renewal(Unprinted(), bool)


class Departures:
    """Starts the logins of one gate: `send` and `step_up` for a page, `login` for the path of that name.

    Each at a provider that `picker` finds.
    """

    def __init__(self, components: Components) -> None:
        self._components = components
        self._requests = {
            party.key: AuthorizationRequests(party.settings, party.callback) for party in components.parties
        }
        self._step_up = StepUp(components)
        self.picker = Picker(components)
        self.mismatches = Mismatches(components)
        self._leave: Leave = self._keeping_fragment if components.settings.keep_fragment else _redirected

    def send(self, request: Request, rule: CheckedRule | None) -> Decision:
        """Send a browser without a session, that asked for a page, to the provider; it will return to that page.

        `rule`: the one that decides there.
        """
        here = self._components.here(request)
        return_to = page_asked_for(here)
        if self._goes_in_circles(here):
            return self._error_reply(here, self.mismatches.login_loop(here), return_to)
        # One that has ended stays: it tells whose form it is that another tab may yet send.
        stale = here.cookies.has_session(here.cookie_header) and not self._components.person(here)
        headers = here.cookies.drop_session(here.cookie_header) if stale else ()
        party = self.picker.for_rule(rule)
        if party is None:
            return self._leave(here, self.picker.address(here, return_to, asking(rule)), return_to, headers)
        return self.start(party, here, return_to, rule=asking(rule), headers=headers, leave=self._leave)

    def step_up(
        self, request: Request, rule: CheckedRule, opened: OpenSession, renewal: Renewal | None = None
    ) -> Decision:
        """Send a browser whose sign-in is not good enough for a rule to the provider; the same person is to return."""
        here, renewal = self._components.here(request), renewal or _NOTHING_RENEWED
        return_to = page_asked_for(here)
        party = self._components.parties[opened.provider_key]
        if self._goes_in_circles(here, _LOOP_LOGINS if _is_short(rule) else LOGIN_SLOTS):
            return self._step_up.unmet_reply(here, party, rule, opened.identity.claims, return_to, renewal.cookies)
        return self.start(
            party,
            here,
            return_to,
            rule=rule,
            person=person_of(opened.identity.subject, opened.session_id),
            replaces=opened.session_id,
            renewal=renewal,
            leave=self._leave,
        )

    def return_path(self, request: Request) -> str:
        """Return the page that was asked for, as an address to come back to."""
        return page_asked_for(self._components.here(request))

    def login(self, here: Here, pairs: Pairs) -> Decision:
        """Start a login that was asked for: by the app with `next`, or by another party with `iss` (Core, 4).

        A person who was sent here for a page has not asked for another sign-in than the one that the provider knows of.
        """
        names = ("next", "redirect_path", "target_link_uri", "auth_id", "iss", "login_hint", "step_up", "page")
        params = code_flow.single_values(pairs, names)
        party, rule = self.picker.asked_for(params), None
        if "step_up" in params:
            rule = self._step_up.read_text(params["step_up"])
        before = self._components.session(here)
        if party is None and rule is not None:
            of_session = None if before is None else self._components.parties[before.provider_key]
            party = of_session or self.picker.for_rule(rule)
        target = next((params[name] for name in names[:3] if name in params), "")
        return_to = return_address(target, here)
        if target:
            party = party or self.picker.for_page(here, return_to)
        if party is None or self.picker.is_to_be_asked(here, party, before):
            return self.picker.page(here, params)
        hint = code_flow.login_hint_param(params.get("login_hint", ""))
        replaces = before.session_id if before is not None else ""
        is_for_page = "page" in params
        # At another provider nobody can be the person of this session.
        is_step_up = rule is not None and before is not None and before.provider_key == party.key
        return self.start(
            party,
            here,
            return_to,
            forced="iss" not in params and rule is None and not is_for_page,
            asked=not is_for_page,
            hint=hint,
            replaces=replaces,
            rule=rule,
            person=person_of(before.identity.subject, replaces) if is_step_up and before is not None else b"",
        )

    def start(
        self,
        party: Party,
        here: Here,
        return_to: str,
        *,
        forced: bool = False,
        asked: bool = False,
        hint: str = "",
        restarted: bool = False,
        replaces: str = "",
        rule: CheckedRule | None = None,
        person: bytes = b"",
        headers: tuple[Header, ...] = (),
        renewal: Renewal = _NOTHING_RENEWED,
        leave: Leave | None = None,
    ) -> Decision:
        """Start a login. `rule`: the one that asks something of the sign-in; `person`: who alone may come back.

        `asked`: by the login path. `leave`: how the browser is sent to the provider; None: by a redirect.
        """
        demands = () if rule is None else self._step_up.params(rule)
        reason = login_reason(restarted=restarted, is_step_up=bool(person), asked=asked)
        self.mismatches.look_at_departure(here)

        def depart(metadata: Metadata, *, pushed: bool) -> Reply:
            prompt = reauthentication_prompt(metadata) if forced else ""
            begun = self._components.attempts.begin(
                return_to,
                here.cookies,
                here.cookie_header,
                self._components.clock(),
                restarted=restarted,
                forced=prompt == "login",
                asked=asked,
                replaces=replaces,
                step_up=self._step_up.carry(rule),
                person=person,
                provider_key=party.key,
            )
            if begun.is_lost:
                tell_too_long(len(return_to))
            log_departure(self._components, party, here, return_to, metadata.authorization_endpoint, prompt)
            url = self._requests[party.key].url(metadata, here.origin, begun, prompt, hint, demands)
            url = party.provider.push(url, metadata) if pushed else url
            party.telling.login_started(here.request, reason, rule)
            return (leave or _redirected)(here, url, return_to, (*headers, *renewal.cookies, *begun.set_cookies))

        def fetch_and_depart() -> Decision:
            try:
                metadata = party.provider.metadata()
                return depart(metadata, pushed=party.provider.is_pushed(metadata))
            except ProviderError as error:
                return self._error_reply(here, error, return_to, headers, party)

        known = party.provider.known_metadata()
        if known is not None and not party.provider.is_pushed(known):
            return depart(known, pushed=False)
        busy = partial(self._error_reply, here, provider_busy(), return_to, headers, party)
        return Work(party.lane("login"), fetch_and_depart, turned_away=busy)

    def _error_reply(
        self,
        here: Here,
        error: GateError,
        return_to: str,
        headers: tuple[Header, ...] = (),
        party: Party | None = None,
    ) -> Reply:
        telling, made = (self._components if party is None else party).telling, self._components.pages
        return error_reply(telling, made, error, here.request, action_path=return_to, about="login", headers=headers)

    def _keeping_fragment(self, here: Here, url: str, return_to: str, headers: tuple[Header, ...]) -> Reply:
        asked = pages.challenge(self._components.path(here, "login"))
        return scripted_pages.leaving(self._components.pages, here.request, url, return_to, (asked, *headers))

    def _goes_in_circles(self, here: Here, most: int = _LOOP_LOGINS) -> bool:
        now, attempts = self._components.clock(), self._components.attempts
        return attempts.finished_lately(_LOOP_SECONDS, now, here.cookies, here.cookie_header) >= most


def _redirected(here: Here, url: str, _: str, headers: tuple[Header, ...]) -> Reply:
    return pages.redirect(url, headers, status=303 if here.request.method == "POST" else 302)


def _is_short(rule: CheckedRule) -> bool:
    """Return whether a sign-in may be too old for a rule as soon as it is here. All else the callback sees first.

    There a circle is a browser that keeps its old session; some step-ups in a minute, for page after page, are none.
    """
    return rule.max_age is not None and rule.max_age < _LOOP_SECONDS
