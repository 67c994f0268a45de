"""The only package that knows vcrpy's shapes and private names (vcrpy 9.2 to 9.4, pytest-recording 0.14)."""

from __future__ import annotations

from vcr.cassette import CassetteContextDecorator
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.matchers import requests_match
from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister
from vcr.record_mode import RecordMode
from vcr.request import Request as VcrRequest
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

from vcr_llm.vcr_bridge.cassettes import (
    BridgedCassette,
    BridgedContext,
    Lookup,
    absent_patchers,
    copied,
    filters_of,
)
from vcr_llm.vcr_bridge.recording_plugin import (
    Prepare,
    default_cassette_name,
    extra_paths,
    merged_options,
    prepare_cassettes,
    writes_files_itself,
)
from vcr_llm.vcr_bridge.shapes import (
    RETRIED,
    RIDER,
    Pair,
    decoded,
    decoded_interaction,
    is_bare,
    recorded_pair,
    settle_body,
    status_of,
    stored_request,
    to_bare_response,
    to_headers,
    to_interaction,
    to_pair,
    to_request,
    without_rider,
    without_waiting,
)
from vcr_llm.vcr_bridge.watching import Watched, watch_cassettes, watch_vcrpys

__all__ = [
    "RETRIED",
    "RIDER",
    "BridgedCassette",
    "BridgedContext",
    "CannotOverwriteExistingCassetteException",
    "CassetteContextDecorator",
    "CassetteNotFoundError",
    "FilesystemPersister",
    "Lookup",
    "Pair",
    "Prepare",
    "RecordMode",
    "VcrRequest",
    "Watched",
    "absent_patchers",
    "copied",
    "decoded",
    "decoded_interaction",
    "default_cassette_name",
    "deserialize",
    "extra_paths",
    "filters_of",
    "is_bare",
    "jsonserializer",
    "merged_options",
    "prepare_cassettes",
    "recorded_pair",
    "requests_match",
    "serialize",
    "settle_body",
    "status_of",
    "stored_request",
    "to_bare_response",
    "to_headers",
    "to_interaction",
    "to_pair",
    "to_request",
    "watch_cassettes",
    "watch_vcrpys",
    "without_rider",
    "without_waiting",
    "writes_files_itself",
    "yamlserializer",
]
