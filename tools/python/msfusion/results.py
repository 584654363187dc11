"""Results folders as tidy pandas frames."""

from __future__ import annotations

import functools
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd

from msfusion import plot as _plot
from msfusion.program import output_of

#: Costs of `Results.curves`, each summed up to the evaluation: the column of the table rounds that it comes from.
CUMULATIVE = ("bytes_sent", "training_flops", "joules", "usd", "grams_co2")


@functools.lru_cache(maxsize=1)
def store_format() -> dict[str, Any]:
    """The store's tables with units and meanings, as the program knows them (msfusion list store)."""
    return json.loads(output_of("list", "store"))


def _store_folders(folder: Path) -> list[Path]:
    """The folder itself, or those of a sweep's combinations in it."""
    if (folder / "run.sqlite").is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/run.sqlite"))
    if not found:
        raise FileNotFoundError(f"{folder}: neither a results folder nor a sweep's; it has no run.sqlite")
    return found


class Results:
    """Results folders, read when a table is asked for.

    Every table of docs/store.md is an attribute: `results.rounds`. A frame has the store's columns and, in front,
    `folder`, `label`, `method` and `seed` of its run. `frame.attrs["units"]` and `frame.attrs["meanings"]` say what a
    column is; a figure that is not known is missing (NaN), never 0.
    """

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.plot = _plot.Plots(self)
        for folder in folders:
            with self._open(folder) as store:
                version = store.execute("PRAGMA user_version").fetchone()[0]
            oldest, newest = store_format()["oldest"], store_format()["version"]
            if not oldest <= version <= newest:
                raise ValueError(f"{folder}: a store of version {version}; this program reads versions {oldest} to {newest}")

    @staticmethod
    def _open(folder: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"{(folder / 'run.sqlite').resolve().as_uri()}?mode=ro", uri=True)

    def __repr__(self) -> str:
        return f"Results({', '.join(map(str, self.folders))})"

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name not in store_format()["tables"]:
            raise AttributeError(f"no table {name!r}; there are {', '.join(store_format()['tables'])}")
        return self.table(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *store_format()["tables"]]

    @property
    def meta(self) -> dict[str, dict[str, str]]:
        """The facts about every folder: scenario, command, versions (table meta)."""
        facts = {}
        for folder in self.folders:
            with self._open(folder) as store:
                facts[str(folder)] = dict(store.execute("SELECT key, value FROM meta"))
        return facts

    def table(self, name: str) -> pd.DataFrame:
        """A table of the store, of all folders, with the run's label, method and seed in front."""
        columns = store_format()["tables"][name]["columns"]
        frames = []
        for folder in self.folders:
            with self._open(folder) as store:
                # Older stores lack tables.
                is_there = store.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", [name]).fetchone()
                frame = (
                    pd.read_sql_query(f'SELECT * FROM "{name}"', store)
                    if is_there
                    else pd.DataFrame(columns=[c["name"] for c in columns])
                )
                runs = pd.read_sql_query("SELECT run, label, method, seed FROM runs", store)
            frame = runs.merge(frame[[c for c in frame if c == "run" or c not in runs]], on="run")
            frame.insert(0, "folder", str(folder))
            frames.append(frame)
        result = pd.concat(frames, ignore_index=True)
        result["seed"] = result["seed"].map(int).astype("uint64")
        for column in columns:
            if column["type"] == "REAL":
                result[column["name"]] = pd.to_numeric(result[column["name"]]).astype("float64")
        result.attrs["units"] = {c["name"]: c["unit"] for c in columns if c["unit"]}
        result.attrs["meanings"] = {c["name"]: c["meaning"] for c in columns}
        return result

    @property
    def curves(self) -> pd.DataFrame:
        """Every evaluation with what had been spent until then: the rounds done, simulated seconds, and CUMULATIVE."""
        keys = ["folder", "run"]
        evaluations = self.table("evaluations")
        rounds = self.table("rounds").sort_values([*keys, "round"])
        spent = rounds[[*keys, "round"]].copy()
        for cost in CUMULATIVE:
            # One unknown figure makes every later sum unknown.
            spent[cost] = rounds.groupby(keys)[cost].cumsum(skipna=False) if len(rounds) else rounds[cost]
        result = evaluations.merge(spent, on=[*keys, "round"], how="left")
        result = result.rename(columns={"seconds": "simulated_seconds"})
        result.insert(result.columns.get_loc("round") + 1, "rounds_done", result["round"] + 1)
        units = {**rounds.attrs["units"], **evaluations.attrs["units"], "simulated_seconds": "s", "rounds_done": "rounds"}
        result.attrs["units"] = {name: unit for name, unit in units.items() if name in result}
        return result


def load(*folders: str | os.PathLike[str]) -> Results:
    """The results of one or more folders of runs, plans, recosts or sweeps."""
    return Results([store for folder in folders for store in _store_folders(Path(folder))])
