import json
import re

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ImageContent, TextResourceContents

from stacksight_lighthouse.render.html import render_html
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient


def test_text_of_the_page_cannot_leave_the_report() -> None:
    lhr = {"title": "</script><script>alert(1)</script>\u2028 %%LIGHTHOUSE_JAVASCRIPT%%"}

    page = render_html(
        lhr, "<script>%%LIGHTHOUSE_JSON%%</script><script>%%LIGHTHOUSE_JAVASCRIPT%%", "a</b"
    )

    assert "alert(1)</script>" not in page
    assert page.count("</script>") == 1
    data = page.partition("<script>")[2].partition("</script>")[0]
    assert json.loads(data) == lhr
    assert page.endswith("a\\u003c/b")


async def test_a_kept_audit_is_a_resource_in_two_forms(client: ServerClient, site: Site) -> None:
    url = f"{site.url}/fault/bad-role?token=sekret-99"
    answer = await client.call("run_audit", url=url, categories=["accessibility"])
    found = re.search(r"audit-[0-9a-f]{8}", answer.text)
    assert found
    address = f"lighthouse://audits/{found[0]}/report"

    listed = (await client.sdk.list_resources()).resources
    templates = (await client.sdk.list_resource_templates()).resource_templates
    result = await client.sdk.read_resource(f"{address}.json")
    report = await client.sdk.read_resource(f"{address}.html")

    assert {f"{address}.html", f"{address}.json"} <= {str(resource.uri) for resource in listed}
    assert len(templates) == 2
    [content] = result.contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    assert json.loads(content.text)["audits"]["aria-roles"]["score"] == 0
    [page] = report.contents
    assert isinstance(page, TextResourceContents)
    assert page.mime_type == "text/html"
    assert "__LIGHTHOUSE_JSON__" in page.text
    assert "sekret" not in content.text + page.text


async def test_an_audit_that_is_not_kept_is_no_resource(client: ServerClient) -> None:
    with pytest.raises(MCPError, match="There is no audit"):
        await client.sdk.read_resource("lighthouse://audits/audit-00000000/report.json")


async def test_a_page_audited_twice_has_a_trend_with_a_chart(
    client: ServerClient, site: Site
) -> None:
    url = f"{site.url}/fault/bad-attribute"
    for _ in range(2):
        await client.call("run_audit", url=url, categories=["accessibility"])

    answer = await client.call("list_audits", match=url)

    assert "accessibility: 8" in answer.text or "accessibility: 9" in answer.text
    assert f"Trend of {url} (mobile)" in answer.text
    assert any(isinstance(block, ImageContent) for block in answer.content)
