"""The house: floors, promises, and the private names of vcrpy that we stand on."""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import gc
import http.client
import importlib.util
import inspect
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import vcr
import vcr.cassette
import vcr.config
import vcr.patch
import vcr.request
import vcr.stubs.httpx_stubs
from wire import WireProvider

import vcr_llm

PACKAGE = Path(vcr_llm.__file__).parent

FLOORS = [
    {"errors", "jsontext", "jsonplace", "content", "multipart", "placeholder", "sdk_errors"},
    {"longtexts"},
    {"streams"},
    {"interaction"},
    {"providers"},
    {"calls", "fingerprint", "normalizers", "scrub", "side_calls"},
    {"diff", "ranking", "rerecording", "run_report", "schema"},
    {"formats"},
    {"callers", "grpc_calls", "open_cassettes", "report", "siblings", "store", "vcr_bridge"},
    {"blobs", "matchers", "miss", "pairs", "session"},
    {"serializer"},
    {"cassette_files", "persister", "prices", "traffic"},
    {"cassette", "migrate"},
    {"audit", "recorder"},
    {"dropin"},
    {"demo", "pytest_plugin", "suites"},
    {"cli"},
]
"""A module imports only from the floors below its own; inside a package its files may import each other."""

PURE = 8
"""The floors from the bottom that touch no disk, clock, environment, vcrpy or pytest."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if name_of(path) != "__init__")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_lower_floors(path: Path) -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    own = name_of(path)
    assert own in floor, f"{own} has no floor"
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "vcr_llm" and len(parts) > 1 and parts[1] != own and parts[1] in floor:
            assert floor[parts[1]] < floor[own], f"{own} imports {parts[1]} of its own floor or above"


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if name_of(path) in set().union(*FLOORS[:PURE])],
    ids=lambda path: path.stem,
)
def test_the_core_is_pure(path: Path) -> None:
    outside = {"os", "io", "pathlib", "time", "socket", "vcr", "pytest", "pytest_recording"}
    assert not {module.split(".")[0] for module in imports(path)} & outside
    assert ".now(" not in path.read_text(encoding="utf-8")


def test_all_is_sorted_and_every_name_is_there() -> None:
    assert vcr_llm.__all__ == sorted(vcr_llm.__all__)
    for name in vcr_llm.__all__:
        assert getattr(vcr_llm, name) is not None
    assert set(vcr_llm.__all__) <= set(dir(vcr_llm))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vcr_llm.nothing


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("module", ["vcr_llm", "vcr_llm.pytest_plugin"])
def test_importing_it_costs_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"vcr", "yaml", "click", "rich", "openai", "anthropic", "httpx", "httpx2", "aiohttp", "hashlib"}
    loaded = set(run.stdout.split())
    # pytest itself loads some; what counts is what comes on top of it.
    if module.endswith("plugin"):
        run = subprocess.run(
            [sys.executable, "-c", "import pytest, sys; print(*sys.modules)"],
            capture_output=True,
            text=True,
            check=True,
        )
        loaded -= set(run.stdout.split())
    assert not loaded & heavy


# --- vcrpy's private names (they are used in vcr_bridge only) ----------------------------------------


def test_the_cassettes_private_attributes_are_still_there() -> None:
    cassette = vcr.cassette.Cassette("x")
    private = "persister serializer match_on before_record_request loaded_count old_interactions path"
    public = "data dirty rewound play_counts record_mode"
    methods = "_load _save _persist _played_interactions"
    names = [*(f"_{name}" for name in private.split()), *public.split(), *methods.split()]
    assert [name for name in names if not hasattr(cassette, name)] == []


def test_the_stubs_still_ask_in_the_order_we_rely_on() -> None:
    source = inspect.getsource(vcr.stubs.httpx_stubs._vcr_request)
    play, refuse = (
        source.index("can_play_response_for"),
        source.index("write_protected and cassette.filter_request"),
    )
    assert play < refuse


def test_an_opened_cassette_is_patched_in_by_the_context_and_asked_by_its_attributes() -> None:
    """What `vcr_bridge.watch_cassettes` stands on."""
    entering = inspect.getsource(vcr.cassette.CassetteContextDecorator.__enter__)
    assert entering.index("self.cls.load(") < entering.index("self._patch_generator(self.__cassette)")
    source = inspect.getsource(vcr.stubs.httpx_stubs)
    assert "cassette.can_play_response_for(" in source
    assert "cassette.play_response(" in source
    assert "self.__cassette._save()" in inspect.getsource(vcr.cassette.CassetteContextDecorator.__exit__)


def test_the_cassette_is_made_from_the_merged_config() -> None:
    merged = vcr.VCR().get_merged_config(path="x")
    parameters = inspect.signature(vcr.cassette.Cassette.__init__).parameters
    leftover = set(merged) - set(parameters)
    assert leftover == {"path_transformer", "func_path_generator", "record_on_exception"}
    assert leftover == set(vcr.cassette.CassetteContextDecorator._non_cassette_arguments)


def test_pytest_recordings_persister_still_names_its_extra_cassettes() -> None:
    from pytest_recording._vcr import CombinedPersister

    from vcr_llm.vcr_bridge import extra_paths, writes_files_itself

    persister = CombinedPersister(["a", "b"])
    assert extra_paths(persister) == ("a", "b")
    assert not writes_files_itself(persister)
    assert not writes_files_itself(vcr.VCR().persister)


def test_a_requests_filters_are_where_we_read_them() -> None:
    from vcr_llm.vcr_bridge import filters_of

    assert filters_of(vcr.VCR().get_merged_config(path="x")["before_record_request"]) == []
    hook = vcr.VCR(filter_headers=["authorization"], before_record_request=str)
    found = filters_of(hook.get_merged_config(path="x")["before_record_request"])
    assert found is not None
    assert len(found) == 2
    assert filters_of(lambda request: request) is None


def test_a_copied_request_shares_nothing_that_can_change() -> None:
    from vcr_llm.vcr_bridge import VcrRequest, copied

    for body in (b"{}", None, {"a": [1]}, iter([b"1", b"2"])):
        request = VcrRequest("POST", "https://a.test/x?y=1", body, {"Accept": "a"})
        twin = copied(request)
        assert vars(twin).keys() == vars(request).keys()
        assert (twin.method, twin.uri, twin._body) == (request.method, request.uri, request._body)
        twin.headers["Accept"] = "b"
        twin.headers["New"] = "c"
        assert dict(request.headers) == {"Accept": "a"}
        assert body is None or isinstance(body, bytes) or twin._body is not request._body


def test_the_libraries_vcrpy_patches_are_still_known_by_what_it_keeps_of_them() -> None:
    """Every one that is installed is found, and no patcher has another name."""
    from vcr_llm import vcr_bridge

    known = vcr_bridge.cassettes._MADE_OF
    assert known.keys() <= set(vcr.patch.PATCHER_NAMES)
    source = inspect.getsource(vcr.patch)
    assert [kept for _, kept in known.values() if f"{kept} = " not in source] == []
    installed = {name for name, (library, _) in known.items() if importlib.util.find_spec(library)}
    assert installed.isdisjoint(vcr_bridge.absent_patchers())
    assert {"httpx2", "aiohttp"} <= installed


def test_the_environment_is_still_a_mapping_over_what_is_compared_to_see_whether_it_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from vcr_llm import recorder

    assert isinstance(os.environ._data, dict)  # type: ignore[attr-defined]
    before = recorder._credentials()
    assert recorder._credentials() is before
    monkeypatch.setenv("SOME_NEW_API_KEY", "sk-4fQ7zW2mX9cV1bN8tR5y")
    assert dict(recorder._credentials()) == {**dict(before), "SOME_NEW_API_KEY": "sk-4fQ7zW2mX9cV1bN8tR5y"}
    monkeypatch.delenv("SOME_NEW_API_KEY")
    assert recorder._credentials() == before


def test_pytest_still_tells_which_fixture_a_test_gets(request: pytest.FixtureRequest) -> None:
    from vcr_llm.pytest_plugin.fixture_lookup import definitions

    assert [each.argname for each in definitions(request.node, "vcr_config")] == ["vcr_config"]
    assert definitions(request.node, "no_such_fixture") == ()


@contextlib.contextmanager
def _patched(cassette: vcr.cassette.Cassette) -> Iterator[None]:
    from vcr_llm.vcr_bridge import patching

    yield from patching.patching(cassette)


def _patched_by(cassette: vcr.cassette.Cassette, build: Any) -> list[tuple[Any, str]]:
    found = [each for each in build(cassette).build() if not isinstance(each, vcr.patch.ConnectionRemover)]
    return [each[:2] if isinstance(each, tuple) else (each.getter(), each.attribute) for each in found]


def test_the_very_names_that_vcrpy_replaces_are_replaced_and_come_back() -> None:
    from vcr_llm.vcr_bridge import patching

    cassette = vcr.cassette.Cassette("x")
    for skipped in [(), ("requests",), ("urllib3",), ("requests", "urllib3"), ("httpx2", "httplib")]:
        some = vcr.cassette.Cassette("x", skip_patchers=skipped)
        ours = _patched_by(some, patching._Builder)
        assert set(ours) == set(_patched_by(some, vcr.patch.CassettePatcherBuilder))
        assert len(ours) == len(set(ours)), "a name that is replaced twice"
    theirs = _patched_by(cassette, vcr.patch.CassettePatcherBuilder)
    before = [(name in vars(owner), getattr(owner, name)) for owner, name in theirs]
    with _patched(cassette):
        inside = [getattr(owner, name) for owner, name in theirs]
        assert vcr.stubs.httpx_stubs.VcrRequest is patching.LiveRequest
        with pytest.raises(RuntimeError), _patched(cassette):
            raise RuntimeError
        assert [getattr(owner, name) for owner, name in theirs] == inside
    assert all(new is not old for new, (_, old) in zip(inside, before, strict=True))
    assert [(name in vars(owner), getattr(owner, name)) for owner, name in theirs] == before
    assert vcr.stubs.httpx_stubs.VcrRequest is vcr.request.Request


def _kinds(names: list[tuple[Any, str]]) -> list[Any]:
    """What stands at these names now: a subclass of which class, a wrapper of which function."""
    found = [getattr(owner, name) for owner, name in names]
    return [each.__bases__ if isinstance(each, type) else inspect.unwrap(each).__qualname__ for each in found]


def test_what_replaces_a_name_is_what_vcrpy_replaces_it_by() -> None:

    cassette = vcr.cassette.Cassette("x")
    names = _patched_by(cassette, vcr.patch.CassettePatcherBuilder)
    with contextlib.ExitStack() as stack:
        for each in vcr.patch.CassettePatcherBuilder(cassette).build():
            stack.enter_context(each)
        theirs = _kinds(names)
    with _patched(cassette):
        assert _kinds(names) == theirs


def _held_by(made: Any) -> list[Any]:
    """What a replacement knows: the attribute of a class, the variables of functions and of those in them."""
    if isinstance(made, type):
        return [getattr(made, "cassette", None)]
    held = [cell.cell_contents for cell in getattr(made, "__closure__", None) or ()]
    held = [each for each in held if each is not made]
    return [*held, *(deeper for each in held for deeper in _held_by(each))]


def _opened(use: Any = None, **options: Any) -> list[Any]:
    """What stands at the names that vcrpy replaces, while a cassette is open that is used like this."""
    from vcr_llm.vcr_bridge import patching

    cassette = vcr.cassette.Cassette("x", **options)
    with _patched(cassette):
        if use is not None:
            use()
        found = [getattr(owner, name) for owner, name in _patched_by(cassette, patching._Builder)]
        for each in found:
            if isinstance(each, type):
                assert each.cassette is cassette
                assert each.__name__ == f"{each.__base__.__name__}x"
        held = [id(one) for each in found for one in _held_by(each) if isinstance(one, vcr.cassette.Cassette)]
        assert set(held) == {id(cassette)}
        assert len(held) >= 15, "functions and classes of all libraries"
    return found


def test_what_replaces_the_names_serves_the_next_cassette_if_nobody_has_used_it() -> None:
    first = _opened()
    assert _opened() == first
    assert _opened(lambda: http.client.HTTPConnection("a.test")) == first
    after = _opened()
    assert not any(one is other for one, other in zip(after, first, strict=True))
    kept: list[type] = []
    assert _opened(lambda: kept.append(type("Derived", (http.client.HTTPConnection,), {}))) == after
    assert _opened()[0] is not after[0]


def test_what_replaces_the_names_is_made_anew_where_something_else_stands_there() -> None:
    import httpx2
    import urllib3.connectionpool

    usual = _opened()
    original = httpx2.HTTPTransport.handle_request

    def somebodys(transport: Any, request: Any) -> Any:
        return original(transport, request)

    with mock.patch.object(httpx2.HTTPTransport, "handle_request", somebodys):
        other = _opened()
        assert not any(one is another for one, another in zip(other, usual, strict=True))
    pool = urllib3.connectionpool.HTTPConnectionPool
    with mock.patch.object(pool, "_get_conn", functools.partialmethod(pool._get_conn)):
        assert _opened() != _opened(), "vcrpy's function calls one of which nobody knows what it holds"
    original_get = pool._get_conn

    def again(self: Any, timeout: Any = None, once: bool = False) -> Any:
        return original_get(self, timeout) if once else again(self, timeout, True)

    with mock.patch.object(pool, "_get_conn", again):
        _opened()  # one that knows itself is looked into once
    assert _opened() == usual
    assert _opened(custom_patches=[(http.client, "HTTP_PORT", 81)])[0] is not usual[0]
    assert http.client.HTTP_PORT == 80
    assert len(_opened(skip_patchers=("httpx2",))) < len(usual)
    assert _opened() == usual


def test_of_a_closed_cassette_nothing_remains_at_the_names() -> None:
    from vcr_llm.vcr_bridge import patching

    class Weak(vcr.cassette.Cassette):  # type: ignore[misc]
        pass

    cassette = Weak("x")
    gone = weakref.ref(cassette)
    with _patched(cassette):
        outer = http.client.HTTPConnection
        with _patched(vcr.cassette.Cassette("y")):
            assert http.client.HTTPConnection is not outer
        assert http.client.HTTPConnection is outer
    assert patching._spare
    del cassette, outer
    gc.collect()
    assert gone() is None
    assert len(patching._spare) <= patching._SPARE


def test_a_connection_class_that_outlives_its_cassette_goes_live(provider: WireProvider) -> None:

    cassette = vcr.cassette.Cassette("x")
    with _patched(cassette):
        kept = http.client.HTTPConnection
    connection = kept(provider.url.removeprefix("http://"))
    connection.request("GET", "/plain")
    assert connection.getresponse().status == 200
    connection.close()
    assert len(cassette) == 0


def test_the_request_of_a_live_call_is_vcrpys_own_but_for_when_its_parts_are_made() -> None:
    import httpx2

    from vcr_llm.vcr_bridge import copied
    from vcr_llm.vcr_bridge.patching import LiveRequest

    sent = httpx2.Headers([("Accept", "a"), ("Accept", "b"), ("X-Key", "k")])
    asked = ("POST", "https://a.test/x?y=1", b"{}")
    ours, theirs = LiveRequest(*asked, sent), vcr.request.Request(*asked, httpx2.Headers(sent))
    sent["X-Key"] = "changed after the call"
    for same in (ours, copy.copy(ours), copy.deepcopy(ours), copied(ours), copied(LiveRequest(*asked, sent))):
        same.headers.pop("x-key")
        theirs.headers.pop("x-key", None)
        assert isinstance(same, vcr.request.Request)
        assert isinstance(same.headers, type(theirs.headers))
        assert list(same.headers.items()) == list(theirs.headers.items())
        assert same._to_dict() == theirs._to_dict()
        for name in (
            "uri",
            "url",
            "scheme",
            "protocol",
            "host",
            "port",
            "path",
            "query",
            "parsed_uri",
            "body_bytes",
        ):
            assert getattr(same, name) == getattr(theirs, name)
    assert vars(theirs).keys() - vars(ours).keys() <= {"parsed_uri"}
    ours.uri = theirs.uri = "http://b.test/y"
    assert (ours.host, ours.port, ours.path) == (theirs.host, theirs.port, theirs.path)
    ours.body = theirs.body = "text"
    assert ours.body == theirs.body == b"text"
    ours.headers = {"a": "b"}
    assert dict(ours.headers) == {"a": "b"}
    assert str(ours) == str(theirs)
