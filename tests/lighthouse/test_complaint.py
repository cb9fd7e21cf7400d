"""A Chrome that does not start is told in its own words."""

from pathlib import Path

from stacksight_lighthouse.engine.complaint import HELP_SANDBOX, explain
from stacksight_lighthouse.engine.install import Engine
from tests.lighthouse.site import Site
from tests.support.stdio import open_client

# As Chromium 153 wrote it where user namespaces are denied, and where a library is missing.
NO_SANDBOX = (
    "[1127/133742.219559:FATAL:../content/browser/zygote_host/zygote_host_impl_linux.cc:129] No "
    "usable sandbox! If you are running on Ubuntu 23.10+ or another Linux distro that has disabled "
    "unprivileged user namespaces with AppArmor, see the documentation.\n"
)
NO_LIBRARY = (
    "chromium: error while loading shared libraries: libnss3.so: cannot open shared object file: "
    "No such file or directory\n"
)


def test_a_missing_sandbox_is_told_with_the_way_out() -> None:
    told = explain(NO_SANDBOX)
    assert told.startswith("No usable sandbox! If you are running on Ubuntu")
    assert told.endswith(HELP_SANDBOX)


def test_a_missing_library_is_named() -> None:
    assert explain(NO_LIBRARY) == NO_LIBRARY.strip()


async def test_a_chrome_that_ends_at_once_is_heard(
    engine: Engine, site: Site, environment: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "chrome"
    broken.write_text(f"#!/bin/sh\necho '{NO_LIBRARY.strip()}' >&2\nexit 127\n")
    broken.chmod(0o755)
    env = environment | {"CHROME_PATH": str(broken)}
    async with open_client("lighthouse", env=env) as client:
        answer = await client.call("run_audit", url=f"{site.url}/good.html")
    assert answer.is_error
    assert f"({broken}) does not start: chromium: error while loading" in answer.text
    assert "libnss3.so" in answer.text
