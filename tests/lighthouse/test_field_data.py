"""Field data, without asking the real service: the reader gets its recorded form of answer, and
the server asks a stand-in on this machine that speaks its protocol."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stacksight_lighthouse.analysis.field_data import read_record
from stacksight_lighthouse.render.field_data import render_field
from tests.support.stdio import ServerClient, open_client

RECORD: dict[str, Any] = {
    "record": {
        "key": {"formFactor": "PHONE", "origin": "https://shop.example"},
        "metrics": {
            "largest_contentful_paint": {
                "histogram": [
                    {"start": 0, "end": 2500, "density": 0.6012},
                    {"start": 2500, "end": 4000, "density": 0.25},
                    {"start": 4000, "density": 0.1488},
                ],
                "percentiles": {"p75": 3120},
            },
            "interaction_to_next_paint": {
                "histogram": [
                    {"start": 0, "end": 200, "density": 0.9},
                    {"start": 200, "end": 500, "density": 0.1},
                    {"start": 500},
                ],
                "percentiles": {"p75": 120},
            },
            "cumulative_layout_shift": {
                "histogram": [
                    {"start": "0.00", "end": "0.10", "density": 0.8},
                    {"start": "0.10", "end": "0.25", "density": 0.15},
                    {"start": "0.25", "density": 0.05},
                ],
                "percentiles": {"p75": "0.07"},
            },
            "form_factors": {"fractions": {"desktop": 0.1, "phone": 0.88, "tablet": 0.02}},
            "round_trip_time": {"percentiles": {"p75": 110}},
        },
        "collectionPeriod": {
            "firstDate": {"year": 2026, "month": 10, "day": 29},
            "lastDate": {"year": 2026, "month": 11, "day": 25},
        },
    }
}


def test_a_record_is_read_with_its_ratings_and_shares() -> None:
    data = read_record(RECORD, "https://shop.example/a", "phone", [])

    metrics = {metric.name: metric for metric in data.metrics}
    assert (metrics["LCP"].p75, metrics["LCP"].rating) == ("3.1 s", "needs improvement")
    assert (metrics["LCP"].good, metrics["LCP"].fair, metrics["LCP"].poor) == (60.1, 25.0, 14.9)
    assert (metrics["CLS"].p75, metrics["CLS"].rating) == ("0.070", "good")
    assert metrics["INP"].poor == 0.0
    assert metrics["RTT"].good is None
    assert data.passes is False
    assert data.period == "2026-10-29 to 2026-11-25"
    text = render_field(data)
    assert text.startswith("Core Web Vitals do NOT pass for real visitors of the origin https://")
    assert "devices: phone 88 %, desktop 10 %, tablet 2 %" in text


@pytest.mark.parametrize(
    ("missing", "passes"),
    [("largest_contentful_paint", None), ("cumulative_layout_shift", None), ("x", False)],
)
def test_what_is_not_known_does_not_pass(missing: str, passes: bool | None) -> None:
    metrics = {k: v for k, v in RECORD["record"]["metrics"].items() if k != missing}
    record = {"record": {**RECORD["record"], "metrics": metrics}}

    assert read_record(record, "https://shop.example/", "all", []).passes is passes


@pytest.mark.parametrize("response", [{}, {"record": {}}, {"record": {"metrics": {"x": None}}}])
def test_an_empty_record_is_no_data(response: dict[str, Any]) -> None:
    assert "No field data" in render_field(read_record(response, "https://a.example", "all", []))


class StandIn(BaseHTTPRequestHandler):
    """Knows one origin, no page; refuses another key, and has no quota for busy.example."""

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        [key] = parse_qs(urlsplit(self.path).query)["key"]
        asked = query.get("url") or query.get("origin")
        if key != "right":
            self._answer(403, {"error": {"message": "API key not valid"}})
        elif "busy" in asked:
            self._answer(429, {"error": {"message": "Quota exceeded"}})
        elif query == {"origin": "https://shop.example", "formFactor": "PHONE"}:
            self._answer(200, RECORD)
        else:
            self._answer(404, {"error": {"message": "chrome ux report data not found"}})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def standing_in() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/query"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with standing_in() as url:
        yield url


async def asked(service: str, url: str, key: str = "right", **options: str) -> Any:
    env = {"STACKSIGHT_CRUX_URL": service, "STACKSIGHT_CRUX_KEY": key}
    async with open_client("lighthouse", env=env) as client:
        return await client.call("read_field_data", url=url, **options)


async def test_the_origin_stands_in_for_a_page_of_few_visits(service: str) -> None:
    answer = await asked(service, "https://shop.example/cart?id=1", form_factor="phone")

    assert not answer.is_error
    assert "too few visits to be reported; these are its site's" in answer.text
    assert "LCP | 3.1 s | needs improvement | 60.1 | 25.0 | 14.9" in answer.text


@pytest.mark.parametrize(
    ("url", "said", "failed"),
    [
        ("https://unknown.example/", "says nothing about its speed", False),
        ("http://localhost:3000/", "only for public sites", False),
        ("http://192.168.1.4/", "only for public sites", False),
        ("https://busy.example/", "quota", True),
        ("ftp://shop.example/", "http:// or https://", True),
    ],
)
async def test_what_has_no_data_is_explained(
    service: str, url: str, said: str, failed: bool
) -> None:
    answer = await asked(service, url)

    assert answer.is_error == failed
    assert said in answer.text


async def test_a_wrong_key_is_said_and_not_shown(service: str) -> None:
    answer = await asked(service, "https://shop.example/", key="wr0ng-key-value")

    assert answer.is_error
    assert "API key not valid" in answer.text
    assert "wr0ng" not in answer.text


async def test_without_a_key_it_is_said(client: ServerClient) -> None:
    answer = await client.call("read_field_data", url="https://shop.example/")

    assert not answer.is_error
    assert "STACKSIGHT_CRUX_KEY" in answer.text
