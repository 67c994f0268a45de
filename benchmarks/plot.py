"""The plot: replay, opening and a test of one call over the cassette's size, all axes logarithmic.

White behind it and text as text, so that it is read in light and dark surroundings alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import BY_NAME, OURS
from benchmarks.results import Results, Row, Value, count_of, ratio

__all__ = ["draw"]


@dataclass(frozen=True)
class Panel:
    """One of the drawings.

    ``target``: where a dotted line says what is to be reached; ``everyone``: also those that answer in place
    of the SDK, whose lines would press all others together.
    """

    title: str
    unit: str
    keys: Sequence[str]
    value: Value
    target: float | None = None
    everyone: bool = True


_COLOURS = {
    OURS: "#d6001c",
    "vcrpy": "#1f6fb4",
    "cassetter": "#2a8a2a",
    "llm-mock": "#9b4fc7",
    "promptecho": "#b8860b",
    "agent-replay": "#0f9a9a",
    "cassette-sdk": "#7a4a2a",
    "pytest-llm-vcr": "#d1569b",
    "llmvcr": "#555555",
    "llm-cassette": "#999999",
}
"""Per recorder, by the beginning of its contenders' names."""
_LINES = {"body": "--", "json_body": "--"}
"""By what a contender's name ends with: matching the body is dashed."""
_MARKS = {"YAML": "s", "TOML": "^"}
"""By the format in a contender's name."""


def draw(path: Path, results: Results) -> None:
    """Nothing is drawn where nothing was measured, or without matplotlib."""
    panels = [panel for panel in _panels(results) if panel.keys]
    try:
        import matplotlib
    except ImportError:
        print("no plot: matplotlib is not installed (pip install -e '.[bench]')")
        return
    if not panels:
        return
    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {"svg.hashsalt": "vcr-llm", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 11}
    )
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, len(panels), figsize=(5 * len(panels), 6.4), squeeze=False, facecolor="white"
    )
    for panel, one in zip(panels, axes[0], strict=True):
        _draw(panel, one, results)
    known = dict(
        pair for one in axes[0] for pair in zip(*reversed(one.get_legend_handles_labels()), strict=True)
    )
    labels = [contender for contender in BY_NAME if contender in known]
    figure.legend([known[each] for each in labels], labels, loc="lower center", ncols=5, frameon=False)
    figure.tight_layout(rect=(0, 0.17, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _panels(results: Results) -> list[Panel]:
    replays = [key for key in results.keys("replay") if key.endswith("-1024 shuffled")]
    loads = [key for key in results.keys("load") if key.endswith("-1024")]
    return [
        Panel("A replayed call", "÷ the same call in memory", replays, ratio("call", "floor"), 1.2, False),
        Panel("Opening a cassette", "÷ json.loads of vcr-llm's file", loads, ratio("open", "reference"), 3),
        Panel("A test of one call", "ms: opening, the call, closing", results.keys("test"), _test_ms),
    ]


def _test_ms(row: Row) -> float:
    return float(row["open"] + row["call"] + row["close"]) * 1000


def _draw(panel: Panel, axes: Any, results: Results) -> None:
    for contender in results.contenders(panel.keys):
        if not (panel.everyone or BY_NAME[contender].runs_sdk):
            continue
        found = [(count_of(key), results.of(key, contender, panel.value)) for key in panel.keys]
        known = [pair for pair in found if pair[1] is not None]
        if known:
            ours = contender == OURS
            width, above = (3.0, 3) if ours else (1.2, 2)
            axes.plot(
                *zip(*known, strict=True), label=contender, linewidth=width, zorder=above, **_style(contender)
            )
    if panel.target is not None:
        axes.axhline(panel.target, color="black", linewidth=1, linestyle=":")
    title = panel.title if panel.target is None else f"{panel.title} (dotted: the target, {panel.target:g})"
    axes.set(xscale="log", yscale="log", title=title, ylabel=panel.unit, xlabel="interactions in it")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(visible=True, which="major", alpha=0.3)


def _style(contender: str) -> dict[str, Any]:
    name = next(each for each in _COLOURS if contender.startswith(each))
    words = contender.replace(",", "").split()
    line = next((style for word, style in _LINES.items() if words[-1] == word), "-")
    mark = next((mark for word, mark in _MARKS.items() if word in words), "o")
    faint = {} if BY_NAME[contender].runs_sdk else {"alpha": 0.7}
    return {"color": _COLOURS[name], "linestyle": line, "marker": mark, "markersize": 5, **faint}
