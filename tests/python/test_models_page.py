"""docs/models.md from its first line to its last: commands, Python and XML, in their order, in one folder."""

import importlib.util
import re
import subprocess
import sys

import pytest
from conftest import SOURCES
from test_documentation import carry_out, place  # noqa: F401 (a fixture)

PAGE = (SOURCES / "docs/models.md").read_text(encoding="utf-8")

# What the pieces of Python suppose to be there.
OWN_DATA = """
import os, numpy
os.makedirs("mine", exist_ok=True)
x_train, y_train = numpy.random.default_rng(1).integers(0, 255, (80, 28, 28), numpy.uint8), numpy.arange(80) % 10
x_test, y_test, client_of_each_sample = x_train[:20], y_train[:20], numpy.arange(80) // 4
"""
PICTURES = """
import numpy
images = numpy.zeros((2, 1, 28, 28), numpy.float32)
"""


def blocks():
    """(language, text) of every fenced block and of every block of commands."""
    for fence in re.finditer(r"^```(\w+)\n(.*?)^```|((?:^    \S[^\n]*\n)+)", PAGE, re.MULTILINE | re.DOTALL):
        yield (fence[1], fence[2]) if fence[1] else ("commands", fence[3])


def with_element(scenario, element):
    """The scenario with an element of its own in place of the one of that name."""
    name = re.match(r"<([\w-]+)", element)[1]
    changed, count = re.subn(rf"<{name} [^>]*/>", lambda _: element.strip(), scenario, count=1)
    assert count == 1
    return changed


def check(place, scenario):
    """Of a piece: whatever memory the devices of the page's scenario have."""
    (place / "piece.xml").write_text(scenario.replace("<methods>", '<constraints memory="ignore"/><methods>'))
    return carry_out(place, "msfusion check piece.xml")


def in_text(scenario):
    """A scenario of the page for a transformer, whose layers have attention."""
    scenario = with_element(scenario, f'<data set="characters" path="{SOURCES}/docs/tutorial.md"/>')
    return with_element(scenario, '<model kind="transformer" embedding="16" heads="2" ffn="24" layers="1" window="8"/>')


def leave_start_values(place, scenario):
    (place / "before.xml").write_text(re.sub(r'name="\w+"', 'name="before"', scenario, count=1))
    for command in ("msfusion run before.xml", "msfusion export results/before --model before.safetensors --run fedavg,1"):
        ended = carry_out(place, command)
        assert ended.returncode == 0, ended.stderr[-2000:]


def test_the_page_on_models_works_line_by_line(place):  # noqa: F811
    seen = {"python": 0, "commands": 0, "xml": 0}
    scenario = ""
    for language, text in blocks():
        seen[language] += 1
        if language == "commands":
            for line in text.splitlines():
                command = re.sub(r"\s{2,}#.*$", "", line).strip()
                ended = carry_out(place, command)
                assert ended.returncode == 0, f"{command}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        elif language == "python":
            if "onnxruntime" in text and importlib.util.find_spec("onnxruntime") is None:
                continue  # Debian has none; evaluate_onnx.py stands in for it in onnx_export_test.cpp
            before = OWN_DATA if "savez" in text else PICTURES if "onnxruntime" in text else ""
            ended = subprocess.run([sys.executable, "-c", before + text], cwd=place, capture_output=True, text=True, timeout=300)
            assert ended.returncode == 0, ended.stderr[-3000:]
            if "load_state_dict" in text:
                assert "<All keys matched successfully>" in ended.stdout
        elif text.startswith("<scenario"):
            scenario = text
            (place / "mine.xml").write_text(text)
        elif text.startswith("<model ") and "</model>" in text:
            (place / "layers.xml").write_text(text)
            ended = carry_out(place, "msfusion check --model layers.xml")
            assert ended.returncode == 0, ended.stderr
            in_place = re.sub(r"<model [^>]*>", "<model>", text, count=1)
            ended = check(place, with_element(scenario, in_place))
            assert ended.returncode == 0, ended.stderr
        else:
            whole = with_element(scenario, text)
            if text.startswith("<model "):
                whole = whole.replace('file="models/', 'file="scenarios/models/')
            if "initial" in text:
                plain = in_text(scenario) if "attention" in text else with_element(scenario, '<model kind="cnn" channels="8 12"/>')
                leave_start_values(place, plain)
                whole = with_element(plain, text)
            if "arrays" in text:
                subprocess.run([sys.executable, "-c", OWN_DATA + "numpy.savez('mine/train.npz', x=x_train, y=y_train, client=client_of_each_sample);"
                                "numpy.savez('mine/test.npz', x=x_test, y=y_test)"], cwd=place, check=True)  # fmt: skip
            ended = check(place, whole)
            assert ended.returncode == 0, f"{text}\n{ended.stderr}"
    assert seen["python"] >= 4 and seen["commands"] >= 3 and seen["xml"] >= 5


def test_a_wrong_line_of_the_page_would_be_noticed(place):  # noqa: F811
    (scenario,) = (text for language, text in blocks() if text.startswith("<scenario"))
    broken = with_element(scenario, '<model kind="cnn" chanels="8"/>')
    assert check(place, broken).returncode == 2
    with pytest.raises(AssertionError):
        with_element(scenario, "<prices energy='1'/>")
