"""The record budget: a run stops before it makes more live LLM calls, or spends more, than allowed.

What was spent stands in one file of the run's folder, so that all pytest-xdist workers share the budget: a
line per call, to which each process only ever appends. A call counts when it is about to be sent, its cost
when its answer has come; so the budget in money can be exceeded by the calls that are under way, no more.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vcr_llm import open_cassettes
from vcr_llm.pytest_plugin.options import setting
from vcr_llm.pytest_plugin.run_folder import folder

if TYPE_CHECKING:
    from vcr_llm.calls import LlmCall
    from vcr_llm.interaction import Request
    from vcr_llm.providers import Call

__all__: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    calls, cost = setting(session.config, "max_calls"), setting(session.config, "max_cost")
    if cost is not None:
        from vcr_llm import prices

        if not prices.are_known():
            raise pytest.UsageError(
                "--llm-max-cost needs to know prices. Install them with: pip install 'vcr-llm[prices]'"
            )
    open_cassettes.listen(_Budget(session, calls, cost), session.config)


class _Budget(open_cassettes.Listener):
    def __init__(self, session: pytest.Session, calls: int | None, cost: float | None) -> None:
        self._session = session
        self._calls = calls
        self._cost = None if cost is None else Decimal(str(cost))

    def answered(self, call: LlmCall) -> None:
        """Enter what a live call cost."""
        if self._cost is not None and call.usage is not None:
            from vcr_llm import prices

            cost = prices.cost(call.provider, call.model, call.usage)
            if cost is not None:
                self._enter(f"cost {cost}")

    def goes_live(self, request: Request) -> None:
        """Raises `BudgetError` for an LLM call that there is no budget for, and stops the run."""
        from vcr_llm import providers

        call = providers.classify(request)
        if call is None:
            return
        # Up to this call's own line: of several processes that enter a call at once, the first may go on.
        end = self._enter("call")
        reason = self._why_not(call, self._file().read_bytes()[:end].decode("ascii").splitlines())
        if reason:
            from vcr_llm.errors import BudgetError
            from vcr_llm.sdk_errors import passing

            self._session.shouldfail = f"vcr-llm: the record budget is used up ({reason})"
            raise passing(BudgetError(request.url.partition("?")[0], reason))

    def _why_not(self, call: Call, entered: list[str]) -> str:
        made = entered.count("call")
        if self._calls is not None and made > self._calls:
            return f"{self._calls} of {self._calls} live calls made (llm_max_calls)"
        if self._cost is None:
            return ""
        from vcr_llm import prices

        if not prices.has_price(call.provider, call.model):
            return f"the price of {call.model or 'the model'} is unknown (llm_max_cost); limit calls instead"
        spent = sum((Decimal(line.removeprefix("cost ")) for line in entered if line != "call"), Decimal(0))
        return f"${spent:.4f} of ${self._cost} spent (llm_max_cost)" if spent >= self._cost else ""

    def _file(self) -> Path:
        return folder(self._session.config) / "spent"

    def _enter(self, line: str) -> int:
        """Append a line; answers where it ends in the file."""
        path = self._file()
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write to a file opened for appending is not torn apart by another process.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, f"{line}\n".encode("ascii"))
            return os.lseek(file, 0, os.SEEK_CUR)
        finally:
            os.close(file)
