"""English: the texts that all other languages say in their own words. `docs/pages.md` tells how one is added."""

from __future__ import annotations

__all__ = ["TEXTS"]

TEXTS = {
    "title_signed_out": "You are signed out",
    "title_sign_out": "Sign out?",
    "title_signing_out": "Signing out",
    "title_sign_in": "Please sign in",
    "title_sign_in_for_this": "Please sign in again for this",
    "title_session_ended": "Your session has ended",
    "title_session_ending": "Your session is about to end",
    "title_not_this_app": "You may not use this app",
    "title_not_this_page": "You may not use this page",
    "title_refused": "Sign-in was refused",
    "title_failed": "Sign-in did not work",
    "title_not_enough": "Your sign-in is not enough for this page",
    "title_somebody_else": "Somebody else has signed in",
    "title_form_not_sent": "This has not been sent",
    "title_form_sent": "This has been sent already",
    "title_form_too_large": "This is too large to be kept",
    "title_signed_in": "You are signed in",
    "title_loop": "Signing in goes round in circles",
    "title_app_not_set_up": "This app is not set up right",
    "title_no_such_sign_in": "No such sign-in",
    "title_signed_out_elsewhere": "Signed out elsewhere",
    "title_provider_down": "The sign-in provider does not answer",
    "title_store_down": "Sessions cannot be read right now",
    "title_provider_not_set_up": "Sign-in is not set up right",
    "title_store_not_set_up": "Sessions are not set up right",
    "title_busy": "One moment, please",
    "title_app_down": "The app does not answer",
    "title_bad_input": "This address was not called correctly",
    "do_sign_in": "Sign in",
    "do_sign_in_again": "Sign in again",
    "do_sign_in_once_more": "Sign in once more",
    "do_sign_in_as_other": "Sign in as someone else",
    "do_sign_in_in_new_tab": "Sign in in a new tab",
    "do_send_again": "Send again",
    "do_sign_out": "Sign out",
    "do_try_again": "Try again",
    "do_start_again": "Start again",
    "do_go_on": "Go on",
    "do_go_back": "Go back",
    "do_close": "Close",
    "text_close_window": "You can close this window.",
    "text_sign_out": "You have been sent here to sign out. Nothing has happened yet.",
    "text_signing_out": "You are signed out here. One more step ends your session at the sign-in provider.",
    "text_session_ended": "What you sent has not been saved, but this page still has it. Sign in in a new tab, then"
    " load this page again: the browser asks whether to send it once more.",
    "text_kept_form": "What you sent has not arrived, but it is kept in this page for {time}. Sign in in a new tab,"
    " then come back to this one and press “{button}”.",
    "text_form_too_large": "What you sent has not been saved, and it is too large to be kept here. Sign in in a new"
    " tab, then load this page again: the browser asks whether to send it once more.",
    "text_signed_in_for_form": "You can close this tab. Go back to the one with your form, and send it.",
    "text_choose_provider": "Choose where you have an account.",
    "text_framed": "You are not signed in, and that cannot be done in here. Load this page again afterwards.",
    "text_reloading": "You are not signed in any more.",
    "text_going_on": "If this page does not go on by itself, press the button.",
    "refused_door": "You are signed in as {person}, who is not on this app's list. Ask whoever runs it for access, or"
    " sign in as someone else.",
    "refused_email_unverified": "You are signed in as {person}. The sign-in provider has not verified that address."
    " Have it verified there, then sign in again; or sign in as someone else.",
    "refused_untold": "You are signed in as {person}. The sign-in provider does not say of you what this app goes by."
    " Tell whoever runs it the reference below: the log says what is missing.",
    "refused_rule": "You are signed in as {person}, who may use this app, but not this part of it.",
    "refused_nobody": "You are signed in as {person}. Nobody may use this part of the app.",
    "refused_path_ambiguous": "You are signed in as {person}. This request can be read in more than one way, and not"
    " all of them are open to you. Go to the page from a link in the app.",
    "refused_anybody": "Nobody may use this part of the app.",
    "refused_ask": "Ask whoever runs it for access.",
    "error_access_denied": "The sign-in provider did not let you in: you declined, or this app has not been assigned"
    " to you. Ask whoever runs this app for access.",
    "error_request_denied": "The sign-in provider rejected the request: this app may not have been assigned to you."
    " Ask whoever runs this app for access.",
    "error_request_forbidden": "The sign-in provider did not recognise your browser. This happens with a bookmarked or"
    " long-open sign-in page, or when cookies are blocked. Please start again.",
    "error_login_required": "The sign-in provider wants you to sign in there first.",
    "error_interaction_required": "The sign-in provider has a question for you that was not answered.",
    "error_consent_required": "The sign-in provider needs your consent, which was not given.",
    "error_unmet_authentication_requirements": "The sign-in provider cannot sign you in in the way that this page asks"
    " for.",
    "error_invalid_scope": "The provider does not know one of the scopes this app asks for. Tell whoever runs it.",
    "error_invalid_request": "The provider did not understand this app's request. Tell whoever runs it.",
    "error_invalid_state": "The provider did not accept this app's request. Please start again.",
    "error_unauthorized_client": "The provider does not allow this app to sign people in. Tell whoever runs it.",
    "error_unsupported_response_type": "The provider does not offer the code flow to this app. Tell whoever runs it.",
    "error_server_error": "The sign-in provider had a problem of its own. Please try again in a while.",
    "error_temporarily_unavailable": "The sign-in provider is overloaded. Please try again in a while.",
    "error_cookies_missing": "Your browser sent none of this site's cookies back. Allow cookies for this site, or open"
    " it in one window from the start.",
    "error_state_unknown": "This sign-in was not started in this browser, or too long ago. Links from the middle of a"
    " sign-in cannot be shared or bookmarked.",
    "error_step_up_unmet": "You are signed in, and other pages are open to you. This one asks for more than the"
    " sign-in provider has done.",
    "error_step_up_other_person": "This page asked you to sign in once more, and another person came back. Nothing has"
    " changed: you are signed in as before. To change who is signed in, sign out first.",
    "error_kept_form_foreign": "Another site has sent you here. Nothing has happened.",
    "error_kept_form_invalid": "It was not kept by this app, or was changed since. Go back to the page that you"
    " filled in, and send it from there.",
    "error_kept_form_late": "It was kept for too long. It is still in the page that you filled in: go back to that,"
    " and send it from there.",
    "error_kept_form_other_person": "Somebody else filled it in than is signed in now. Nothing is lost: whoever"
    " filled it in can sign in, then send it from this page.",
    "error_kept_form_sent": "Before you send anything once more, look in the app whether it has arrived.",
    "error_tenant_not_allowed": "You have signed in, with an account of an organisation whose people may not use"
    " this app. Sign in with another account, or ask whoever runs this app for access.",
    "error_login_late": "Signing in took too long. Please start again.",
    "error_login_loop": "You have been signed in several times, and your browser did not keep the session. Allow"
    " cookies for this site and delete its old ones. For whoever runs it: compare base_url, trusted_proxies and"
    " auth_cookie_domain with the address above.",
    "error_gate_behind_gate": "It stands behind two gates. Whoever runs it must take one of them away.",
    "error_login_expired": "Your sign-in page was open for too long. Please start again.",
    "error_reauthentication_missing": "You were asked to sign in anew, and the provider let you through without."
    " Please try again.",
    "error_code_rejected": "The provider no longer accepts this sign-in. Please start again.",
    "error_session_too_large": "The provider says more about you than fits into a session. Whoever runs this app must"
    " ask for fewer groups.",
    "error_client_rejected": "The provider does not accept this app's credentials. Tell whoever runs it: the log says"
    " what to check.",
    "error_base_url_path": "This app's address is not set up right. Tell whoever runs it: the log says what to check.",
    "error_provider_unknown": "This address names a sign-in provider that is not set up here.",
    "error_logout_state_mismatch": "This answer does not belong to a sign-out that was started in this browser.",
    "error_provider_down": "It may be down, or not reachable from here. Whoever is signed in already is not affected."
    " Please try again in a few seconds.",
    "error_app_unreachable": "Signing in works, but the app behind it cannot be reached right now. Please try"
    " again in a few seconds.",
    "error_app_broken": "Signing in works, but the app behind it has given no usable answer. Please try again; if"
    " it happens again, tell whoever runs this app.",
    "error_app_slow": "Signing in works, but the app behind it takes too long to answer. Please try again in a while.",
    "error_store_down": "Please try again in a few seconds.",
    "error_provider_not_set_up": "This app's sign-in is not set up right; the log says why. Waiting does not help:"
    " tell whoever runs this app, with the reference below. Whoever is signed in already is not affected.",
    "error_store_not_set_up": "The place where this app keeps its sessions is not set up right; the log says why."
    " Waiting does not help: tell whoever runs this app, with the reference below.",
    "error_busy": "Many people are signing in right now. Nothing is lost: if this page does not go on by itself in a"
    " few seconds, reload it.",
    "error_bad_input": "Go back to the page that you wanted and start from there.",
    "error_bad_answer": "The sign-in provider's answer could not be accepted. If it happens again, tell whoever runs"
    " this app.",
    "provider_says": "The provider says: {description}",
    "step_up": "It asks for a sign-in {asked}; the sign-in provider says {came}.",
    "step_up_asked_kind": "of the kind {kinds}",
    "step_up_asked_age": "not older than {age}",
    "step_up_came_kind": "the kind {kind}",
    "step_up_came_no_kind": "no kind",
    "step_up_came_age": "a sign-in {age} ago",
    "step_up_came_no_time": "no time of signing in",
    "both": "{first} and {second}",
    "either": "{first} or {second}",
    "second": "{number} second",
    "seconds": "{number} seconds",
    "minute": "{number} minute",
    "minutes": "{number} minutes",
    "hour": "{number} hour",
    "hours": "{number} hours",
    "note": "Error {code} · Reference {reference}",
    "contact": "For help: {contact}",
}
