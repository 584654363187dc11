"""Of the Python package; its version is the program's."""

import re
from pathlib import Path

from setuptools import setup

build = (Path(__file__).resolve().parents[2] / "CMakeLists.txt").read_text()
setup(
    name="msfusion",
    version=re.search(r"project\(msfusion VERSION ([0-9.]+)", build)[1],
    description="Results of the MSfusion simulator as pandas frames",
    packages=["msfusion"],
    package_data={"msfusion": ["py.typed"]},
    python_requires=">=3.9",
    install_requires=["pandas", "matplotlib"],
    license="MIT",
)
