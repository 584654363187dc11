"""Charts of results in matplotlib, in the report's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from msfusion.results import Results

#: Of the methods, in the order of the report (Okabe and Ito's palette): the light page's.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A6A00", "#6B6B6B")
#: Lines of the methods after the eighth.
DASHES: tuple[Any, ...] = ("solid", (0, (7, 3)), (0, (2, 2)), (0, (9, 3, 2, 3)))

AXES = {
    "rounds_done": "rounds",
    "simulated_seconds": "simulated time [s]",
    "bytes_sent": "sent [B]",
    "training_flops": "trained [FLOP]",
    "joules": "energy [J]",
    "usd": "money [USD]",
    "grams_co2": "CO2 [g]",
}


class Plots:
    """What `results.plot` can draw."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def accuracy(self, x: str = "simulated_seconds", ax: Axes | None = None) -> Axes:
        """Accuracy of the global model, in percent: a line for every run, a colour for every method."""
        return self._curves("global_accuracy", "accuracy [%]", 100, x, ax)

    def loss(self, x: str = "simulated_seconds", ax: Axes | None = None) -> Axes:
        """Cross-entropy of the global model on the test split."""
        return self._curves("global_loss", "loss [nat]", 1, x, ax)

    def _curves(self, y: str, title: str, factor: float, x: str, ax: Axes | None) -> Axes:
        import matplotlib.pyplot as plt

        if x not in AXES:
            raise ValueError(f"x={x!r}; allowed: {', '.join(AXES)}")
        curves = self._results.curves
        if curves[x].isna().all():
            raise ValueError(f"x={x!r}: no run knows this figure")
        if ax is None:
            ax = plt.subplots()[1]
        several = curves["folder"].nunique() > 1
        names = curves["folder"] + ": " + curves["label"] if several else curves["label"]
        for index, (name, method) in enumerate(curves.groupby(names, sort=False)):
            for number, (_, run) in enumerate(method.groupby(["folder", "run"])):
                ax.plot(
                    run[x],
                    run[y] * factor,
                    color=COLOURS[index % len(COLOURS)],
                    linestyle=DASHES[index // len(COLOURS) % len(DASHES)],
                    label=name if number == 0 else None,
                )
        ax.set_xlabel(AXES[x])
        ax.set_ylabel(title)
        ax.legend()
        return ax
