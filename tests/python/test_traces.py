"""What tools/traces makes of recorded files, on small ones written by hand."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "traces"


def traces(folder, *arguments):
    return subprocess.run([sys.executable, TOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def lines(path):
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_fedscale_records_become_devices_with_their_intervals(tmp_path):
    behaviour = {7: {"duration": 150, "active": [10, 200], "inactive": [110, 250], "finish_time": 1000, "model": "x"}}
    capacity = {0: {"computation": 5.0, "communication": 9.0}, 1: {"computation": 20.5, "communication": 3000.0}}
    (tmp_path / "b").write_bytes(pickle.dumps(behaviour))
    (tmp_path / "c").write_bytes(pickle.dumps(capacity))
    assert traces(tmp_path, "fedscale", "b", "--capacity", "c").returncode == 0
    assert lines(tmp_path / "devices.csv")[1:] == ["7,1000,20.5,3000000,3000000,"]
    assert lines(tmp_path / "availability.csv")[1:] == ["7,10,110", "7,200,250"]


def test_records_whose_intervals_do_not_add_up_are_refused(tmp_path):
    record = {"duration": 99, "active": [0], "inactive": [100], "finish_time": 1000, "model": ""}
    (tmp_path / "b").write_bytes(pickle.dumps({1: record}))
    ended = traces(tmp_path, "fedscale", "b")
    assert ended.returncode == 2
    assert "its intervals last 100.0 s, but its duration is 99" in ended.stderr


class Attack:
    def __reduce__(self):
        return (open, ("attacked", "w"))


def test_a_pickle_cannot_run_anything(tmp_path):
    (tmp_path / "b").write_bytes(pickle.dumps({1: Attack()}))
    ended = traces(tmp_path, "fedscale", "b")
    assert ended.returncode == 2
    assert "in a file that should hold numbers only" in ended.stderr
    assert not (tmp_path / "attacked").exists()


def test_flash_phones_are_on_while_locked_on_wifi_and_charging(tmp_path):
    events = ["00:00:00\tscreen_lock", "00:00:10\tWIFI", "00:00:20\tbattery_charged_on", "00:00:30\tscreen_off",
              "00:01:20\t4G", "00:02:00\twifi", "00:02:30\tscreen_unlock", "00:03:00\tscreen_lock",
              "00:05:00\t57.0%"]
    text = "\n".join("2020-01-28 " + event for event in events)
    (tmp_path / "s.json").write_text(json.dumps({"u": {"guid": "g", "model": "A,B", "messages": text}}))
    assert traces(tmp_path, "flash", "s.json").returncode == 0
    # The last interval is open at the end, and dropped.
    assert lines(tmp_path / "availability.csv")[1:] == ["u,20,80", "u,120,150"]
    assert lines(tmp_path / "devices.csv")[1:] == ["u,300,,,,A B"]


def test_logs_become_rates(tmp_path):
    (tmp_path / "log").write_text("1449000000000 1000 51.0 3.7 125000 1000\n1449000001000 2000 51.0 3.7 0 1000\n"
                                  "1449000001000 2000 51.0 3.7 5 0\n1449000002500 3500 51.0 3.7 375000 1500\n")
    assert traces(tmp_path, "ghent", "log", "--least", "100").returncode == 0
    assert lines(tmp_path / "link.csv") == ["start_s,bps", "0,1000000", "1,100", "2,2000000", "3.5,"]
    assert "51.0" not in (tmp_path / "link.csv").read_text()


def test_hours_of_a_grid_become_steps(tmp_path):
    (tmp_path / "g.csv").write_text(
        "Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO2eq/kWh (direct),"
        "Carbon Intensity gCO2eq/kWh (Life cycle)\n"
        "2023-06-01 00:00:00,X,X,X,100,150\n2023-06-01 01:00:00,X,X,X,90.5,140\n2023-06-01 02:00:00,X,X,X,80,1\n")
    assert traces(tmp_path, "carbon", "g.csv", "--to", "2023-06-01 02:00:00").returncode == 0
    assert lines(tmp_path / "carbon.csv") == ["start_s,g_per_kwh", "0,100", "3600,90.5", "7200,"]
    assert "origin: 2023-06-01T00:00:00Z" in (tmp_path / "carbon.csv").read_text()
    assert traces(tmp_path, "carbon", "g.csv", "--life-cycle").returncode == 0
    assert lines(tmp_path / "carbon.csv")[1] == "0,150"
    # Whichever stands first.
    (tmp_path / "h.csv").write_text("datetime,Carbon intensity (LCA),Carbon intensity\n2023-06-01 00:00:00,200,100\n2023-06-01 01:00:00,190,\n"
                                    "2023-06-01 02:00:00,180,80\n2023-06-01 03:00:00,180,70\n")
    ended = traces(tmp_path, "carbon", "h.csv")
    assert lines(tmp_path / "carbon.csv")[1:] == ["0,100", "7200,80", "10800,70", "14400,"]
    assert "1 lines without a figure" in ended.stderr


def test_what_cannot_be_read_is_said_in_a_line(tmp_path):
    (tmp_path / "words").write_text("a b c d e f\n")
    for arguments in (["fedscale", "missing"], ["ghent", "words"], ["carbon", "words"], ["flash", "words"], ["carbon", "words", "--from", "xx"]):
        ended = traces(tmp_path, *arguments)
        assert ended.returncode == 2 and "Traceback" not in ended.stderr, arguments
    assert traces(tmp_path, "grid", "-o", "new/folder/carbon.csv").returncode == 0


def test_the_traces_that_ship_are_the_generators(tmp_path):
    shipped = TOOL.parents[1] / "platforms" / "traces"
    for arguments in (["diurnal", "--devices", "40", "--days", "2", "--seed", "1"], ["commute", "--seed", "1", "-o", "link.csv"],
                      ["grid", "-o", "carbon.csv"], ["churn", "--devices", "10", "-o", "churn.csv"]):
        assert traces(tmp_path, *arguments).returncode == 0
    for name in ("devices.csv", "availability.csv", "link.csv", "carbon.csv", "churn.csv"):
        assert lines(tmp_path / name) == lines(shipped / name)


def test_devices_that_come_and_go_are_there_for_their_share_of_the_time(tmp_path):
    assert traces(tmp_path, "churn", "--devices", "50", "--on", "30", "--off", "10", "--seconds", "4000", "-o", "c.csv").returncode == 0
    spans = [[float(word) for word in line.split(",")] for line in lines(tmp_path / "c.csv")[1:]]
    assert len({device for device, _, _ in spans}) == 50
    assert all(0 <= on < off <= 4000 for _, on, off in spans)
    assert all(one[0] != next[0] or one[2] < next[1] for one, next in zip(spans, spans[1:]))
    there = sum(off - on for _, on, off in spans)
    # 5,000 cycles of 40 s: the share's standard deviation is below 0.5 %.
    assert abs(there / (50 * 4000) - 0.75) < 0.015
    whole = [off - on for _, on, off in spans if on > 0 and off < 4000]
    assert abs(sum(whole) / len(whole) - 30) < 2
