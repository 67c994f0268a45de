"""Results as tables, a plot and JSON. Medians over the rounds; ratios are medians of each round's ratio."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import plot, tables, targets
from benchmarks.results import Results, Row

__all__ = ["renewed", "text", "write"]

_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"


def text(about: dict[str, Any], rows: Sequence[Row]) -> str:
    """The targets and all tables, in Markdown."""
    results = Results(rows)
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    intro = (
        f"Measured {about['date']}, Python {about['python']}, {about['machine']}, plan `{about['plan']}`, "
        f"at most {about['rounds']} rounds; {versions}; load average {about['load'][0]} at the beginning, "
        f"{about['load after'][0]} at the end."
        + "".join(f" Measured again {when}: {', '.join(names)}." for when, names in _again(about).items())
    )
    lines = [intro, "", "**Against the targets**", "", *targets.markdown(results), ""]
    for table in tables.tables(results):
        lines += tables.markdown(table, results)
    return "\n".join(lines).rstrip() + "\n"


def _again(about: dict[str, Any]) -> dict[str, list[str]]:
    """When, and what then."""
    found: dict[str, list[str]] = {}
    for name, when in about.get("again", {}).items():
        found.setdefault(when, []).append(name)
    return found


def _summary(results: Results) -> Iterator[dict[str, Any]]:
    """Every number of every table with its quartiles and rounds: to tell a difference from noise."""
    for table in tables.tables(results):
        for key in table.keys:
            for contender in results.contenders([key]):
                found = results.spread(key, contender, table.value)
                if found is not None:
                    numbers = {name: round(number, 7) for name, number in asdict(found).items()}
                    yield {"table": table.title, "key": key, "contender": contender, **numbers}


def renewed(folder: Path, about: dict[str, Any], rows: Sequence[Row]) -> tuple[dict[str, Any], list[Row]]:
    """The results in a folder with these rows in place of the older ones of the same measures.

    Keys stay in their order; what was measured again, and when, is added to what is said of the run.
    """
    before = json.loads((folder / "results.json").read_text("utf-8"))
    keys = list(dict.fromkeys(row["key"] for row in rows))
    kept = [row for row in before["rows"] if row["key"] not in keys]
    partly = {row["key"].split()[0] for row in kept}
    names = [key if (measure := key.split()[0]) in partly else measure for key in keys]
    when = about["date"]
    if about["rounds"] != before["about"]["rounds"]:
        when += f", at most {about['rounds']} rounds"
    older = before["about"].get("again", {})
    again = {name: date for name, date in older.items() if name.split()[0] not in names}
    again |= dict.fromkeys(names, when)
    places = {row["key"]: place for place, row in reversed(list(enumerate(before["rows"])))}
    in_order = sorted([*kept, *rows], key=lambda row: places.get(row["key"], len(before["rows"])))
    return {**before["about"], "again": again}, in_order


def write(folder: Path, about: dict[str, Any], rows: Sequence[Row], *, readme: bool) -> None:
    """``results.json``, tables (``results.md``, or in ``README.md``), the plot if matplotlib is installed.

    ``results.json`` has seconds where the tables have milliseconds, and bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = Results(rows)
    parts = [f'"about": {json.dumps(about)}']
    for name, each in (("summary", _summary(results)), ("rows", rows)):
        lines = ",\n  ".join(map(json.dumps, each))
        parts.append(f'"{name}": [\n  {lines}\n ]')
    (folder / "results.json").write_text("{" + ",\n ".join(parts) + "}\n", encoding="utf-8")
    table = text(about, rows)
    if readme:
        path = folder / "README.md"
        before, rest = path.read_text("utf-8").split(_BEGIN)
        path.write_text(f"{before}{_BEGIN}\n\n{table}\n{_END}{rest.split(_END)[1]}", encoding="utf-8")
    else:
        (folder / "results.md").write_text(table, encoding="utf-8")
    plot.draw(folder / "results.svg", results)
