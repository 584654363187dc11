"""Every command of the documentation is carried out, with little data and few rounds; the book is built, and its links lead somewhere."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import SOURCES

PROGRAM = os.environ["MSFUSION_PROGRAM"]

# Commands that are not carried out here, and why.
ELSEWHERE = {
    r"tools/(setup|build|test|lint|validate|fuzz|attack|soak|bench|bench-scale|check-arrows|package)\b": "the project's own scripts",
    r"\.ci/run": "calls the tests",
    r"cmake --install": "install_test.cpp",
    r"(podman|apptainer|docker) ": "not built here",
    r"(sbatch|qsub) ": "no such cluster here",
    r"mpirun ": "test_cluster.py and ranks_test.cpp",
    r"alias |export ": "set for every command here",
    r"msfusion run scenarios/(paper/(distillation|headline)|niid)": "more data than here; scenarios_test.cpp runs small variants",
    r"msfusion calibrate": "two minutes of measurements; tests/calibrate",
    r"build/release/tests/": "one of the tests",
}

SMALL = {"training.rounds": "2", "data.train-samples": "120", "data.test-samples": "40", "evaluation.norm-samples": "20"}

WRAPPER = f"""#!{sys.executable}
import os, sys
words = sys.argv[1:]
if words[:1] == ["run"]:
    said = " ".join(words)
    for path, value in {SMALL!r}.items():
        if path == "training.rounds" or path + "=" not in said:
            words = [word if not word.startswith(path + "=") else f"{{path}}={{value}}" for word in words]
            if path + "=" not in said:
                words += ["--set", f"{{path}}={{value}}"]
    words = ["data.train-samples=120" if word.startswith("data.train-samples=") else word for word in words]
os.execv({PROGRAM!r}, [{PROGRAM!r}, *words])
"""


def commands_in(document):
    """Lines of blocks of code that are commands, with continued lines joined and comments taken away."""
    text = document.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in fenced if language in ("", "sh", "bash")]
    without_fences = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"(?:^    \S.*\n|^      +\S.*\n)+", without_fences, re.MULTILINE)
    for block in blocks:
        if block.lstrip().startswith("#!"):
            continue  # a script for a batch system, which test_scripts reads
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            command = re.sub(r"\s{2,}#.*$|\s+# .*$", "", line).strip()
            if command and not command.startswith("#"):
                yield command


def scripts_in(document):
    return [one for one in re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)]


def pages():
    """The pages of the book that are in the repository."""
    named = re.findall(r": ([\w/.-]+\.md)$", (SOURCES / "tools/book/mkdocs.yml").read_text(), re.MULTILINE)
    return [page for page in named if (SOURCES / page).exists()]


def is_elsewhere(command):
    return any(re.match(pattern, command) for pattern in ELSEWHERE)


PAGES = [page for page in pages() if not all(map(is_elsewhere, commands_in(SOURCES / page)))]


@pytest.fixture
def place(tmp_path):
    """A folder that looks like a clone after its build, whose program takes little time."""
    program = tmp_path / "build/release/tools/msfusion"
    program.parent.mkdir(parents=True)
    program.write_text(WRAPPER)
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/msfusion").symlink_to(program)
    for folder in ("scenarios", "platforms"):
        shutil.copytree(SOURCES / folder, tmp_path / folder)
    # What the pages suppose to be there.
    for text in ("shakespeare", "ptb"):
        (tmp_path / text).mkdir()
        for part in ("train", "test"):
            (tmp_path / text / f"{part}.txt").write_text("to be or not to be that is the question\n" * 400)
    shutil.copy(SOURCES / "platforms/quickstart.xml", tmp_path / "other.xml")
    (tmp_path / "my-devices.xml").write_text(re.search(r"<catalogue>.*?</catalogue>", (SOURCES / "docs/howto/devices.md").read_text(), re.DOTALL)[0])
    return tmp_path


def carry_out(place, command):
    environment = dict(os.environ, PATH=f"{place / 'bin'}:{os.environ['PATH']}")
    command = command.replace("/tmp/", f"{place}/").replace("tools/run ", "msfusion run ").replace("tools/traces ", f"{SOURCES}/tools/traces ")
    return subprocess.run(["bash", "-ec", command], cwd=place, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_documentation_works(page, place):
    if page == "docs/models.md":
        pytest.skip("test_models_page.py: its commands need its Python")
    if page in ("README.md", "docs/exports.md", "docs/store.md"):
        assert carry_out(place, "msfusion run scenarios/quickstart.xml").returncode == 0
        for name in ("a", "b"):
            shutil.copytree(place / "results/quickstart", place / f"results/{name}")
    tried = 0
    for command in commands_in(SOURCES / page):
        if is_elsewhere(command) or (command.startswith("sqlite3 ") and not shutil.which("sqlite3")):
            continue
        if command.startswith("msfusion export") and "| jq" in command and not shutil.which("jq"):
            command = command.split("|")[0]
        ended = carry_out(place, command)
        assert ended.returncode == 0, f"{page}: {command}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        tried += 1
    assert tried >= 1 or page == "docs/store.md"


def test_the_pages_with_commands_are_those_that_a_reader_begins_with():
    assert {"README.md", "CONTRIBUTING.md", "docs/tutorial.md", "docs/exports.md", "docs/models.md", "docs/howto/devices.md",
            "docs/howto/model.md", "docs/howto/paper.md", "docs/howto/cluster.md"} <= set(PAGES)  # fmt: skip
    assert sum(not is_elsewhere(command) for page in PAGES for command in commands_in(SOURCES / page)) >= 50


def test_the_python_of_the_documentation_works(place):
    (block,) = re.findall(r"^```python\n(.*?)^```", (SOURCES / "docs/python.md").read_text(), re.MULTILINE | re.DOTALL)
    environment = dict(os.environ, PYTHONPATH=str(SOURCES / "tools/python"), MSFUSION_PROGRAM=str(place / "bin/msfusion"), MPLBACKEND="agg")
    ended = subprocess.run([sys.executable, "-c", block], cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert (place / "accuracy.pdf").stat().st_size > 5000


def test_every_picture_that_a_page_shows_is_there_and_small():
    shown = [(page, name) for page in pages() for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (SOURCES / page).read_text())]
    assert len(shown) >= 4
    for page, name in shown:
        assert 1000 < ((SOURCES / page).parent / name).stat().st_size < 200_000, f"{page}: {name}"


def test_scripts_of_the_documentation_are_shell():
    scripts = scripts_in(SOURCES / "docs/howto/cluster.md")
    assert len(scripts) >= 4
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.skipif(not shutil.which("mkdocs"), reason="mkdocs is not installed")
def test_the_book_is_built_and_its_links_lead_somewhere(tmp_path):
    subprocess.run([SOURCES / "tools/docs", tmp_path / "docs"], check=True, capture_output=True)
    book = tmp_path / "docs/book"
    command_line = (book / "docs/command-line.html").read_text()
    for command in ("run", "plan", "new", "completion"):
        assert f'id="msfusion-{command}"' in command_line
    # A check that cannot fail would be none.
    page = book / "docs/tutorial.html"
    whole = page.read_text()
    for broken, what in (("install.html", "there is no such file"), ("validation.html#nowhere", "there is no such heading")):
        page.write_text(whole.replace('href="validation.html"', f'href="{broken}x"' if "#" not in broken else f'href="{broken}"'))
        ended = subprocess.run([SOURCES / "tools/check-links", book], capture_output=True, text=True)
        assert ended.returncode == 1 and what in ended.stderr
    page.write_text(whole)
    assert subprocess.run([SOURCES / "tools/check-links", book]).returncode == 0


def test_recipes_are_what_their_programs_read():
    compile((SOURCES / "tools/packaging/spack/package.py").read_text(), "package.py", "exec")
    recipe = (SOURCES / "tools/packaging/conda/meta.yaml").read_text()
    assert "Not tried" in recipe and "Not tried" in (SOURCES / "tools/packaging/spack/package.py").read_text()


NOTEBOOK = SOURCES / "docs/sweep-in-python.ipynb"


def test_the_notebook_runs_from_its_first_cell_to_its_last(tmp_path):
    """With nbconvert, as a reader would; where it is not installed, its cells one after the other."""
    environment = dict(os.environ, IPYTHONDIR=str(tmp_path), JUPYTER_RUNTIME_DIR=str(tmp_path))
    environment.pop("MPLBACKEND", None)  # a kernel draws into the notebook
    converted = subprocess.run([sys.executable, "-c", "import nbconvert, ipykernel"], capture_output=True).returncode == 0
    if converted:
        words = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.kernel_name=python3",
                 "--output-dir", str(tmp_path), str(NOTEBOOK)]  # fmt: skip
    else:
        cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
        environment["MPLBACKEND"] = "agg"
        words = [sys.executable, "-c", "\n".join("".join(cell["source"]) for cell in cells)]
    ended = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-3000:]
    if converted:
        cells = json.loads((tmp_path / NOTEBOOK.name).read_text())["cells"]
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
        assert not any(output["output_type"] == "error" for output in outputs)


def test_the_notebook_holds_no_outputs():
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
