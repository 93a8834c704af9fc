"""Which words an error is told in: the keys of its heading, its text and its link, by whose fault it is.

It is imported when there is one to tell.
"""

from __future__ import annotations

from typing import NamedTuple

from oidc_gate.errors import (
    BusyError,
    GateError,
    LoginError,
    ProviderDownError,
    ProviderSetupError,
    StoreError,
    StoreSetupError,
    UpstreamError,
    UpstreamSlowError,
)

__all__ = ["AS_WORDED", "CHECKS", "REFUSALS", "WORDS", "ErrorWords", "words_for"]


class ErrorWords(NamedTuple):
    """Keys of `words`; the link leads back to where the person wanted to go, most often."""

    title: str
    text: str
    action: str = "do_try_again"


_FAILED = "title_failed"
_REFUSED = "title_refused"
_AGAIN = "do_start_again"

#: For errors that the provider sends to the callback.
REFUSALS = {
    "access_denied": ErrorWords(_REFUSED, "error_access_denied"),
    "request_denied": ErrorWords(_REFUSED, "error_request_denied"),
    "request_forbidden": ErrorWords(_FAILED, "error_request_forbidden", _AGAIN),
    "login_required": ErrorWords(_FAILED, "error_login_required"),
    "interaction_required": ErrorWords(_FAILED, "error_interaction_required"),
    "consent_required": ErrorWords(_FAILED, "error_consent_required"),
    "unmet_authentication_requirements": ErrorWords("title_not_enough", "error_unmet_authentication_requirements"),
    "invalid_scope": ErrorWords(_FAILED, "error_invalid_scope"),
    "invalid_request": ErrorWords(_FAILED, "error_invalid_request"),
    "invalid_state": ErrorWords(_FAILED, "error_invalid_state", _AGAIN),
    "unauthorized_client": ErrorWords(_FAILED, "error_unauthorized_client"),
    "unsupported_response_type": ErrorWords(_FAILED, "error_unsupported_response_type"),
    "server_error": ErrorWords(_FAILED, "error_server_error"),
    "temporarily_unavailable": ErrorWords(_FAILED, "error_temporarily_unavailable"),
}

#: Errors as Ory Hydra and what is built on it word them, and the codes that say the same.
AS_WORDED = {"login request denied": "access_denied", "consent request denied": "access_denied"}

#: For errors of the gate's own.
WORDS = {
    "cookies_missing": ErrorWords(_FAILED, "error_cookies_missing", _AGAIN),
    "state_unknown": ErrorWords(_FAILED, "error_state_unknown", _AGAIN),
    "step_up_unmet": ErrorWords("title_not_enough", "error_step_up_unmet", "do_sign_in_once_more"),
    "step_up_other_person": ErrorWords("title_somebody_else", "error_step_up_other_person", "do_go_back"),
    "tenant_not_allowed": ErrorWords(_REFUSED, "error_tenant_not_allowed"),
    "login_late": ErrorWords(_FAILED, "error_login_late", _AGAIN),
    "login_loop": ErrorWords("title_loop", "error_login_loop"),
    "gate_behind_gate": ErrorWords("title_app_not_set_up", "error_gate_behind_gate"),
    "login_expired": ErrorWords(_FAILED, "error_login_expired", _AGAIN),
    "reauthentication_missing": ErrorWords(_FAILED, "error_reauthentication_missing"),
    "code_rejected": ErrorWords(_FAILED, "error_code_rejected", _AGAIN),
    "session_too_large": ErrorWords(_FAILED, "error_session_too_large"),
    "client_rejected": ErrorWords(_FAILED, "error_client_rejected"),
    "pushed_request_rejected": ErrorWords(_FAILED, "error_invalid_request"),
    "base_url_path": ErrorWords(_FAILED, "error_base_url_path"),
    "auth_id_unknown": ErrorWords("title_no_such_sign_in", "error_provider_unknown"),
    "issuer_unknown": ErrorWords("title_no_such_sign_in", "error_provider_unknown"),
    "kept_form_foreign": ErrorWords("title_form_not_sent", "error_kept_form_foreign", "do_go_on"),
    "kept_form_invalid": ErrorWords("title_form_not_sent", "error_kept_form_invalid", "do_go_on"),
    "kept_form_late": ErrorWords("title_form_not_sent", "error_kept_form_late", "do_go_on"),
    "kept_form_other_person": ErrorWords("title_form_not_sent", "error_kept_form_other_person", "do_sign_in_as_other"),
    "kept_form_sent": ErrorWords("title_form_sent", "error_kept_form_sent", "do_go_on"),
    "upstream_unreachable": ErrorWords("title_app_down", "error_app_unreachable"),
    "logout_state_mismatch": ErrorWords("title_signed_out_elsewhere", "error_logout_state_mismatch", "do_go_on"),
}

#: For all others, by their class; the first that fits counts.
_OF_KIND: tuple[tuple[type[GateError], ErrorWords], ...] = (
    (ProviderSetupError, ErrorWords("title_provider_not_set_up", "error_provider_not_set_up")),
    (ProviderDownError, ErrorWords("title_provider_down", "error_provider_down")),
    (StoreSetupError, ErrorWords("title_store_not_set_up", "error_store_not_set_up")),
    (StoreError, ErrorWords("title_store_down", "error_store_down")),
    (UpstreamSlowError, ErrorWords("title_app_down", "error_app_slow")),
    (UpstreamError, ErrorWords("title_app_down", "error_app_broken")),
    (BusyError, ErrorWords("title_busy", "error_busy")),
    (LoginError, ErrorWords("title_bad_input", "error_bad_input")),
    (GateError, ErrorWords(_FAILED, "error_bad_answer")),
)

#: The check of `oidc-gate doctor` that would have found what an error is about, for the log.
CHECKS = {
    "alg_not_allowed": "P5",
    "base_url_path": "A1",
    "callback_issuer_mismatch": "P22",
    "client_rejected": "P7",
    "cookies_missing": "A5",
    "discovery_failed": "P1",
    "discovery_incomplete": "P3",
    "endpoint_missing": "P3",
    "id_token_missing": "P13",
    "invalid_request": "P14",
    "invalid_scope": "P13",
    "issuer_mismatch": "P2",
    "keys_missing": "P4",
    "keys_unreadable": "P4",
    "provider_unavailable": "P1",
    "provider_unreachable": "P1",
    "pushed_answer_invalid": "P16",
    "pushed_answer_unreadable": "P16",
    "pushed_request_rejected": "P16",
    "pushed_requests_missing": "P16",
    "session_too_large": "C1",
    "signature_invalid": "P4",
    "state_unknown": "A1",
    "step_up_unmet": "S5",
    "store_unavailable": "B1",
    "store_unusable": "B1",
    "token_expired": "N5",
    "token_from_the_future": "N5",
    "unauthorized_client": "P7",
    "unmet_authentication_requirements": "S5",
    "userinfo_missing": "P19",
}


def words_for(error: GateError, *, is_refusal: bool) -> ErrorWords:
    """Return the words for an error; `is_refusal`: the provider has sent it to the callback."""
    found = (REFUSALS if is_refusal else WORDS).get(error.code)
    return found or next(words for kind, words in _OF_KIND if isinstance(error, kind))
