"""Results of the MSfusion simulator as pandas frames, and its program called from Python.

>>> import msfusion
>>> results = msfusion.run("scenarios/quickstart.xml", training__rounds=3)   # or msfusion.load("results/quickstart")
>>> results.curves.groupby("label").global_accuracy.max()
>>> results.plot.accuracy(x="simulated_seconds")
"""

from msfusion.program import ProgramError, plan, run
from msfusion.results import Results, load

__all__ = ["ProgramError", "Results", "load", "plan", "run"]
