"""Calls the msfusion program."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from msfusion.results import Results

Progress = Callable[[str], Any]


class ProgramError(RuntimeError):
    """The program ended with an error; the message is its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def command(*words: str | os.PathLike[str]) -> list[str]:
    """The command line of a call: the program in $MSFUSION_PROGRAM, otherwise msfusion in the path."""
    return [os.environ.get("MSFUSION_PROGRAM", "msfusion"), *map(os.fspath, words)]


def output_of(*words: str | os.PathLike[str]) -> str:
    """What the program prints. Raises ProgramError with its messages."""
    ended = subprocess.run(command(*words), capture_output=True, text=True)
    if ended.returncode != 0:
        raise ProgramError(ended.returncode, ended.stderr.strip())
    return ended.stdout


def set_options(sets: Mapping[str, Any]) -> list[str]:
    """The --set options: training__learning_rate=0.1 is training.learning-rate=0.1, and a list is a sweep.

    Other paths stand as they are: {"methods.method[msfusion].split": 0.5}.
    """
    options = []
    for name, values in sets.items():
        path = name if "." in name else name.replace("__", ".").replace("_", "-")
        for value in values if isinstance(values, (list, tuple, range)) else [values]:
            text = ("off", "on")[value] if isinstance(value, bool) else str(value)
            options += ["--set", f"{path}={text}"]
    return options


def _stream(words: list[str], progress: Progress, answer: IO[str] | None = None) -> None:
    """Hands on every line that the program prints, at once; an interruption waits until it has kept what was done.

    With `answer`, a file, standard output goes there and the lines are those of standard error.
    """
    lines: list[str] = []
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if answer is None else {"stdout": answer, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(*words), text=True, **streams) as process:
        said = process.stdout or process.stderr
        assert said is not None
        try:
            for line in said:
                lines.append(line)
                progress(line.rstrip("\n"))
        except KeyboardInterrupt:
            process.wait()
            raise
    if process.returncode != 0:
        raise ProgramError(process.returncode, "".join(lines[-20:]).strip())


def run(
    scenario: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    options: Iterable[str] = (),
    progress: Progress = print,
    **sets: Any,
) -> Results:
    """Carries out a scenario and returns its results.

    `sets` change attributes as set_options() says; paths that are no Python names are given as **{"path": value}. `out`
    is the results folder, results/NAME where it is None. `options` are further options of msfusion run ("--resume").
    `progress` gets every line that the program prints. Raises ProgramError.
    """
    from msfusion.results import load

    if out is None:
        out = Path("results") / str(sets.get("name") or ElementTree.parse(scenario).getroot().attrib["name"])
    _stream(["run", os.fspath(scenario), "-o", os.fspath(out), *options, *set_options(sets)], progress)
    return load(out)


def plan(scenario: str | os.PathLike[str], *, windows: bool = False, progress: Progress = print, **sets: Any) -> dict[str, Any]:
    """What a scenario would cost, without training: the JSON object of msfusion plan --json (docs/plan-json.md).

    With `windows` also every device's index window on every axis. `progress` gets a line for each run that ends. Raises
    ProgramError.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["plan", os.fspath(scenario), "--json", "--progress", "-o", os.path.join(folder, "plan"), *set_options(sets)]
        if windows:
            words.append("--windows")
        with open(os.path.join(folder, "plan.json"), "w+") as answer:
            _stream(words, progress, answer)
            answer.seek(0)
            return json.load(answer)
