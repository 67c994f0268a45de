"""What `vcr-llm demo` runs against: a local provider, so that it needs no key and no network."""

from vcr_llm.demo.provider import Answer, LocalProvider, Received, Route

__all__ = ["Answer", "LocalProvider", "Received", "Route"]
