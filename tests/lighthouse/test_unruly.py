"""Pages that get in the way of an audit, and still have to be audited."""

import shutil
import ssl
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import missing
from tests.lighthouse.site import Site, running_site
from tests.support.stdio import ServerClient

ACCESSIBILITY = ["accessibility"]
SCRIPTS = {
    "dialogs": "alert(1); confirm(2); prompt(3)",
    "dialogs for ever": "setInterval(() => alert(1), 100)",
    "asks before it is left": "onbeforeunload = event => event.preventDefault()",
    "asks for permissions": "Notification.requestPermission(); "
    "navigator.geolocation.getCurrentPosition(() => {})",
    "prints": "print()",
    "opens windows": "for (let i = 0; i < 3; i++) window.open('/good.html')",
    "downloads": "const a = document.createElement('a'); a.href = '/download'; a.download = 'a'; "
    "document.body.append(a); a.click(); a.remove()",
    "listens for ever": "new EventSource('/hang')",
    "breaks the language": "Array.prototype.map = null; Object.prototype.more = 1; "
    "window.Promise = undefined; window.setTimeout = undefined",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
async def test_a_page_that_gets_in_the_way_is_audited(
    client: ServerClient, site: Site, script: str
) -> None:
    html = (
        '<!doctype html><html lang="en"><title>Page</title><main><h1>Page</h1><input id="x">'
        f"</main><script>{script}</script>"
    )

    answer = await client.call(
        "run_audit", url=f"{site.url}/status?code=200&body={quote(html)}", categories=ACCESSIBILITY
    )

    assert not answer.is_error, answer.text
    assert "input#x" in answer.text


@pytest.mark.parametrize(
    "head",
    [
        '<meta http-equiv="refresh" content="0;url=/fault/missing-label">',
        "<script>location = '/fault/missing-label'</script>",
    ],
    ids=["meta", "script"],
)
async def test_a_page_that_leads_on_is_followed_and_named(
    client: ServerClient, site: Site, head: str
) -> None:
    url = f"{site.url}/status?code=200&body={quote(f'<!doctype html>{head}<p>Wait</p>')}"

    answer = await client.call("run_audit", url=url, categories=ACCESSIBILITY)

    assert f"{site.url}/fault/missing-label (from " in answer.text
    assert "input#email" in answer.text


async def test_ten_thousand_nodes_are_audited(client: ServerClient, site: Site) -> None:
    answer = await client.call(
        "run_audit", url=f"{site.url}/huge?n=10000", categories=ACCESSIBILITY, deadline_s=300
    )

    assert not answer.is_error, answer.text
    assert len(answer.text) < 4000


async def test_a_certificate_of_this_machine_need_not_be_trusted(
    client: ServerClient, untrusted: ssl.SSLContext
) -> None:
    with running_site(untrusted) as site:
        answer = await client.call(
            "run_audit", url=f"{site.url}/good.html", categories=ACCESSIBILITY
        )

    assert not answer.is_error, answer.text
    assert "certificate is not trusted" in answer.text


@pytest.fixture
def untrusted(tmp_path: Path) -> ssl.SSLContext:
    """A certificate for localhost that nobody trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    argv = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    argv += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
