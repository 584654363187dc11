"""What several tests look at: a run of two methods with two seeds."""

from pathlib import Path

import msfusion
import pytest

SOURCES = Path(__file__).resolve().parents[2]
SCENARIO = SOURCES / "tests/e2e/inputs/two-methods.xml"


@pytest.fixture(scope="session")
def run_and_progress(tmp_path_factory):
    lines = []
    out = tmp_path_factory.mktemp("results") / "two"
    made = msfusion.run(SCENARIO, out=out, progress=lines.append, training__rounds=3, seeds__values="1 2")
    return made, lines


@pytest.fixture(scope="session")
def results(run_and_progress):
    return run_and_progress[0]
