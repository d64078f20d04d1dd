"""The house as a whole: quick to enter, one version everywhere, sample photos with clear terms."""

import os
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PHOTOCHROM = Path(sys.executable).with_name("photochrom")
HEAVY = ("torch", "onnxruntime", "pyvips", "PIL", "sklearn", "matplotlib")

# The limit is for a quiet machine. Processor time is measured instead of wall time, because it hardly grows
# when other programs want the processor; what it still grows (cold caches, shared cores) is allowed for.
HELP_SECONDS, BUSY_FACTOR = 0.5, 1.6


def modules_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def processor_seconds(*command: str | Path) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_importing_photochrom_loads_nothing_heavy() -> None:
    assert not modules_after("import photochrom") & set(HEAVY)


def test_listing_the_public_names_loads_nothing_heavy() -> None:
    assert not modules_after("import photochrom; dir(photochrom)") & set(HEAVY)


def test_entering_the_command_line_loads_nothing_heavy() -> None:
    assert not modules_after("import photochrom.cli") & set(HEAVY)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="processor time of a child cannot be read here")
def test_help_comes_in_half_a_second() -> None:
    processor_seconds(PHOTOCHROM, "--help")  # compiles what is not compiled yet
    busy = os.getloadavg()[0] > (os.cpu_count() or 1) / 2
    limit = HELP_SECONDS * (BUSY_FACTOR if busy else 1)
    assert statistics.median(processor_seconds(PHOTOCHROM, "--help") for _ in range(3)) <= limit


def test_every_file_names_the_same_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    assert citation is not None
    assert citation[1] == version
    assert version in (ROOT / "CHANGELOG.md").read_text("utf-8")
    run = subprocess.run([PHOTOCHROM, "--version"], capture_output=True, text=True, check=True)
    assert version in run.stdout


def test_sample_photos_are_small_and_state_their_source() -> None:
    sources = (ROOT / "examples" / "SOURCES.md").read_text("utf-8")
    photos = sorted((ROOT / "examples").glob("*.jpg"))
    assert len(photos) >= 8
    assert sorted(re.findall(r"^\| (\S+\.jpg) \|", sources, re.MULTILINE)) == [photo.name for photo in photos]
    assert not [photo.name for photo in photos if photo.stat().st_size > 120_000]
