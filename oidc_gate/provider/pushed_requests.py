"""Pushed authorization requests (RFC 9126): a request goes to the provider itself, and the browser with a reference.

In pairs of request and answer, as `code_flow` has the others. A reference is for one login and never kept, so that
nothing here asks how long it is good.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.provider.code_flow import FORM_HEADERS, authorization_base
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.provider.token_errors import TokenCall, pushing_error

__all__ = ["address_of", "naming_client", "pushed_request", "read_pushed"]

#: A longer reference would not fit into the addresses that servers take.
_LONGEST = 2000


def pushed_request(endpoint: str, form: str) -> HTTPRequest:
    """Return the request (2.1) without credentials, and without `client_id`: see `naming_client`.

    `form`: the parameters of the authorization request, encoded.
    """
    params = [(name, value) for name, value in parse_qsl(form, keep_blank_values=True) if name != "client_id"]
    return HTTPRequest(endpoint, FORM_HEADERS, urlencode(params), "pushed")


def naming_client(request: HTTPRequest, client_id: str) -> HTTPRequest:
    """Return a request that has the client's proof with `client_id`, which some proofs bring and none may repeat."""
    body = str(request.body)
    if any(name == "client_id" for name, _ in parse_qsl(body, keep_blank_values=True)):
        return request
    return replace(request, body=f"{body}&{urlencode({'client_id': client_id})}")


def read_pushed(answer: HTTPAnswer, call: TokenCall) -> str:
    """Return the reference, `request_uri` (2.2); status 200 will do.

    Raises ProviderError `client_rejected`, `pushed_request_rejected` and `pushed_answer_invalid` for a clear no and for
    an answer without a reference, ProviderDownError when there was no sensible answer.
    """
    answer.require("endpoint for pushed requests")
    try:
        document = read_json_object(answer.body)
    except ValueError as error:
        if answer.status >= 400:
            raise pushing_error(answer.status, {}, call) from None
        detail = f"the answer of the endpoint for pushed requests at {answer.url} is not readable: {error}"
        raise ProviderDownError("pushed_answer_unreadable", detail) from None
    if answer.status not in (200, 201) or document.get("error") not in (None, False, ""):
        raise pushing_error(answer.status, document, call)
    reference = document.get("request_uri")
    if not isinstance(reference, str) or not 0 < len(reference) <= _LONGEST:
        raise ProviderError(
            "pushed_answer_invalid", "the answer to the pushed authorization request has no request_uri"
        )
    return reference


def address_of(endpoint: str, client_id: str, reference: str) -> str:
    """Return where the browser is sent instead, with these two parameters alone (section 4)."""
    return authorization_base(endpoint, [("client_id", client_id), ("request_uri", reference)])
