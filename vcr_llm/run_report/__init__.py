"""What a test run did with its cassettes: facts, their sum, and its texts for terminal, CI and machines.

Pure: facts come from the pytest plugin (and from pytest-xdist's workers as plain values), texts go there.
"""

from vcr_llm.run_report.document import document
from vcr_llm.run_report.facts import CallFact, OpeningFact, PastFact, RunFacts
from vcr_llm.run_report.markdown import markdown
from vcr_llm.run_report.summary import Policy, Price, Summary, summarized, unplayed
from vcr_llm.run_report.text import TextLine, numbers_text, terminal_lines

__all__ = [
    "CallFact",
    "OpeningFact",
    "PastFact",
    "Policy",
    "Price",
    "RunFacts",
    "Summary",
    "TextLine",
    "document",
    "markdown",
    "numbers_text",
    "summarized",
    "terminal_lines",
    "unplayed",
]
