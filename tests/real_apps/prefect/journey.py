"""A flow runs with an access token, and a person looks at it."""

from __future__ import annotations

import json
import os
import re
import subprocess

from playwright.sync_api import expect

from tests.access_tokens import access_token
from tests.real_apps.prefect import APP
from tests.real_apps.serving import installed
from tests.real_apps.visiting import Visit, each_way

AUDIENCE = "https://prefect.example.com"


def run_flow(visit: Visit, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the flow, with these settings of Prefect's."""
    folder = visit.served.folder
    env |= {"PREFECT_API_URL": f"{visit.url}/api", "PREFECT_HOME": str(folder / "client")}
    command = [str(installed(APP)), "harvest.py"]
    return subprocess.run(command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False)


@each_way(APP)
def test_a_flow_is_run_and_a_person_looks_at_it(visit: Visit) -> None:
    visit.is_closed_to_strangers(
        "/", "/v2/", "/api/health", "/api/flows/filter", "/docs", sockets=("/api/events/in", "/api/events/out")
    )
    refused = run_flow(visit)
    assert refused.returncode == 1
    assert "{'error': 'login_required'" in refused.stderr
    token = access_token(visit.provider, aud=AUDIENCE)
    done = run_flow(visit, PREFECT_CLIENT_CUSTOM_HEADERS=json.dumps({"Authorization": f"Bearer {token}"}))
    assert done.returncode == 0, done.stderr
    assert "12 apples" in done.stderr + done.stdout
    assert "Unable to connect" not in done.stderr + done.stdout  # to the WebSocket for events
    page = visit.signed_in("/v2/runs")
    expect(page.get_by_role("link", name="harvest").first).to_be_visible()
    visit.photograph("runs")
    page.get_by_role("link", name="Dashboard").click()
    with page.expect_response(re.compile("/api/.*")):  # it asks anew by itself
        pass
    visit.end_session()
    with page.expect_response(lambda answer: answer.status == 401):
        pass
    visit.photograph("ended")
    page.get_by_role("link", name="Flows", exact=True).click()  # a part of the page is 401, and it loads itself anew
    expect(page.get_by_role("link", name="harvest").first).to_be_visible()
    visit.photograph("again")
