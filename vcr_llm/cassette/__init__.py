"""An open cassette: what answers a call, what is recorded, what is told when it has closed.

`cassette` joins the parts: `context` opens and closes it, `finder` (with `index`) says which recording
answers, `missing` what is raised where none does, `deviations` and `call_ledger` keep what happened.
"""

from vcr_llm.cassette.cassette import Cassette
from vcr_llm.cassette.context import Context
from vcr_llm.cassette.missing import CassetteMiss, public_name

__all__ = ["Cassette", "CassetteMiss", "Context", "public_name"]
