"""The cassette's JSON document: text to `CassetteData` and back.

A valid llm-mock document (versions 1.0 and 2.0 are read, 2.0 is written; its JSON Schema is
``cassette.schema.json`` beside this file). What llm-mock has no room for stands per interaction in one
extra object, ``http``, which llm-mock ignores: method, URL, status, reason, response headers, bodies
that are neither a JSON object nor a stream of events, and the framing of a stream.

Nothing stands twice: a JSON body only as JSON, a stream only as events. A body whose parsed form would
lose something (see `jsontext` and `sse`) is kept as text, bytes that are no text as base64 or in a file.
"""

from vcr_llm.schema.dumping import document, dump, lay_out
from vcr_llm.schema.entries import Entries, has_long_texts, open_document
from vcr_llm.schema.loading import is_document, load, load_json
from vcr_llm.schema.standing import Standing

__all__ = [
    "Entries",
    "Standing",
    "document",
    "dump",
    "has_long_texts",
    "is_document",
    "lay_out",
    "load",
    "load_json",
    "open_document",
]
