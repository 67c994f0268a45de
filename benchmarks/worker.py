"""One environment's process: reads jobs as lines of JSON, answers with what it measured."""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from pathlib import Path

from benchmarks import measures
from benchmarks.contenders import BY_NAME
from benchmarks.samples import Sample


def main() -> None:
    """Jobs are ``{"measure", "contender", "sample", ...}``; a failed one is answered with its error.

    Cassettes are kept in the folder that is given, else in one that goes with the process.
    """
    out, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as temporary:
        folder = sys.argv[1] if len(sys.argv) > 1 else temporary
        for line in sys.stdin:
            job = json.loads(line)
            contender, sample = BY_NAME[job.pop("contender")], Sample(**job.pop("sample"))
            try:
                found = measures.MEASURES[job.pop("measure")](contender, sample, Path(folder), **job)
            except BaseException as error:  # a peer that cannot do it is a result, too
                traceback.print_exc()
                found = {"error": f"{type(error).__name__}: {error}"[:200]}
            out.write(f"{json.dumps(found)}\n")
            out.flush()


if __name__ == "__main__":
    main()
