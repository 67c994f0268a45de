"""Tokens in the words of OpenAI's API, and in those that compatible servers have for the same.

Sources: OpenAI API reference; for what is named otherwise api-docs.deepseek.com (prompt_cache_hit_tokens),
console.groq.com/docs (x_groq), docs.x.ai (reasoning beside the completion), docs.voyageai.com (a total).
"""

from __future__ import annotations

from typing import Any

from vcr_llm.providers.answers import Usage, members, number

__all__ = ["read_usage"]


def read_usage(value: Any) -> Usage | None:
    """The tokens in a ``usage`` object: under the older names, those of the Responses API, or a total."""
    counts = members(value)
    for prompt, completion in (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")):
        if prompt in counts:
            asked, generated = number(counts[prompt]), number(counts.get(completion))
            within = members(counts.get(f"{prompt}_details") or counts.get("prompt_token_details"))
            cached = (
                number(within.get("cached_tokens"))
                or number(counts.get("prompt_cache_hit_tokens"))
                or number(counts.get("cached_tokens"))
            )
            thought = number(members(counts.get(f"{completion}_details")).get("reasoning_tokens"))
            if thought and number(counts.get("total_tokens")) == asked + generated + thought:
                generated += thought  # counted beside the completion, not in it
            return Usage(asked, generated, cached, thought)
    if "total_tokens" in counts:  # of embeddings and reranks, which generate nothing
        return Usage(number(counts["total_tokens"]))
    return None
