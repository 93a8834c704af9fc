"""surface.md on reasons: the log says why somebody may not pass, and the page does not blame whom it should not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import StageFactory
from tests.providers.local import LocalProvider

ADA = {"allow_emails": "ada@example.com"}
ENGINEERS = {"allow_groups": "engineers-of-the-app"}
LISTED, UNTOLD, UNVERIFIED = "not on this app", "does not say of you", "has not verified that address"


@pytest.mark.parametrize(
    ("lists", "claims", "reason", "words", "told"),
    [
        pytest.param(ADA, {"email": "eve@example.com"}, "door", LISTED, "allow_emails: no", id="another address"),
        pytest.param(ENGINEERS, {"groups": ["b"]}, "door", LISTED, "allow_groups: no, of 1 groups", id="other groups"),
        pytest.param(
            ENGINEERS, {"groups": {"b": 1, "engineers": None}}, "door", LISTED, "of 1 groups", id="groups as an object"
        ),
        pytest.param(ENGINEERS, {"groups": []}, "door", LISTED, "allow_groups: no, of 0 groups", id="no groups"),
        pytest.param(
            *(ADA, {"email": "ada@example.com", "email_verified": False}, "email_unverified", UNVERIFIED),
            "allow_emails: no, without a verified address",
            id="on the list, and unverified",
        ),
        pytest.param(
            *(ADA, {"email": "eve@example.com", "email_verified": False}, "door", LISTED),
            "allow_emails: no, without a verified address",
            id="unverified, and not on the list",
        ),
        pytest.param(
            *(ADA | {"require_email_verified": True}, {"email": "ada@example.com", "email_verified": None}),
            *("email_unverified", UNVERIFIED, "allow_emails: no, without a verified address"),
            id="verification asked for and not said",
        ),
        pytest.param(
            ADA, {"email": None}, "claim_missing", UNTOLD, "allow_emails: no, without an address", id="no address"
        ),
        pytest.param(
            ADA, {"email": "two@at@signs"}, "claim_missing", UNTOLD, "allow_emails: no", id="no usable address"
        ),
        pytest.param(
            ENGINEERS, {"groups": None}, "claim_missing", UNTOLD, "allow_groups: no, of no groups", id="no claim"
        ),
        pytest.param(
            ENGINEERS, {"groups": 7}, "claim_missing", UNTOLD, "allow_groups: no", id="groups as a number"
        ),
        pytest.param(
            *(ENGINEERS, {"groups": None, "_claim_names": {"groups": "src1"}}, "groups_overage", UNTOLD),
            "allow_groups: no, of no groups",
            id="too many groups, at Entra ID",
        ),
        pytest.param(
            *(
                ENGINEERS,
                {"groups": None, "hasgroups": True},
                "groups_overage",
                UNTOLD,
                "allow_groups: no, of no groups",
            ),
            id="too many groups, in an implicit flow",
        ),
    ],
)
def test_each_refusal_has_one_reason_in_the_log_and_words_that_fit(
    stage: StageFactory,
    provider: LocalProvider,
    caplog: pytest.LogCaptureFixture,
    lists: dict[str, Any],
    claims: dict[str, Any],
    reason: str,
    words: str,
    told: str,
) -> None:
    here = stage(userinfo="never", **lists)
    changes = {name: ... if value is None else value for name, value in claims.items()}
    with provider.fault("other_claims", **changes):
        page = here.browser().navigate("/report")
    assert (page.status, words in page.text) == (403, True)
    assert sum(other in page.text for other in (LISTED, UNTOLD, UNVERIFIED)) == 1
    reference = page.text.split("Reference ")[1].split("<")[0]
    (line,) = [each.getMessage() for each in caplog.records if reference in each.getMessage()]
    assert f": reason={reason} method='GET' path='/report' host='app.test' subject='ada-1815'; " in line
    assert told in line
    assert "claims seen: " in line
    assert "iss" in line.partition("claims seen: ")[2]
    assert "@" not in line, "names of claims, and not what is in them"
    assert here.app.calls == []
