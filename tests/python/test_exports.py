"""What msfusion export writes for other tools, as readers that are not ours understand it."""

import json
import sqlite3
import struct
import subprocess

import crc32c
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from msfusion.program import ProgramError, output_of


@pytest.fixture(scope="module")
def store(results):
    with sqlite3.connect(results.folders[0] / "run.sqlite") as connection:
        yield connection


def rows(store, query):
    return store.execute(query).fetchall()


def event_type():
    """TensorFlow's Event with the fields that scalars use, as event.proto and summary.proto number them."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto2")
    for name, fields in {
        "Value": [("tag", 1, kinds.TYPE_STRING, ""), ("simple_value", 2, kinds.TYPE_FLOAT, "")],
        "Summary": [("value", 1, kinds.TYPE_MESSAGE, ".t.Value")],
        "Event": [
            ("wall_time", 1, kinds.TYPE_DOUBLE, ""),
            ("step", 2, kinds.TYPE_INT64, ""),
            ("file_version", 3, kinds.TYPE_STRING, ""),
            ("summary", 5, kinds.TYPE_MESSAGE, ".t.Summary"),
        ],
    }.items():
        message = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            label = kinds.LABEL_REPEATED if (name, field) == ("Summary", "value") else kinds.LABEL_OPTIONAL
            message.field.add(name=field, number=number, type=kind, type_name=of or None, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("t.Event")
    # Older releases of the library have the method, newer ones the function.
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return make(found)


def masked(data):
    crc = crc32c.crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def events_of(file):
    event, data = event_type(), file.read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[8:12])[0] == masked(data[:8])
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == masked(body)
        one = event.FromString(body)
        assert not one.HasField("summary") or one.SerializeToString(deterministic=True) == body  # nothing unknown in it
        yield one
        data = data[16 + length :]


def test_tensorboard_gets_every_curve_of_every_run(results, store, tmp_path):
    output_of("export", results.folders[0], "--tensorboard", tmp_path)
    for run, label, seed in rows(store, "SELECT run, label, seed FROM runs"):
        (file,) = (tmp_path / f"{label} seed {seed}").glob("events.out.tfevents.*")
        first, *events = events_of(file)
        assert first.file_version == "brain.Event:2"
        for tag, table, time, column in [
            ("test/global_accuracy", "evaluations", "seconds", "global_accuracy"),
            ("test/global_loss", "evaluations", "seconds", "global_loss"),
            ("round/bytes_sent", "rounds", "end_seconds", "bytes_sent"),
            ("round/mean_loss", "rounds", "end_seconds", "mean_loss"),
        ]:
            seen = [(e.step, e.wall_time, v.simple_value) for e in events for v in e.summary.value if v.tag == tag]
            stored = rows(store, f"SELECT round + 1, {time}, {column} FROM {table} WHERE run = {run} ORDER BY round")
            assert [(step, seconds) for step, seconds, _ in seen] == [(step, seconds) for step, seconds, _ in stored]
            assert [value for *_, value in seen] == pytest.approx([value for *_, value in stored], rel=1e-7)
            assert seen


def seconds_doing(store, run, kinds):
    """Simulated seconds of every device of the run, by kind of activity, from the columns that sum them."""
    columns = ", ".join(f"sum({kind})" for kind in kinds)
    query = f"SELECT name, {columns} FROM activities JOIN devices USING (run, device) WHERE run = {run} GROUP BY device"
    return {name: sums for name, *sums in rows(store, query)}


COMPUTES = ("compute_seconds",)
MOVES = ("send_seconds", "receive_seconds", "both_seconds")


def test_perfetto_s_threads_do_what_the_devices_did(results, store, tmp_path):
    output_of("export", results.folders[0], "--perfetto", tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    processes = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    runs = rows(store, "SELECT run, label, seed FROM runs ORDER BY run")
    assert list(processes.values()) == [f"{label} seed {seed}" for _, label, seed in runs]
    for (run, _, _), process in zip(runs, processes):
        spans = [e for e in events if e["ph"] == "X" and e["pid"] == process]
        by_thread = {name: [e for e in spans if e["tid"] == tid] for (pid, tid), name in threads.items() if pid == process}
        for name, sums in seconds_doing(store, run, COMPUTES + MOVES).items():
            computing = sum(e["dur"] for e in by_thread[name] if "computes" in e["name"])
            moving = sum(e["dur"] for e in by_thread[name] if "computes" not in e["name"] and e["name"] != "off")
            assert computing / 1e6 == pytest.approx(sums[0], abs=1e-6)
            assert moving / 1e6 == pytest.approx(sum(sums[1:]), abs=1e-6)
            ends = [(e["ts"], e["ts"] + e["dur"]) for e in by_thread[name]]
            assert all(end <= start + 1e-3 for (_, end), (start, _) in zip(ends, ends[1:])), "spans overlap"
        assert len(by_thread["rounds"]) == rows(store, f"SELECT count(*) FROM rounds WHERE run = {run}")[0][0]


def test_perfetto_s_arrows_begin_and_end_in_spans(results, store, tmp_path):
    output_of("export", results.folders[0], "--perfetto", tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    arrows = [e for e in events if e["ph"] in "sf"]
    count = rows(store, "SELECT count(*) FROM critical_steps WHERE device <> receiver")[0][0]
    assert len(arrows) == 2 * count > 0
    for arrow in arrows:
        inside = [
            e for e in events
            if e["ph"] == "X" and (e["pid"], e["tid"]) == (arrow["pid"], arrow["tid"])
            and e["ts"] - 1e-3 <= arrow["ts"] <= e["ts"] + e["dur"] + 1e-3
        ]  # fmt: skip
        word = "sends" if arrow["ph"] == "s" else "receives"
        assert any(word in e["name"] for e in inside), arrow


def test_pj_dump_understands_the_paje_trace(results, store, tmp_path):
    output_of("export", results.folders[0], "--paje", tmp_path / "trace.paje")
    dumped = subprocess.run(
        ["pj_dump", "-l", "9", tmp_path / "trace.paje"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert dumped.stderr == ""
    lines = [[cell.strip() for cell in line.split(",")] for line in dumped.stdout.splitlines()]
    containers = [line for line in lines if line[0] == "Container"]
    devices = rows(store, "SELECT count(*) FROM devices")[0][0]
    runs = rows(store, "SELECT run FROM runs ORDER BY run")
    assert sum(line[2] == "Node" for line in containers) == devices
    assert sum(line[0] == "Link" for line in lines) == (
        rows(store, "SELECT count(*) FROM critical_steps WHERE device <> receiver")[0][0]
    )
    computed = sum(float(line[5]) for line in lines if line[0] == "State" and "computes" in line[7])
    stored = sum(sums[0] for (run,) in runs for sums in seconds_doing(store, run, COMPUTES).values())
    assert computed == pytest.approx(stored, rel=1e-6)
    moved = sum(float(line[5]) for line in lines if line[0] == "State" and line[7].split(" ")[0] in ("sends", "receives"))
    stored = sum(sum(sums) for (run,) in runs for sums in seconds_doing(store, run, MOVES).values())
    assert moved == pytest.approx(stored, rel=1e-6)
    accuracy = [float(line[-1]) for line in lines if line[0] == "Variable"]
    known = {round(value, 6) for (value,) in rows(store, "SELECT global_accuracy FROM evaluations")}
    assert accuracy and {round(value, 6) for value in accuracy} <= known


def test_json_lines_are_the_store_s_rows(results, store):
    lines = [json.loads(line) for line in output_of("export", results.folders[0], "--jsonl").splitlines()]
    tables = {name for (name,) in rows(store, "SELECT name FROM sqlite_master WHERE type = 'table'")} - {"meta"}
    counted = {table: rows(store, f"SELECT count(*) FROM {table}")[0][0] for table in tables}
    assert {table: sum(line["table"] == table for line in lines) for table in tables} == counted
    names = [line[1] for line in rows(store, "PRAGMA table_info(rounds)")]
    stored = rows(store, "SELECT * FROM rounds ORDER BY run, round")
    assert [tuple(line[name] for name in names) for line in lines if line["table"] == "rounds"] == stored
    assert {line["seed"] for line in lines if line["table"] == "runs"} == {"1", "2"}


def test_export_without_anything_to_write_names_what_there_is(results):
    with pytest.raises(ProgramError, match="--paje FILE") as caught:
        output_of("export", results.folders[0])
    assert caught.value.code == 2
