"""The fixed lists that reasons, outcomes and codes are taken from.

Audit events and metrics hold no other: what a request says is never among them, so that the number of a metric's
series does not depend on who asks what.
"""

from __future__ import annotations

from typing import Literal

from oidc_gate.access import Reason

__all__ = ["CODES", "OTHER", "About", "Event", "LiveKind", "LoginReason", "Outcome", "RefusalReason", "SessionEnd",
           "login_reason"]  # fmt: skip

Event = Literal[
    "login.started",
    "login.finished",
    "login.failed",
    "logout",
    "session.ended",
    "session.refreshed",
    "access.refused",
    "step_up.asked",
    "token.refused",
    "settings.reloaded",
    "signal.received",
]
Outcome = Literal["success", "failure"]

#: What an error is about: a login; somebody who may not do what they asked for; anything else, which the log tells
#: alone.
About = Literal["login", "access", "request"]

#: Why a login begins: a page was asked for; the login path was; a rule asks for a better or a newer sign-in; the first
#: try was worth another one.
LoginReason = Literal["page", "asked", "step_up", "restart"]

#: Why somebody was refused: those of `access`, and two of requests that no rule was asked about.
RefusalReason = Reason | Literal["login_required", "origin_foreign"]

#: Why a session ended: its person signed out; nothing came for `idle_session_timeout`; `max_session_duration` was over;
#: the provider said no; it did not answer for `provider_outage_grace`; the provider told of a logout, by a token or in
#: a frame, or of an event that ends sessions; the same browser signed in anew; or it was ended elsewhere, by `oidc-gate
#: sessions` or by another process.
SessionEnd = Literal[
    "logout",
    "idle",
    "expired",
    "provider",
    "outage",
    "back_channel",
    "front_channel",
    "signal",
    "replaced",
    "revoked",
]

#: Connections that go on after their request was judged.
LiveKind = Literal["websocket", "event_stream"]

#: What stands for everything that is in no list.
OTHER = "other"

#: All codes of docs/errors.md; `tests/test_docs.py` holds the two together.
CODES = frozenset({
    "access_denied", "alg_not_allowed", "at_hash_mismatch", "audience_mismatch", "auth_id_unknown", "azp_mismatch",
    "base_url_path", "body_invalid", "callback_issuer_mismatch", "challenge_invalid", "client_assertion_invalid",
    "client_rejected", "code_missing", "code_rejected", "consent_required", "cookies_missing", "device_answer_invalid",
    "device_code_expired", "device_denied", "device_flow_missing", "discovery_failed", "discovery_incomplete",
    "endpoint_missing", "event_invalid", "event_subject_unknown", "exp_invalid", "gate_behind_gate", "host_malformed",
    "iat_invalid", "id_token_missing", "insufficient_scope", "insufficient_user_authentication", "interaction_required",
    "introspection_failed", "introspection_missing", "invalid_dpop_proof", "invalid_request", "invalid_scope",
    "invalid_state", "invalid_token", "issuer_mismatch", "issuer_unknown", "kept_form_foreign", "kept_form_invalid",
    "kept_form_late", "kept_form_other_person", "kept_form_sent", "keys_missing", "keys_unreadable", "login_expired",
    "login_late", "login_loop", "login_required", "logout_event_missing", "logout_issuer_unknown", "logout_jti_missing",
    "logout_nonce_present", "logout_state_mismatch", "logout_subject_missing", "logout_token_long_lived",
    "logout_token_repeated", "method_not_allowed", "method_refused", "nbf_invalid", "nonce_mismatch", "nonce_missing",
    "not_allowed", "not_found", "origin_foreign", "parameter_repeated", "parameters_invalid", "provider_busy",
    "provider_error", "provider_unavailable", "provider_unreachable", "pushed_answer_invalid",
    "pushed_answer_unreadable", "pushed_request_rejected", "pushed_requests_missing", "reauthentication_missing",
    "refresh_login_mismatch", "refresh_sub_mismatch", "refresh_token_rejected", "request_denied", "request_forbidden",
    "request_malformed", "server_error", "session_store_required", "session_too_large", "sign_in_demanded",
    "signature_invalid", "state_missing", "state_unknown", "step_up_other_person", "step_up_unknown", "step_up_unmet",
    "store_unavailable", "store_unusable", "sub_missing", "temporarily_unavailable", "tenant_not_allowed",
    "token_answer_invalid", "token_answer_unreadable", "token_binding_unknown", "token_client_wrong", "token_expired",
    "token_from_the_future", "token_inactive", "token_malformed", "token_request_rejected", "token_type_wrong",
    "token_unbound", "token_unproven", "unauthorized_client", "unmet_authentication_requirements",
    "unsupported_response_type", "upgrade_refused", "upstream_broken", "upstream_slow", "upstream_unreachable",
    "use_dpop_nonce", "userinfo_audience_mismatch", "userinfo_denied", "userinfo_issuer_mismatch", "userinfo_missing",
    "userinfo_rejected", "userinfo_sub_mismatch", "userinfo_unreadable",
})  # fmt: skip


def login_reason(*, restarted: bool, is_step_up: bool, asked: bool) -> LoginReason:
    """Return why a login begins."""
    if restarted:
        return "restart"
    if is_step_up:
        return "step_up"
    return "asked" if asked else "page"
