"""The `lighthouse` command that the server's own install holds, for comparisons with it."""

import asyncio
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stacksight_core.settings import load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.engine.install import Engine, ensure_engine
from stacksight_lighthouse.models.audits import CATEGORIES
from stacksight_lighthouse.settings import Settings


async def find_engine() -> Engine:
    """Return what both run on: the same Node, the same Lighthouse, the same Chrome."""
    return await ensure_engine(load_settings(Settings, ABOUT, []), _ignore)


async def run_command(
    engine: Engine,
    url: str,
    *,
    categories: Sequence[str] = CATEGORIES,
    device: str = "mobile",
) -> dict[str, Any]:
    """Audit a page with the command, as a person would type it, and return its JSON report."""
    with tempfile.TemporaryDirectory(prefix="lighthouse-command-") as folder:
        report = Path(folder) / "report.json"
        flags = ["--headless=new", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        command = [
            str(engine.node),
            str(engine.worker.parents[1] / "node_modules" / "lighthouse" / "cli" / "index.js"),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={report}",
            f"--only-categories={','.join(categories)}",
            f"--chrome-flags={' '.join(flags)}",
            *(["--preset=desktop"] if device == "desktop" else []),
        ]
        process = await asyncio.create_subprocess_exec(
            *command, env=os.environ | {"CHROME_PATH": str(engine.chrome), "TMPDIR": folder}
        )
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
        lhr: dict[str, Any] = json.loads(report.read_text())
        return lhr


async def _ignore(_: str) -> None:
    pass
