"""A stand-in for the model's API on the loopback interface, so that Claude Code runs without one.

It calls the tools that it is told to, one a turn, then ends the conversation. What Claude Code
sends it is what a model would receive.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ModelApi:
    """What the stand-in does and has seen.

    Attributes:
        calls: the tools to call, with their arguments.
        prompts: the texts of the user, in their order.
        results: by tool, the content blocks that came back.
        tools: the names of the tools that the model was offered.
        url: where it listens.
    """

    calls: Sequence[tuple[str, dict[str, Any]]]
    prompts: list[str] = field(default_factory=list)
    results: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Take note of a request and return the model's content blocks."""
        tools = [tool["name"] for tool in request.get("tools", [])]
        if not tools:
            return [{"type": "text", "text": "ok"}]  # a title for the session, or the like
        self.tools = tools
        blocks = [
            block
            for message in request["messages"]
            if message["role"] == "user" and isinstance(message["content"], list)
            for block in message["content"]
        ]
        self.prompts = [block["text"] for block in blocks if block["type"] == "text"]
        returned = [block for block in blocks if block["type"] == "tool_result"]
        for (name, _), block in zip(self.calls, returned, strict=False):
            content = block["content"]
            text = [{"type": "text", "text": content}] if isinstance(content, str) else content
            self.results[name] = text
        if len(returned) == len(self.calls):
            return [{"type": "text", "text": "done"}]
        name, arguments = self.calls[len(returned)]
        return [
            {
                "type": "tool_use",
                "id": f"toolu_{len(returned)}",
                "name": name,
                "input": arguments,
            }
        ]


@contextmanager
def model_api(*calls: tuple[str, dict[str, Any]]) -> Iterator[ModelApi]:
    """Serve the stand-in until the block ends."""
    api = ModelApi(calls)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            if not self.path.startswith("/v1/messages") or "count_tokens" in self.path:
                self._send("application/json", json.dumps({"input_tokens": 1}))
                return
            blocks = api.answer(body)
            if body.get("stream"):
                self._send("text/event-stream", "".join(_events(blocks)))
            else:
                self._send("application/json", json.dumps(_message(blocks)))

        def do_GET(self) -> None:
            self._send("application/json", "{}")

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

        def _send(self, kind: str, text: str) -> None:
            data = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _message(blocks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    calling = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "stand-in",
        "content": list(blocks),
        "stop_reason": "tool_use" if calling else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _events(blocks: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the message as the events of a stream."""
    whole = _message(blocks)
    yield _event("message_start", message={**whole, "content": [], "stop_reason": None})
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            text = json.dumps(block["input"])
            empty, delta = (
                {**block, "input": {}},
                {"type": "input_json_delta", "partial_json": text},
            )
        yield _event("content_block_start", index=index, content_block=empty)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", delta=ended, usage={"output_tokens": 1})
    yield _event("message_stop")


def _event(kind: str, **content: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **content})}\n\n"
