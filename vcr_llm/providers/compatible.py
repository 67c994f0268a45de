"""Azure OpenAI, and the hosts that speak OpenAI's API: whose they are, and what they add to it.

Sources: the providers' own API references, named in the rows. Operations here are OpenAI's (``openai
chat``), as what is asked and answered has its shape; `Call.provider` says whose host it is. Azure's
deployment in the path is in OpenAI's own rows, because gateways pass such paths on.
"""

from __future__ import annotations

import re

from vcr_llm.providers import anthropic, openai, openai_bodies, reranking
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDERS"]

_LOCAL = r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|host\.docker\.internal)"
"""Where a server of one's own is, whose port then tells which."""

_ADDED = {
    # docs.portkey.ai/docs/api-reference: a prompt kept there, filled in with variables
    "portkey": (
        Operation(
            "portkey",
            "prompt",
            re.compile(r"/prompts/(?P<model>[^/]+)/completions/?$"),
            ("variables",),
            answer=openai_bodies.read_chat,
        ),
    ),
    # docs.together.ai/reference/rerank
    "together": (
        Operation(
            "together",
            "rerank",
            re.compile(r"/v1/rerank/?$"),
            ("query", "documents"),
            answer=reranking.read_numbers,
        ),
    ),
}
"""What a host has beside OpenAI's operations."""

_HOSTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # Provider, its hosts, the variables its SDKs read an API key from.
    ("groq", r"api\.groq\.com", ("GROQ_API_KEY",)),
    ("together", r"api\.together\.(xyz|ai)", ("TOGETHER_API_KEY",)),
    ("deepseek", r"api\.deepseek\.com", ("DEEPSEEK_API_KEY",)),
    ("openrouter", r"(.+\.)?openrouter\.ai", ("OPENROUTER_API_KEY",)),
    ("cerebras", r"api\.cerebras\.ai", ("CEREBRAS_API_KEY",)),
    ("fireworks", r"(.+\.)?api\.fireworks\.ai", ("FIREWORKS_API_KEY",)),
    ("xai", r"(.+\.)?api\.x\.ai", ("XAI_API_KEY",)),
    ("perplexity", r"api\.perplexity\.ai", ("PERPLEXITY_API_KEY", "PPLX_API_KEY")),
    ("sambanova", r"api\.sambanova\.ai", ("SAMBANOVA_API_KEY",)),
    ("nvidia", r"integrate\.api\.nvidia\.com", ("NVIDIA_API_KEY",)),
    ("moonshot", r"api\.moonshot\.(ai|cn)", ("MOONSHOT_API_KEY",)),
    ("dashscope", r"dashscope(-intl)?\.aliyuncs\.com", ("DASHSCOPE_API_KEY",)),
    ("github", r"models\.(github\.ai|inference\.ai\.azure\.com)", ()),
    ("portkey", r"api\.portkey\.ai", ("PORTKEY_API_KEY",)),
)

_OWN_SERVERS = (
    # Servers people run themselves; port 8000, vLLM's, says nothing: half of all test servers have it.
    ("vllm", r"(.+[.-])?vllm([.-].+)?"),
    ("litellm", rf"(.+[.-])?litellm([.-].+)?|{_LOCAL}:4000"),
    ("lmstudio", rf"{_LOCAL}:1234"),
)

AZURE = Provider(
    # learn.microsoft.com/azure/ai-foundry/openai/reference. AZURE_OPENAI_API_KEY gets no placeholder:
    # where both it and OPENAI_API_KEY are set, openai's module-level client refuses to choose.
    name="azure",
    hosts=re.compile(
        r".+\.(openai|cognitiveservices|services\.ai|inference\.ai|models\.ai)\.azure\.(com|us)"
    ),
    operations=(*openai.OPERATIONS, *anthropic.OPERATIONS),
)

PROVIDERS = (
    *(
        Provider(
            name,
            re.compile(hosts),
            (*_ADDED.get(name, ()), *openai.OPERATIONS),
            key_variables=variables,
        )
        for name, hosts, variables in _HOSTS
    ),
    AZURE,
    *(Provider(name, re.compile(hosts)) for name, hosts in _OWN_SERVERS),
)
