"""What the server refuses: forged hosts, foreign origins, forged or expired links, names that are no case."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Server, settle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def get(server: Server, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of one request, sent exactly as given."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


@pytest.fixture
def thumbnail(page: Page) -> str:
    """A good link, as a page of the app has it: path and query."""
    page.goto("/gallery")
    settle(page)
    url = urlsplit(page.locator(".card img").first.get_attribute("src") or "")
    return f"{url.path}?{url.query}"


def test_a_signed_link_gives_the_image_and_nothing_to_sniff_or_share(server: Server, thumbnail: str) -> None:
    status, headers = get(server, thumbnail)

    assert status == 200
    assert headers["content-type"] == "image/webp"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"].startswith("private")
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_forged_and_expired_links_are_refused(server: Server, thumbnail: str) -> None:
    path, _, query = thumbnail.partition("?")
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    forged = signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")

    assert get(server, f"{path}?e={expires}&s={forged}")[0] == 403
    assert get(server, f"{path}?e={int(expires) + 3600}&s={signature}")[0] == 403
    assert get(server, f"{path}?e=1&s={signature}")[0] == 403
    assert get(server, path)[0] == 403
    assert get(server, f"{path.replace('/thumb/', '/image/')}?{query}")[0] == 403
    assert get(server, f"{path[:-2]}ff?{query}")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/images/thumb/../../etc/passwd",
        "/images/thumb/0000000000000000/..%2f..%2fcatalog.db?e=9999999999&s=x",
        "/images/thumb/0000000000000000/%00",
        "/images/secret/0000000000000000/0000000000000000",
        "/images/thumb/0000000000000000/not-a-case",
    ],
)
def test_paths_that_climb_and_names_that_are_no_case_are_refused(server: Server, path: str) -> None:
    status, headers = get(server, path)

    assert status in (400, 403, 404) or "text/html" in headers["content-type"]  # the app's own page, no file


def test_a_forged_host_is_refused_everywhere(server: Server, thumbnail: str) -> None:
    for path in ("/", "/_stcore/health", thumbnail):
        assert get(server, path, Host="evil.example")[0] == 400


def test_other_sites_are_refused_the_images(server: Server, thumbnail: str) -> None:
    assert get(server, thumbnail, Origin="https://evil.example")[0] == 403
    assert get(server, thumbnail, Sec_Fetch_Site="cross-site")[0] == 403


def test_the_websocket_refuses_a_forged_host_and_a_foreign_origin(server: Server) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }

    assert get(server, "/_stcore/stream", Host="evil.example", **upgrade)[0] in (400, 403)
    assert get(server, "/_stcore/stream", Origin="https://evil.example", **upgrade)[0] == 403
