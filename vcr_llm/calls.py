"""The LLM calls that went through a cassette, for tests that assert on them."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable

from vcr_llm.interaction import Interaction, Request, Response
from vcr_llm.providers import Answer, Call, Message, ToolCall, Usage, read_answer, read_messages
from vcr_llm.providers.tools import Tool, read_tools

__all__ = ["LlmCall", "Outcome", "Tool", "total_usage"]


class Outcome(enum.StrEnum):
    """Where the answer to a call came from."""

    REPLAYED = "replayed"
    RECORDED = "recorded"
    LIVE = "live"
    """From the network, and not stored: ignored by a filter, or a failure that a retry mended."""


class LlmCall:
    """One LLM call of a cassette and its answer, parsed when first looked at.

    ``outcome``: an `Outcome`, which equals its text ("replayed", "recorded", "live"). ``request`` and
    ``response`` are what was sent and answered, with ``body.json`` for what has no attribute here.
    ``seconds``: how long a live call took; None for a replayed one.
    """

    def __init__(
        self,
        call: Call,
        request: Request,
        response: Response,
        outcome: Outcome,
        seconds: float | None = None,
    ) -> None:
        self.request = request
        self.response = response
        self.outcome = outcome
        self.seconds = seconds
        self._call = call

    @property
    def provider(self) -> str:
        """Whose host it is (``groq``), else whose API it speaks (``openai``, ``anthropic``, …)."""
        return self._call.provider

    @property
    def operation(self) -> str:
        """Which API action: ``chat``, ``messages``, ``responses``, ``embeddings``, …"""
        return self._call.operation.name

    @property
    def model(self) -> str | None:
        """The model that was asked for."""
        return self._call.model

    @property
    def streamed(self) -> bool:
        return self._call.stream

    @property
    def replayed(self) -> bool:
        return self.outcome is Outcome.REPLAYED

    @property
    def recorded(self) -> bool:
        return self.outcome is Outcome.RECORDED

    @functools.cached_property
    def messages(self) -> tuple[Message, ...]:
        """What was asked, the system prompt first."""
        return read_messages(self._call)

    @functools.cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that were offered."""
        return read_tools(self._call)

    @functools.cached_property
    def _answer(self) -> Answer:
        return read_answer(self._call, Interaction(self.request, self.response)) or Answer()

    @property
    def text(self) -> str:
        """What was answered in words; "" where the model only called tools, or failed."""
        return self._answer.text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that the model called."""
        return self._answer.tool_calls

    @property
    def usage(self) -> Usage | None:
        """Tokens; None where the response does not say."""
        return self._answer.usage

    @property
    def finish_reason(self) -> str | None:
        """The provider's own word."""
        return self._answer.finish_reason

    def __repr__(self) -> str:
        named = f"{self.provider} {self.operation}" + (f" {self.model}" if self.model else "")
        return f"<LlmCall {named}, {self.outcome}>"


def total_usage(calls: Iterable[LlmCall]) -> Usage:
    """The tokens of all calls together; a call that does not say counts as none."""
    known = [call.usage for call in calls if call.usage is not None]
    return Usage(
        prompt=sum(usage.prompt for usage in known),
        completion=sum(usage.completion for usage in known),
        cached=sum(usage.cached for usage in known),
        reasoning=sum(usage.reasoning for usage in known),
    )
