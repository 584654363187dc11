"""Ranks on hosts of their own: network, UTS and mount namespaces with a bridge between them, as far as one machine goes."""

import os
import shutil
import signal
import sqlite3
import string
import subprocess
import time

import pytest
from conftest import SOURCES

PROGRAM = os.environ["MSFUSION_PROGRAM"]
HOSTS = (1, 2, 3)
LETTERS = iter(string.ascii_lowercase)


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True)


def possible():
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "mpirun", "unshare"))):
        return False
    try:
        ip("netns", "add", f"msf-try-{os.getpid()}")
        ip("netns", "delete", f"msf-try-{os.getpid()}")
    except subprocess.CalledProcessError:
        return False
    return subprocess.run(["unshare", "--uts", "--mount", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not possible(), reason="needs root, iproute2, namespaces and Open MPI")

AGENT = """#!/bin/bash
# What mpirun calls instead of ssh: AGENT ADDRESS COMMAND..
address=$1
shift
number=${{address##*.}}
exec ip netns exec {name}$number unshare --uts --mount sh -c \\
  "hostname host$number; mount --bind {folder}/host$number {folder}/work; cd {folder}/work; $*"
"""


class Cluster:
    """Three hosts with a name, a loopback, an address and a working folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        # Names of its own: a namespace's devices are gone only some time after it.
        self.own = f"{os.getpid()}{next(LETTERS)}"
        self.name = f"msf{self.own}-"
        self.bridge = f"br{self.own}"
        self.agent = folder / "agent"
        self.agent.write_text(AGENT.format(name=self.name, folder=folder))
        self.agent.chmod(0o755)
        (folder / "work").mkdir()
        ip("link", "add", self.bridge, "type", "bridge")
        ip("link", "set", self.bridge, "up")
        for host in HOSTS:
            space, cable = self.name + str(host), self.cable(host)
            self.of(host).mkdir()
            ip("netns", "add", space)
            ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", cable, "master", self.bridge, "up")
            ip("-n", space, "addr", "add", f"10.77.0.{host}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", space, "link", "set", device, "up")

    def of(self, host):
        return self.folder / f"host{host}"

    def cable(self, host):
        return f"v{self.own}{host}"

    def wait_for(self, host):
        """Until the host reaches the first one: a port where nobody listens refuses at once."""
        connect = ["ip", "netns", "exec", self.name + str(host), "bash", "-c", "exec 3<> /dev/tcp/10.77.0.1/9"]
        for _ in range(60):
            if "refused" in subprocess.run(connect, capture_output=True, text=True).stderr:
                return
            time.sleep(0.2)
        raise AssertionError(f"host{host} does not reach host1")

    def start(self, *words):
        """mpirun on the first host, with a rank on each."""
        options = {
            "plm_rsh_agent": self.agent, "btl": "tcp,self", "btl_tcp_if_include": "eth0", "oob_tcp_if_include": "eth0",
            # A host that is silent for four seconds is lost; the default is five minutes.
            "oob_tcp_keepalive_time": 2, "oob_tcp_keepalive_intvl": 1, "oob_tcp_keepalive_probes": 2,
        }  # fmt: skip
        call = "mpirun --allow-run-as-root " + " ".join(f"--mca {key} {value}" for key, value in options.items())
        call += " --host " + ",".join(f"10.77.0.{host}" for host in HOSTS) + f" -n 3 {PROGRAM} " + " ".join(words)
        return subprocess.Popen(
            [self.agent, "10.77.0.1", call], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def run(self, *words):
        started = self.start(*words)
        try:
            return started.communicate(timeout=120)[0], started.returncode
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            raise

    def close(self):
        for host in HOSTS:
            subprocess.run(["ip", "netns", "delete", self.name + str(host)], check=False)
        subprocess.run(["ip", "link", "delete", self.bridge], check=False)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    for host in HOSTS:
        for file in ("tiny.xml", "platform.xml"):
            if (SOURCES / "tests/e2e/inputs" / file).exists():
                shutil.copy(SOURCES / "tests/e2e/inputs" / file, made.of(host))
    yield made
    made.close()


def alone(folder, *words):
    subprocess.run([PROGRAM, *words], cwd=folder, check=True, capture_output=True)


def tables(store):
    """All results, without wall-clock times and facts about the folder."""
    with sqlite3.connect(store) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(map(repr, database.execute(f"SELECT * FROM {name}"))) for name in names if name not in ("meta", "wall")}


def rounds_in(store):
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM rounds").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_ranks_on_three_hosts_give_the_results_of_one_process(cluster):
    output, code = cluster.run("run", "tiny.xml", "--set", "training.rounds=4", "-o", "together")
    assert code == 0, output
    alone(cluster.of(2), "run", "tiny.xml", "--set", "training.rounds=4", "-o", "alone")
    assert tables(cluster.of(1) / "together/run.sqlite") == tables(cluster.of(2) / "alone/run.sqlite")
    assert not (cluster.of(3) / "together").exists()  # the folder is the first host's own


def test_a_link_that_is_cut_ends_the_run_with_its_rounds_kept_and_the_run_resumes_to_unbroken_results(cluster):
    store = cluster.of(1) / "cut/run.sqlite"
    words = ("run", "tiny.xml", "--set", "training.rounds=120", "-o", "cut")
    started = cluster.start(*words)
    try:
        until = time.monotonic() + 60
        while rounds_in(store) < 4 and time.monotonic() < until:
            time.sleep(0.02)
        ip("link", "set", cluster.cable(2), "down")
        started.communicate(timeout=60)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
    assert started.returncode != 0, "the run was over before its link was cut"
    ip("link", "set", cluster.cable(2), "up")
    cluster.wait_for(2)
    until = time.monotonic() + 30
    while not (cluster.of(1) / "cut/report.html").exists() and time.monotonic() < until:
        time.sleep(0.05)
    kept = rounds_in(store)
    with sqlite3.connect(store) as database:
        states = {state for (state,) in database.execute("SELECT state FROM runs")}
    assert kept >= 4 and states <= {"failed", "interrupted", "waiting", "finished"} and states != {"finished"}
    output, code = cluster.run(*words, "--resume")
    assert code == 0, output
    alone(cluster.of(3), *words)
    assert tables(store) == tables(cluster.of(3) / "cut/run.sqlite")


def test_data_that_one_rank_lacks_is_named_with_the_rank(cluster):
    data = "--set data.set=fashion-mnist --set data.path=pixels"
    for host in (1, 2):
        (cluster.of(host) / "pixels").symlink_to("/usr/share/datasets/fashion-mnist")
    output, code = cluster.run("run", "tiny.xml", *data.split(), "-o", "lacking")
    assert code != 0
    assert "rank 2 on host3: " in output
    line = next(one for one in output.splitlines() if "rank 2 on host3" in one)
    assert "pixels" in line
    assert "rank 1 on host2" not in output
