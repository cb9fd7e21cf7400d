"""Runs commands in containers (exec), with limits on time and output."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from urllib3.exceptions import ReadTimeoutError

from stacksight_docker.source.client import CHUNK_BYTES, EngineClient
from stacksight_docker.source.logs import split_frames

MAX_OUTPUT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Attributes:
        exit_code: None while it runs still.
        pieces: what it wrote to both streams, in order.
        seconds: how long it was waited for.
        bytes_left_out: output beyond MAX_OUTPUT_BYTES.
    """

    exit_code: int | None
    pieces: Sequence[str]
    seconds: float
    bytes_left_out: int


def run_command(
    client: EngineClient,
    container_id: str,
    command: Sequence[str],
    user: str | None,
    seconds: float,
) -> Outcome:
    """Run a command in a running container and wait for its end, or until the time is up.

    The engine has no way to end a command again: what has not ended goes on.

    Raises:
        docker.errors.APIError: the container does not run, or the user does not exist.
    """
    wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(command), "User": user or ""}
    with client.change(f"/containers/{container_id}/exec", body=wanted) as response:
        exec_id = str(response.json()["Id"])
    started = time.monotonic()
    body, left_out = bytearray(), 0
    try:
        with client.change(f"/exec/{exec_id}/start", body={}, seconds=seconds) as response:
            # What has arrived, without waiting for a chunk to fill.
            while chunk := response.raw.read1(CHUNK_BYTES):
                room = MAX_OUTPUT_BYTES - len(body)
                body += chunk[:room]
                left_out += max(0, len(chunk) - room)
                if time.monotonic() - started > seconds:
                    break
    except ReadTimeoutError:
        pass  # it is silent, and runs still
    took = time.monotonic() - started
    pieces = [piece.decode(errors="replace") for _, piece in split_frames(bytes(body))]
    state = client.read(f"/exec/{exec_id}/json")
    code = None if state.get("Running") else state.get("ExitCode")
    return Outcome(code, pieces, took, left_out)
