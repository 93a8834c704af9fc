"""A program logs a run at MLflow with an access token, and a person looks at it."""

from __future__ import annotations

import os
import re
import subprocess

from playwright.sync_api import expect

from tests.access_tokens import access_token
from tests.patience import LIMIT
from tests.real_apps.mlflow import APP
from tests.real_apps.serving import installed
from tests.real_apps.visiting import Visit, each_way

AUDIENCE = "https://mlflow.example.com"


def train(visit: Visit, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program that logs a run."""
    env |= {"MLFLOW_TRACKING_URI": visit.url, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(int(LIMIT))}
    return subprocess.run(
        [str(installed(APP)), "train.py"],
        cwd=visit.served.folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@each_way(APP)
def test_a_program_logs_a_run_and_a_person_looks_at_it(visit: Visit) -> None:
    visit.is_closed_to_strangers(
        "/", "/version", "/ajax-api/2.0/mlflow/experiments/search", "/api/2.0/mlflow/experiments/search", "/graphql"
    )
    refused = train(visit)
    assert refused.returncode == 1
    assert "{'error': 'login_required'" in refused.stderr
    done = train(visit, MLFLOW_TRACKING_TOKEN=access_token(visit.provider, aud=AUDIENCE))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "a good year"), done.stderr
    page = visit.signed_in("/#/experiments")
    expect(page.get_by_role("link", name="harvest")).to_be_visible()
    visit.photograph("experiments")
    visit.end_session()
    page.get_by_role("link", name="harvest").click()
    expect(page.get_by_text("Received status code 401").first).to_be_visible()
    visit.photograph("ended")
    page.reload()
    expect(page).to_have_url(re.compile(r"/#/experiments/\d+"))  # the provider still knows her: no page of it is shown
    expect(page.get_by_text("harvest").first).to_be_visible()
    expect(page.get_by_text("Received status code 401")).to_have_count(0)


@each_way(APP)
def test_after_signing_in_anew_the_page_is_where_it_was(visit: Visit) -> None:
    page = visit.signed_in("/")
    expect(page.get_by_text("Welcome to MLflow")).to_be_visible()
    visit.end_session("logout")
    page.get_by_role("link", name="Experiments").first.click()
    visit.photograph("signed-out")
    page.reload()
    expect(page.get_by_role("link", name="Default")).to_be_visible()
