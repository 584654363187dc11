"""The printed references: what is listed is what the program prints, and what ships is what is listed."""

import json
import os
import re
import subprocess

import msfusion
from conftest import SOURCES

PROGRAM = os.environ["MSFUSION_PROGRAM"]


def listed(what):
    return subprocess.run([PROGRAM, "list", what], check=True, capture_output=True, text=True).stdout


def tables(text):
    """{title: {key: type}} of a reference in Markdown."""
    found = {}
    for title, body in re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", text, re.MULTILINE):
        found[title] = {key: kind for key, kind in re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", body, re.MULTILINE)}
    return found


def kind_of(value):
    if value is None:
        return "null"
    return {str: "text", int: "number", float: "number", list: "array", dict: "object"}[type(value)]


OPTIONAL = {"windows", "units"}  # as their descriptions say


class Seen:
    def __init__(self):
        self.tables = tables(listed("plan"))
        self.keys = {title: set() for title in self.tables}

    def look(self, title, found):
        table = self.tables[title]
        assert set(table) - OPTIONAL <= set(found) <= set(table), title
        assert [key for key in table if key in found] == list(found), "the order of the keys"
        for key, value in found.items():
            assert kind_of(value) in table[key].split(" or "), f"{title}: {key} is {value!r}"
        self.keys[title] |= set(found)

    def look_at_plan(self, plan):
        self.look("The object", plan)
        for run in plan["runs"]:
            self.look("A run", run)
            self.look("A model", run["model"])
            for one in run["rounds"]:
                self.look("A round", one)
                for step in one["critical_path"]:
                    self.look("A step of the critical path that " + ("computes" if step["step"] == "compute" else "transfers"), step)
                for device in one["devices"]:
                    self.look("A device", device)
                    for window in device.get("windows", []):
                        self.look("A window", window)
                        assert (window["start"] is None) == ("units" in window)


def test_every_key_of_a_plan_is_in_its_reference_with_its_type_and_every_key_of_the_reference_occurs(tmp_path):
    seen = Seen()
    for scenario in ("tiny.xml", "two-methods.xml", "every-method.xml"):
        plan = subprocess.run(
            [PROGRAM, "plan", SOURCES / "tests/e2e/inputs" / scenario, "--json", "--windows", "--set", "training.rounds=2",
             "-o", tmp_path / scenario], check=True, capture_output=True, text=True,
        )  # fmt: skip
        seen.look_at_plan(json.loads(plan.stdout))
    seen.look_at_plan(msfusion.plan(SOURCES / "scenarios/gpt2-cost.xml"))
    for title, table in seen.tables.items():
        assert seen.keys[title] == set(table), title


def test_the_plan_reference_that_ships_is_the_one_that_is_printed():
    assert (SOURCES / "docs/plan-json.md").read_text().endswith("\n" + listed("plan"))


def test_the_command_line_reference_is_made_from_the_program():
    assert "command-line.md" in (SOURCES / "tools/docs").read_text()
    assert not (SOURCES / "docs/command-line.md").exists()


def test_the_platform_reference_is_printed():
    assert listed("platform") in (SOURCES / "platforms/README.md").read_text()
    assert set(tables(listed("platform").replace(" | property |", " | attribute |"))) == {"What a host says", "What a link says", "What a zone says"}
