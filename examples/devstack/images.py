"""A container image without a registry: the machine's static busybox, else a pulled one."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from devstack.errors import SystemMissingError

BUSYBOX = Path("/bin/busybox")
PULLED_IMAGE = "busybox:stable"

ERROR_NO_IMAGE = (
    f"no static {BUSYBOX} to make a container image of, and {PULLED_IMAGE} cannot be pulled "
    "({reason}): apt-get install busybox-static"
)


def ensure_busybox(client: docker.DockerClient, tag: str) -> None:
    """Make sure that the engine has an image `tag` with busybox's shell and tools.

    Raises SystemMissingError when it can be neither made nor pulled.
    """
    try:
        client.images.get(tag)
    except ImageNotFound:
        if has_static_busybox():
            _import(client, tag)
        else:
            _pull(client, tag)


def has_static_busybox() -> bool:
    """True when this machine has a busybox that runs without any other file."""
    if not BUSYBOX.exists() or shutil.which("ldd") is None:
        return False
    # ldd fails on a program that needs no shared libraries.
    return subprocess.run(["ldd", BUSYBOX], capture_output=True, check=False).returncode != 0


def _import(client: docker.DockerClient, tag: str) -> None:
    repository, _, version = tag.partition(":")
    client.api.import_image_from_data(_root_filesystem(), repository=repository, tag=version)


def _root_filesystem() -> bytes:
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for folder in ("bin", "etc", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(entry)
        tar.add(BUSYBOX.resolve(), "bin/busybox")
        for applet in sorted(set(applets.stdout.split()) - {"busybox"}):
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
    return content.getvalue()


def _pull(client: docker.DockerClient, tag: str) -> None:
    try:
        client.images.pull(PULLED_IMAGE).tag(tag)
    except APIError as error:
        raise SystemMissingError(ERROR_NO_IMAGE.format(reason=error.explanation)) from error
