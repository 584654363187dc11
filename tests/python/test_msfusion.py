"""The Python package against the store that it reads and the program that it calls."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import msfusion
import msfusion.plot
import pandas as pd
import pytest
from conftest import SCENARIO, SOURCES
from msfusion.program import ProgramError, output_of


def test_progress_is_handed_on_as_it_is_printed(run_and_progress):
    assert any("fedavg" in line for line in run_and_progress[1])


def test_frames_hold_the_store_s_figures(results):
    with sqlite3.connect(results.folders[0] / "run.sqlite") as store:
        rows = store.execute("SELECT run, round, bytes_sent FROM rounds ORDER BY run, round").fetchall()
    frame = results.rounds
    assert list(zip(frame["run"], frame["round"], frame["bytes_sent"])) == rows
    assert len(rows) == 2 * 2 * 3  # methods, seeds, rounds
    assert set(frame["seed"]) == {1, 2}


def test_frames_say_the_units_of_the_documentation(results):
    assert results.rounds.attrs["units"]["bytes_sent"] == "B"
    document = (SOURCES / "docs/store.md").read_text()
    for table in ("rounds", "devices", "device_rounds", "evaluations", "links"):
        section = document.split(f"### {table}\n")[1].split("### ")[0]
        rows = re.findall(r"^\| (\w+)(?: \*)? \| (?:INTEGER|REAL|TEXT|BLOB)[^|]*\| ([^|]*?) ?\|", section, re.MULTILINE)
        assert rows
        assert {name: unit for name, unit in rows if unit} == results.table(table).attrs["units"], table


def test_curves_add_up_what_was_spent(results):
    curves, rounds = results.curves, results.rounds
    for _, at in curves.iterrows():
        until = rounds[(rounds["run"] == at["run"]) & (rounds["round"] <= at["round"])]
        assert at["bytes_sent"] == pytest.approx(until["bytes_sent"].sum(), rel=1e-12)
        assert at["rounds_done"] == len(until)
        assert at["simulated_seconds"] >= until["end_seconds"].max() - 1e-9


def test_an_unknown_figure_stays_unknown(results, tmp_path):
    """Neither 0 nor a sum of what is known."""
    shutil.copytree(results.folders[0], tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy/run.sqlite") as store:
        store.execute("UPDATE rounds SET usd = NULL")
        store.execute("UPDATE rounds SET joules = NULL WHERE run = 1 AND round = 1")
    copy = msfusion.load(tmp_path / "copy")
    curves = copy.curves
    assert curves["usd"].isna().all()
    unknown = (curves["run"] == 1) & (curves["round"] >= 1)
    assert unknown.any() and curves["joules"].isna().equals(unknown)
    with pytest.raises(ValueError, match="no run knows"):
        copy.plot.accuracy(x="usd")


def test_a_folder_without_evaluations_has_empty_curves(tmp_path):
    from msfusion.program import output_of

    output_of("plan", SCENARIO, "-o", tmp_path / "plan", "--set", "training.rounds=2")
    planned = msfusion.load(tmp_path / "plan")
    assert len(planned.rounds) > 0 and len(planned.curves) == 0


def test_no_table_of_another_name(results):
    with pytest.raises(AttributeError, match="there are runs"):
        results.roundes
    assert "device_rounds" in dir(results)


def test_plots_have_the_report_s_colours(results):
    look = (SOURCES / "reports/page/charts/look.mjs").read_text()
    assert tuple(re.findall("#[0-9A-F]{6}", re.search(r"const light = \[(.*?)\]", look)[1])) == msfusion.plot.COLOURS
    dashes = re.search(r"const dashes = \['solid', (.*?)\];", look)[1]
    assert [tuple(map(int, d.split(","))) for d in re.findall(r"\[([^]]*)\]", dashes)] == [
        dash for _, dash in msfusion.plot.DASHES[1:]
    ]
    axes = results.plot.accuracy(x="simulated_seconds")
    labels = list(dict.fromkeys(results.curves["label"]))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == labels
    lines = axes.get_lines()
    assert len(lines) == 4
    first = results.curves[results.curves["run"] == 0]
    assert lines[0].get_color() == msfusion.plot.COLOURS[0] and lines[-1].get_color() == msfusion.plot.COLOURS[1]
    assert list(lines[0].get_ydata()) == pytest.approx(list(first["global_accuracy"] * 100))
    assert list(lines[0].get_xdata()) == list(first["simulated_seconds"])
    assert "[s]" in axes.get_xlabel()
    assert len(results.plot.loss(x="rounds_done").get_lines()) == 4


def test_several_folders_and_sweeps_are_one_frame(results, tmp_path):
    swept = msfusion.run(
        SCENARIO, out=tmp_path / "sweep", progress=lambda line: None, training__rounds=1, training__batch=[16, 32]
    )
    assert len(swept.folders) == 2
    both = msfusion.load(results.folders[0], tmp_path / "sweep")
    assert both.runs["folder"].nunique() == 3
    assert len(both.plot.accuracy(x="rounds_done").get_legend().get_texts()) == 6
    assert {facts["kind"] for facts in both.meta.values()} == {"run"}
    lines = [json.loads(line) for line in output_of("export", tmp_path / "sweep", "--jsonl").splitlines()]
    assert {line["combination"] for line in lines} == {Path(folder).name for folder in swept.folders}
    for one_file in ("--model", "--perfetto"):
        with pytest.raises(ProgramError, match="a sweep; one of its folders"):
            output_of("export", tmp_path / "sweep", one_file, tmp_path / "file")


def test_a_plan_is_what_the_program_prints():
    lines = []
    plan = msfusion.plan(SCENARIO, progress=lines.append, training__rounds=2)
    assert plan["scenario"]
    assert msfusion.plan(SCENARIO, windows=True, training__rounds=2) != plan
    ended = [line for line in lines if "planned: 2 of 2 rounds" in line]
    assert len(ended) == len(plan["runs"])
    for run in plan["runs"]:
        assert any(f"{run['label']} (seed {run['seed']})" in line for line in ended)
    with pytest.raises(msfusion.ProgramError, match="training") as caught:
        msfusion.plan(SCENARIO, training__rounds="many")
    assert caught.value.code == 2


def test_mistakes_are_the_program_s_own_words(tmp_path):
    with pytest.raises(msfusion.ProgramError, match="training") as caught:
        msfusion.run(SCENARIO, out=tmp_path / "none", progress=lambda line: None, training__rounds="many")
    assert caught.value.code == 2
    with pytest.raises(FileNotFoundError, match="no run.sqlite"):
        msfusion.load(tmp_path)


def test_attributes_become_set_options():
    from msfusion.program import set_options

    assert set_options({"training__learning_rate": 0.1, "evaluation__submodels": False}) == [
        "--set", "training.learning-rate=0.1", "--set", "evaluation.submodels=off",
    ]  # fmt: skip
    assert set_options({"methods.method[a_b].split": [0.5, 1]}) == [
        "--set", "methods.method[a_b].split=0.5", "--set", "methods.method[a_b].split=1",
    ]  # fmt: skip


def test_frames_are_numbers_where_the_store_has_numbers(results):
    devices = results.devices
    assert devices["memory_bytes"].dtype == "float64"
    assert isinstance(devices, pd.DataFrame)
