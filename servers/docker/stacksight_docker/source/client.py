"""The docker SDK's client, held to lists of requests and to time limits.

Every request of the SDK passes ``send``; what is not on a list cannot be sent. One client serves
one call at a time, so that stopping a call can break exactly its connections.
"""

import contextlib
import json
import re
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from docker import APIClient
from docker.errors import create_api_error_from_http_exception
from docker.transport.unixconn import (
    UnixHTTPAdapter,
    UnixHTTPConnection,
    UnixHTTPConnectionPool,
)

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_bytes
from stacksight_docker.errors import (
    ERROR_NONSENSE,
    ERROR_TOO_MUCH,
    EngineTimeout,
    ForbiddenRequest,
)
from stacksight_docker.source.endpoints import Endpoint

CONNECT_SECONDS = 2.5
READ_SECONDS = 10
MAX_JSON_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 65_536

# GET only, and no path that reads files or the memory of a container (archive, export, attach).
READABLE = re.compile(
    r"(?:/v\d+\.\d+)?/(?:_ping|version|info|events|system/df|containers/json|images/json|networks|volumes"
    r"|containers/[0-9a-f]{64}/(?:json|logs|stats|top)"
    r"|images/sha256:[0-9a-f]{64}/json|networks/[0-9a-f]{64})"
)
# Only where writes are allowed: POST, but for the state of a command.
WRITABLE = re.compile(
    r"POST (?:/v\d+\.\d+)?/(?:containers/[0-9a-f]{64}/(?:start|stop|restart|pause|unpause|exec)"
    r"|exec/[0-9a-f]{64}/start)"
    r"|GET (?:/v\d+\.\d+)?/exec/[0-9a-f]{64}/json"
)


class EngineClient(APIClient):
    """A client for one endpoint that can only read, and make a few changes where that is allowed.

    Args:
        endpoint: where the engine listens.
        api_version: what to speak, e.g. ``1.41``; given, so that connecting costs no request.
        may_write: control of containers and commands in them may be sent too.
    """

    def __init__(self, endpoint: Endpoint, api_version: str, *, may_write: bool = False) -> None:
        super().__init__(
            base_url=endpoint.url,
            version=api_version,
            timeout=READ_SECONDS,
            tls=endpoint.tls or False,
            use_ssh_client=True,
        )
        self._endpoint = endpoint
        self._may_write = may_write
        self._adapter: _UnixAdapter | None = None
        if endpoint.socket is not None:
            self.trust_env = False  # proxies are for networks
            self._adapter = _UnixAdapter(f"http+unix://{endpoint.socket}", timeout=READ_SECONDS)
            self.mount("http+docker://", self._adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request that is on a list.

        Raises:
            ForbiddenRequest: any other.
        """
        path = urlsplit(request.url or "").path
        reads = request.method == "GET" and READABLE.fullmatch(path)
        writes = self._may_write and WRITABLE.fullmatch(f"{request.method} {path}")
        if not reads and not writes:
            raise ForbiddenRequest(f"{request.method} {path}")
        return super().send(request, **kwargs)

    def open(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        seconds: float = READ_SECONDS,
        versioned: bool = True,
    ) -> requests.Response:
        """Send a GET and return the response with its body still to be read.

        Args:
            path: without the version, e.g. ``/containers/json``.
            params: the query; None values are left out.
            seconds: how long the engine may be silent.
            versioned: name the API version in the path.

        Raises:
            docker.errors.APIError: the engine refused.
            requests.RequestException: the connection failed.
        """
        version = f"/v{self.api_version}" if versioned else ""
        response = self.get(
            f"{self.base_url}{version}{path}",
            params=dict(params or {}),
            stream=True,
            timeout=(min(CONNECT_SECONDS, seconds), seconds),
        )
        return _accepted(response)

    def change(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        seconds: float = READ_SECONDS,
    ) -> requests.Response:
        """POST and return the response with its body still to be read.

        Raises:
            ForbiddenRequest: writes are not allowed, or not this one.
            docker.errors.APIError: the engine refused.
            requests.RequestException: the connection failed.
        """
        response = self.post(
            f"{self.base_url}/v{self.api_version}{path}",
            params=dict(params or {}),
            json=body,
            stream=True,
            timeout=(CONNECT_SECONDS, seconds),
        )
        return _accepted(response)

    def read(
        self, path: str, params: Mapping[str, Any] | None = None, *, seconds: float = READ_SECONDS
    ) -> Any:
        """GET a JSON document.

        Args:
            path: without the version.
            params: the query.
            seconds: the limit for the whole answer.

        Raises:
            EngineTimeout: it took longer.
            ToolFailure: the answer is not JSON, or too large.
        """
        deadline = time.monotonic() + seconds
        body = bytearray()
        with self.open(path, params, seconds=seconds) as response:
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_JSON_BYTES:
                    limit = format_bytes(MAX_JSON_BYTES)
                    raise ToolFailure(ERROR_TOO_MUCH.format(path=path, limit=limit))
                if time.monotonic() > deadline:
                    raise EngineTimeout(path)
        try:
            return json.loads(body)
        except ValueError as error:
            raise self.nonsense(path, f"{len(body)} bytes that are not JSON") from error

    def nonsense(self, path: str, reason: str) -> ToolFailure:
        """Return the failure for an answer that no engine gives."""
        return ToolFailure(ERROR_NONSENSE.format(url=self._endpoint.url, path=path, reason=reason))

    def break_off(self) -> None:
        """End every connection at once, from any thread; what waits on one fails.

        Over tcp and ssh a waiting read ends by its time limit instead.
        """
        if self._adapter is not None:
            self._adapter.break_off()


def _accepted(response: requests.Response) -> requests.Response:
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error
    return response


def is_timeout(error: requests.RequestException) -> bool:
    """Tell whether the engine was silent for too long; while a body is read, that is no Timeout."""
    return isinstance(error, requests.Timeout) or "Read timed out" in str(error)


class _UnixPool(UnixHTTPConnectionPool):
    def __init__(self, base_url: str, socket_path: str, timeout: int, maxsize: int) -> None:
        super().__init__(base_url, socket_path, timeout, maxsize)
        self.opened: list[UnixHTTPConnection] = []

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        assert isinstance(connection, UnixHTTPConnection)
        self.opened = [*(c for c in self.opened if c.sock is not None), connection]
        return connection


class _UnixAdapter(UnixHTTPAdapter):
    """One pool for all requests (the SDK's own adapter opens a connection for every new URL)."""

    def __init__(self, socket_url: str, timeout: int) -> None:
        super().__init__(socket_url, timeout)
        self._pool = _UnixPool("http+docker://localhost", self.socket_path, timeout, maxsize=1)

    def get_connection(self, url: Any, proxies: Any = None) -> _UnixPool:  # noqa: ARG002
        return self._pool

    def close(self) -> None:
        super().close()
        self._pool.close()

    def break_off(self) -> None:
        for connection in list(self._pool.opened):
            if connection.sock is not None:
                with contextlib.suppress(OSError):  # it may have ended by itself
                    connection.sock.shutdown(socket.SHUT_RDWR)
