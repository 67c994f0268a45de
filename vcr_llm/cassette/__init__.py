"""An open cassette: what answers a call, what is recorded, what is told when it has closed.

`cassette` joins the parts: `context` opens and closes it, `finder` (with `index`) says which recording
answers, `missing` what is raised where none does; `call_ledger` keeps what happened; `settings` are the
options.
"""

from vcr_llm.cassette.cassette import Cassette
from vcr_llm.cassette.context import Context
from vcr_llm.cassette.missing import CassetteMiss, public_name
from vcr_llm.cassette.settings import Settings

__all__ = ["Cassette", "CassetteMiss", "Context", "Settings", "public_name"]
