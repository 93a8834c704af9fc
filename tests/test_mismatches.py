"""What the operator set up and what requests show do not fit together: that is told, once, with both values."""

from __future__ import annotations

import logging

import pytest

from tests.conftest import StageFactory


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="oidc_gate")
    return caplog


# base_url has a path that stays on the requests


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
def test_a_path_of_base_url_that_nobody_takes_off_is_no_endless_redirect(
    stage: StageFactory, log: pytest.LogCaptureFixture, response_mode: str
) -> None:
    here = stage(base_url="https://app.test/shop/", response_mode=response_mode)
    page = here.browser().navigate("/shop/cart")
    assert (page.status, "base_url_path" in page.text) == (500, True)
    assert "the log says what to check" in page.text
    assert "reached the gate as /shop/oauth2/callback, with the path of base_url in front" in log.text
    assert here.app.calls == []


def test_a_path_of_base_url_that_is_taken_off_works(stage: StageFactory) -> None:
    here = stage(base_url="https://app.test/shop")
    assert here.signed_in("/shop/cart", root_path="/shop").fetch("/shop/oauth2/callback").status == 400
