import socket

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.source.preflight import Look, look_at
from tests.lighthouse.site import Site


async def look(url: str, timeout_s: float = 5) -> Look:
    return await look_at(url, timeout_s=timeout_s, private_allowed=False)


async def test_a_page_is_looked_at_where_its_redirects_end(site: Site) -> None:
    seen = await look(f"{site.url}/redirect?to=/redirect?to=/good.html")

    assert seen.url == f"{site.url}/good.html"
    assert len(seen.redirects) == 2
    assert seen.ttfb_ms > 0


async def test_a_name_below_localhost_is_this_machine(site: Site) -> None:
    url = f"http://app.localhost:{site.server_port}/good.html"

    assert (await look(url)).url == url


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nothing-here", "404 Not Found"),
        ("/status?code=401", "asks for a login"),
        ("/status?code=500", "its log has the reason"),
        ("/status?code=204", "without a page"),
        ("/status?code=304", "without a page"),
        ("/download", "offered as a download"),
        ("/redirect?to=/redirect?to=/nothing-here", "404"),
        ("/redirect?to=file:///etc/passwd", "http:// or https://"),
        ("/redirect?to=http://169.254.169.254/latest/meta-data/", "metadata"),
        ("/redirect?to=http://10.0.0.1/", "--private-network"),
        ("/json", "application/json, not HTML"),
    ],
)
async def test_what_is_no_page_is_said(site: Site, path: str, said: str) -> None:
    with pytest.raises(ToolFailure, match=said.replace("(", r"\(")):
        await look(site.url + path)


async def test_a_redirect_loop_is_said_with_its_chain(site: Site) -> None:
    url = f"{site.url}/loop"

    with pytest.raises(ToolFailure, match=r"redirects without end: .* → "):
        await look(url)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "chrome://version",
        "localhost:8000",
        "http://",
        "",
        "http://a:999999/",
        "http://[x/",
        "ftp://localhost:8000/",
        "//localhost:8000/",
    ],
)
async def test_other_schemes_and_no_addresses_are_refused(url: str) -> None:
    with pytest.raises(ToolFailure, match="http:// or https://"):
        await look(url)


@pytest.mark.parametrize("host", ["2852039166", "0xA9FEA9FE", "[::ffff:a9fe:a9fe]"])
async def test_a_metadata_address_is_known_however_it_is_written(host: str) -> None:
    with pytest.raises(ToolFailure, match="metadata"):
        await look(f"http://{host}/")


async def test_a_closed_port_and_an_unknown_name_are_told_apart() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ToolFailure, match="nothing accepts connections"):
            await look(f"http://localhost:{closed.getsockname()[1]}/")
    with pytest.raises(ToolFailure, match="has no address"):
        await look("http://no-such-host.invalid/")


async def test_a_page_that_never_answers_is_left(site: Site) -> None:
    with pytest.raises(ToolFailure, match="did not answer within 300 ms"):
        await look(f"{site.url}/hang", timeout_s=0.3)


async def test_tls_to_a_plain_server_is_explained(site: Site) -> None:
    with pytest.raises(ToolFailure, match="begin the address with http://"):
        await look(site.url.replace("http:", "https:") + "/good.html")


async def test_a_page_without_scripts_is_told_before_chrome_waits_for_it(site: Site) -> None:
    with pytest.raises(ToolFailure, match="`sandbox` without `allow-scripts`"):
        await look(f"{site.url}/policy?csp=default-src 'self'; Sandbox allow-forms")

    for policy in ("sandbox allow-forms allow-scripts", "script-src 'none'", "default-src sandbox"):
        await look(f"{site.url}/policy?csp={policy}")


async def test_a_name_may_end_in_a_dot(site: Site) -> None:
    for name in ("localhost.", "app.localhost."):
        await look(f"http://{name}:{site.server_port}/good.html")


@pytest.mark.parametrize("port", [0, 6000, 10080])
async def test_a_port_that_no_browser_connects_to_is_named(port: int) -> None:
    with pytest.raises(ToolFailure, match=f"no browser connects to port {port}"):
        await look(f"http://localhost:{port}/")
