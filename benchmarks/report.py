"""Results as a table, a plot and JSON. Medians over the rounds; ratios are medians of each round's ratio."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

__all__ = ["text", "write"]

Row = dict[str, Any]
Value = Callable[[Row], float | None]
_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


class Results:
    """All rows, asked by key and contender."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = [row for row in rows if "error" not in row]

    def keys(self, start: str) -> list[str]:
        return list(dict.fromkeys(row["key"] for row in self._rows if row["key"].startswith(start)))

    def contenders(self, keys: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(row["contender"] for row in self._rows if row["key"] in keys))

    def of(self, key: str, contender: str, value: Value) -> float | None:
        found = [value(row) for row in self._rows if row["key"] == key and row["contender"] == contender]
        known = [each for each in found if each is not None]
        return median(known) if known else None


def _table(
    title: str,
    results: Results,
    keys: Sequence[str],
    value: Value,
    shown: Callable[[float], str],
    label: Callable[[str], str],
) -> list[str]:
    """A table in Markdown: a contender per line, a key per column. Empty where nothing was measured."""
    contenders = results.contenders(keys)
    if not contenders:
        return []
    lines = [
        f"**{title}**",
        "",
        f"| | {' | '.join(map(label, keys))} |",
        f"|---|{'---:|' * len(keys)}",
    ]
    for contender in contenders:
        cells = [results.of(key, contender, value) for key in keys]
        lines.append(f"| {contender} | {' | '.join('–' if one is None else shown(one) for one in cells)} |")
    return [*lines, ""]


_one, _two = "{:.1f}".format, "{:.2f}".format


def _ratio(row: Row) -> float:
    return float(row["call"] / row["floor"])


def _open_and_close(row: Row) -> float:
    return float(row["open"] + row["close"])


def _peak(row: Row) -> float:
    return float(row["peak"] / row["bytes"])


def _speed(row: Row) -> float:
    return float(row["bytes"] / 1e6 / row["seconds"])


def _added(row: Row) -> float:
    return float(row["with"] - row["without"])


def _of(name: str) -> Value:
    return lambda row: row.get(name)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}" if seconds < 0.01 else f"{seconds * 1000:,.0f}"


def _count(key: str) -> str:
    """How many interactions, of a key like ``replay 100-1024 shuffled``."""
    return f"{int(key.split()[1].split('-')[0]):,}"


def _place(key: str) -> str:
    return f"{_count(key)} {key.split()[2]}"


def _measure(key: str) -> str:
    return key.split()[0]


def _body(key: str) -> str:
    size = int(key.split()[1].split("-")[1])
    return f"{size / 1e6:g} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"


def text(about: dict[str, Any], rows: Sequence[Row]) -> str:
    """All tables, in Markdown."""
    results = Results(rows)
    small = [key for key in results.keys("replay") if "-1024" in key and "stream" not in key]
    by_size = [key for key in small if key.endswith("shuffled")]
    places = [key for key in small if key not in by_size]
    single = [key for key in by_size if _count(key) == "1"]
    bodies = [key for key in results.keys("load") if not key.endswith("-1024")]
    body_calls = [f"{key.replace('load', 'replay')} shuffled" for key in bodies]
    streams = [key for key in results.keys("replay") if "stream" in key]
    together = [*results.keys("threads"), *results.keys("gather")]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    intro = (
        f"Measured {about['date']}, Python {about['python']}, {about['machine']}, {about['rounds']} rounds; "
        f"{versions}; load average {about['load'][0]} at the beginning, {about['load after'][0]} at the end."
    )
    loads = [key for key in results.keys("load") if key.split()[1].endswith("-1024")]
    saves = [key for key in results.keys("save") if key.split()[1].endswith("-1024")]
    reference = {key: results.of(key, "vcr-llm", _of("json")) for key in results.keys("load")}

    def by_json(row: Row) -> float | None:
        known = reference.get(row["key"])
        return row["open"] / known if known else None

    tables: list[tuple[str, Sequence[str], Value, Callable[[float], str], Callable[[str], str]]] = [
        ("A replayed call ÷ the same call on an in-memory transport", by_size, _ratio, _two, _count),
        ("The same by where in the cassette the recording is", places, _ratio, _two, _place),
        ("The same by size of the answers", body_calls, _ratio, _two, _body),
        ("The same for streams of 40 events", streams, _ratio, _two, _count),
        ("The same with 8 threads, and with `asyncio.gather`", together, _ratio, _two, _measure),
        ("The floor itself, ms", by_size, _of("floor"), _ms, _count),
        ("The first call after opening (vcr-llm indexes then), ms", by_size, _of("first"), _ms, _count),
        ("Opening a cassette, ms", loads, _of("open"), _ms, _count),
        ("Opening ÷ `json.loads` of vcr-llm's file", loads, by_json, _one, _count),
        ("Opening a cassette of 10 (5 MB: of 2) by size of the answers, ms", bodies, _of("open"), _ms, _body),
        ("The same ÷ `json.loads` of vcr-llm's file", bodies, by_json, _one, _body),
        ("Opening and closing a cassette of one, ms", single, _open_and_close, _ms, _count),
        ("Writing a cassette, ms", saves, _of("save"), _ms, _count),
        ("Recording one more: what closing takes, ms", results.keys("add"), _of("add"), _ms, _count),
        ("A call without a recording fails after, ms", results.keys("miss"), _of("miss"), _ms, _count),
        ("Peak memory ÷ size of its file", results.keys("memory"), _peak, _one, _count),
        ("A suite of pytest, seconds", results.keys("suite"), _of("seconds"), _two, _count),
        ("`vcr-llm migrate` of vcrpy YAML, MB/s", results.keys("migration"), _speed, _two, _count),
        (
            "What the plugin adds to an empty run, ms",
            results.keys("start-up"),
            _added,
            _ms,
            _measure,
        ),
    ]
    lines = [intro, ""]
    for title, keys, value, shown, label in tables:
        lines += _table(title, results, keys, value, shown, label)
    return "\n".join(lines).rstrip() + "\n"


def write(folder: Path, about: dict[str, Any], rows: Sequence[Row], *, readme: bool) -> None:
    """``results.json``, ``results.md``, and the plot where matplotlib is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    (folder / "results.json").write_text(f'{{"about": {json.dumps(about)},\n "rows": [\n  {lines}\n ]}}\n')
    table = text(about, rows)
    if readme:
        path = folder / "README.md"
        before, rest = path.read_text("utf-8").split(_BEGIN)
        path.write_text(f"{before}{_BEGIN}\n\n{table}\n{_END}{rest.split(_END)[1]}", encoding="utf-8")
    else:
        (folder / "results.md").write_text(table, encoding="utf-8")
    _plot(folder / "results.svg", Results(rows))


def _plot(path: Path, results: Results) -> None:
    """Replay and opening over the cassette's size, both axes logarithmic."""
    try:
        import matplotlib
    except ImportError:
        print("no plot: matplotlib is not installed (pip install -e '.[bench]')")
        return
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "vcr-llm"
    from matplotlib import pyplot

    keys = [key for key in results.keys("replay") if "-1024 shuffled" in key]
    if not keys:
        return
    figure, (calls, opening) = pyplot.subplots(1, 2, figsize=(12, 5))
    drawings: tuple[tuple[Any, Sequence[str], Value, str], ...] = (
        (calls, keys, _ratio, "a replayed call ÷ the same call in memory"),
        (opening, [key for key in results.keys("load") if "-1024" in key], _of("open"), "opening, seconds"),
    )
    for axes, chosen, value, title in drawings:
        for contender in results.contenders(chosen):
            sizes = [int(_count(key).replace(",", "")) for key in chosen]
            found = [results.of(key, contender, value) for key in chosen]
            known = [pair for pair in zip(sizes, found, strict=True) if pair[1] is not None]
            ours = contender == "vcr-llm"
            axes.plot(*zip(*known, strict=True), marker="o", label=contender, linewidth=3 if ours else 1)
        axes.set(xscale="log", yscale="log", title=title, xlabel="interactions in the cassette")
        axes.grid(visible=True, which="both", alpha=0.2)
    opening.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
