"""How uvicorn reads requests for `oidc-gate`: without the trailers that may stand behind a body.

uvicorn with httptools adds trailers to the headers of the request, also when the app has been called already. Nothing
that only a proxy in front may say must come that way: a proxy that hands trailers on replaces headers, and not these.
"""

from __future__ import annotations

from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["HeadersAlone"]


class HeadersAlone(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
    """Reads requests with httptools; with h11, which takes trailers for what they are, where that is missing."""

    _is_in_head = True

    def on_message_begin(self) -> None:
        """Begin another request, on a connection that may have had some."""
        self._is_in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the app called."""
        self._is_in_head = False
        super().on_headers_complete()
