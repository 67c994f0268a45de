"""The tables of a report: which number of which rows each shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.contenders import BY_NAME
from benchmarks.results import NO_CASSETTES, Results, Row, Value, count_of, ratio, value_of

__all__ = ["Table", "body", "markdown", "per_test", "tables"]


@dataclass(frozen=True)
class Table:
    """A contender per line, a key per column.

    ``shown``: a median → its text; ``label``: a key → the head of its column; ``note``: a line below.
    """

    title: str
    keys: Sequence[str]
    value: Value
    shown: Callable[[float], str]
    label: Callable[[str], str]
    note: str = ""


def markdown(table: Table, results: Results) -> list[str]:
    """Nothing where nothing was measured."""
    lines = [
        f"**{table.title}**",
        "",
        f"| | {' | '.join(map(table.label, table.keys))} |",
        f"|---|{'---:|' * len(table.keys)}",
    ]
    measured = False
    for contender in results.contenders(table.keys):
        cells = [results.of(key, contender, table.value) for key in table.keys]
        if any(cell is not None for cell in cells):
            measured = True
            shown = ("–" if cell is None else table.shown(cell) for cell in cells)
            lines.append(f"| {_marked(contender)} | {' | '.join(shown)} |")
    return [*lines, "", *([table.note, ""] if table.note else [])] if measured else []


def _marked(contender: str) -> str:
    known = BY_NAME.get(contender)
    return contender if known is None or known.runs_sdk else f"{contender} †"


def tables(results: Results) -> Iterator[Table]:
    """All of them, in the order of the report."""
    small = [key for key in results.keys("replay") if "-1024" in key and "stream" not in key]
    by_size = [key for key in small if key.endswith("shuffled")]
    places = [key for key in small if key not in by_size]
    streams = [key for key in results.keys("replay") if "stream" in key]
    together = [*results.keys("threads"), *results.keys("gather")]
    tests, adds = results.keys("test"), results.keys("add")
    loads, bodies, stream_loads = _kinds(results, "load")
    saves, body_saves, stream_saves = _kinds(results, "save")
    body_calls = [f"{key.replace('load', 'replay')} shuffled" for key in bodies]

    call, by_json = ratio("call", "floor"), ratio("open", "reference")
    read_by_json = ratio("read", "reference")
    yield Table("A replayed call ÷ the floor", by_size, call, _two, _count, _ABOVE)
    yield Table(
        "A replayed call ÷ the floor, by where in the cassette the recording is", places, call, _two, _place
    )
    yield Table("A replayed call ÷ the floor, by size of the answers", body_calls, call, _two, body)
    yield Table("A replayed stream of 40 events ÷ the floor", streams, call, _two, _count)
    yield Table("Calls of 8 threads, and of `asyncio.gather`, ÷ the floor", together, call, _two, _measure)
    yield Table("The floor, the same call in memory, ms", by_size, value_of("floor"), _ms, _count)
    yield Table("A test of one call: opening, call and closing, ms", tests, _whole_test, _ms, _count, _TEST)
    yield Table("Of that, opening and closing, patches included, ms", tests, _enter_and_exit, _ms, _count)
    yield Table("Of that, the call, the first after opening, ms", tests, value_of("call"), _ms, _count)
    yield Table("Reading the file, without patches, ms", loads, value_of("read"), _ms, _count, _READ)
    yield Table("Reading ÷ `json.loads` of vcr-llm's file", loads, read_by_json, _one, _count)
    yield Table("Opening, all patches included, ms", loads, value_of("open"), _ms, _count)
    yield Table("Opening ÷ `json.loads` of vcr-llm's file", loads, by_json, _one, _count)
    yield Table("Opening by size of the answers, ms", bodies, value_of("open"), _ms, body, _BODIES)
    yield Table(
        "Opening by size of the answers ÷ `json.loads` of vcr-llm's file", bodies, by_json, _one, body
    )
    yield Table("Opening with streams of 40 events, ms", stream_loads, value_of("open"), _ms, _count)
    yield Table("Writing a cassette once, ms", saves, value_of("save"), _ms, _count, _SAVE)
    yield Table("Writing once, by size of the answers, ms", body_saves, value_of("save"), _ms, body)
    yield Table("Writing streams of 40 events once, ms", stream_saves, value_of("save"), _ms, _count)
    yield Table("Recording one more: closing, ms", adds, value_of("add"), _ms, _count)
    yield Table("Recording one more: opening and closing, ms", adds, _whole_add, _ms, _count)
    yield Table("Recording one more: closing ÷ writing all once", adds, ratio("add", "save"), _two, _count)
    misses = results.keys("miss")
    yield Table("A call without a recording fails after, ms", misses, value_of("miss"), _ms, _count)
    memory = results.keys("memory")
    yield Table("Peak memory ÷ size of its file", memory, ratio("peak", "bytes"), _one, _count)
    suites = results.keys("suite")
    yield Table("A suite of pytest, seconds", suites, value_of("seconds"), _two, _count)
    yield Table("A test of that suite, ms above one without cassettes", suites, per_test, _ms, _count)
    migrations = results.keys("migration")
    yield Table("`vcr-llm migrate` of vcrpy YAML, MB/s", migrations, _speed, _two, _count)
    starts = results.keys("start-up")
    yield Table("What the plugin adds to an empty run, ms", starts, _added, _ms, _measure)


_ABOVE = (
    "† answers in place of a method of the SDK: neither the SDK nor its HTTP client runs, so it can be "
    "faster than the floor. llm-cassette is asked in the order recorded, the only one it knows."
)
_TEST = "A recorder that hands out an HTTP client is charged for that client and the SDK's client around it."
_READ = "llm-mock reads its file with every call and cassette-sdk a file per call, not when they open."
_BODIES = "10 answers of 100 KB, 2 of 5 MB."
_SAVE = "Closing after everything was recorded into a new file, by each recorder's own means."


def _kinds(results: Results, measure: str) -> tuple[list[str], list[str], list[str]]:
    """The keys of a measure: by size of the cassette, by size of the answers, of streams."""
    keys = results.keys(f"{measure} ")
    streams = [key for key in keys if key.endswith("-stream")]
    small = [key for key in keys if key.endswith("-1024")]
    return small, [key for key in keys if key not in {*streams, *small}], streams


_one, _two = "{:.1f}".format, "{:.2f}".format


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}" if seconds < 0.01 else f"{seconds * 1000:,.0f}"


def _whole_test(row: Row) -> float:
    return float(row["open"] + row["call"] + row["close"])


def _enter_and_exit(row: Row) -> float:
    return float(row["open"] + row["close"])


def _whole_add(row: Row) -> float:
    return float(row["open"] + row["add"])


def _speed(row: Row) -> float:
    return float(row["bytes"] / 1e6 / row["seconds"])


def _added(row: Row) -> float:
    return float(row["with"] - row["without"])


def per_test(row: Row) -> float | None:
    if "floor" not in row or row["contender"].startswith(NO_CASSETTES):
        return None
    return float(row["seconds"] - row["floor"]) / count_of(row["key"])


def _count(key: str) -> str:
    return f"{count_of(key):,}"


def _place(key: str) -> str:
    return f"{_count(key)} {key.split()[2]}"


def _measure(key: str) -> str:
    return key.split()[0]


def body(key: str) -> str:
    """The size of the answers, of a key like ``load 2-5000000``."""
    size = int(key.split()[1].split("-")[1])
    return f"{size / 1e6:g} MB" if size >= 1e6 else f"{size / 1e3:.0f} KB"
