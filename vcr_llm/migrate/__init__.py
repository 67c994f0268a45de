"""Old cassettes made ours: found (`sources`), converted and proved (`conversion`), written (`migration`)."""

from vcr_llm.migrate.conversion import Conversion, LossError, convert, difference, verify
from vcr_llm.migrate.migration import Options, Outcome, Status, migrate, serious
from vcr_llm.migrate.sources import Source, find, grouped, target_of

__all__ = [
    "Conversion",
    "LossError",
    "Options",
    "Outcome",
    "Source",
    "Status",
    "convert",
    "difference",
    "find",
    "grouped",
    "migrate",
    "serious",
    "target_of",
    "verify",
]
