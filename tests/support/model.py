"""A stand-in for the model's API on loopback: it asks for tools by a script and keeps what it got.

Claude Code is real in these tests; only the model behind it is not.
"""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Request = dict[str, Any]
Blocks = list[dict[str, Any]]
Answer = Callable[[Request], Blocks]
"""What the model says to a request: content blocks, as of the Messages API."""


def say(text: str) -> dict[str, Any]:
    """Return a text block."""
    return {"type": "text", "text": text}


def use(number: int, tool: str, **arguments: Any) -> dict[str, Any]:
    """Return a block that asks for a tool."""
    return {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": arguments}


def tools_of(request: Request) -> list[str]:
    """Return the names of the tools that a request offers."""
    return [tool["name"] for tool in request.get("tools", [])]


@dataclass
class Model:
    """The running stand-in.

    Attributes:
        url: for ANTHROPIC_BASE_URL.
        requests: what it was asked, in order.
    """

    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def running_model(answer: Answer) -> Iterator[Model]:
    """Serve the API until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._send(b"", "application/json")

        def do_GET(self) -> None:
            self._send(b"{}", "application/json")

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if "/count_tokens" in self.path or "/messages" not in self.path:
                self._send(b'{"input_tokens": 1}', "application/json")
                return
            model.requests.append(request)
            message = _message(request, answer(request))
            if request.get("stream"):
                self._send(_events(message), "text/event-stream")
            else:
                self._send(json.dumps(message).encode(), "application/json")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model = Model(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield model
        finally:
            server.shutdown()


def _message(request: Request, content: Blocks) -> dict[str, Any]:
    asks = any(block["type"] == "tool_use" for block in content)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": "tool_use" if asks else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _events(message: dict[str, Any]) -> bytes:
    begun = {**message, "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(message["content"]):
        empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
        delta = (
            {"type": "text_delta", "text": block["text"]}
            if block["type"] == "text"
            else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        )
        events += [
            {"type": "content_block_start", "index": index, "content_block": empty},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 1}})
    events.append({"type": "message_stop"})
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join(lines).encode()
