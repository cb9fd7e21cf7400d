"""Memory that was freed goes back to the system."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
from pathlib import Path
from stacksight_core.allocator import give_memory_back

def resident_mb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) // 1024

give_memory_back()
bytes(8_000_000)  # once a block of this size is freed, glibc takes smaller ones from its heap
before = resident_mb()
large, small = [], []
for _ in range(100):
    large.append(bytearray(b"x") * 500_000)
    small.append(bytearray(b"x") * 1_000)  # stays, and so would the heap below it
large.clear()
print(resident_mb() - before)
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries have no such heaps"
)
def test_large_blocks_are_returned_when_they_are_freed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 10
