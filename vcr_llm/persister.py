"""The persister: a cassette's file, its large binary bodies beside it, and the extra cassettes of a test."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vcr_llm import siblings, store, vcr_bridge
from vcr_llm.blobs import Blobs
from vcr_llm.errors import SecretFoundError, UnreadableCassetteError
from vcr_llm.formats import text_of
from vcr_llm.interaction import CassetteData, Interaction
from vcr_llm.rerecording import Batch, composed
from vcr_llm.schema import has_long_texts
from vcr_llm.scrub import DEFAULT, Finding, Ledger, Scrubber
from vcr_llm.serializer import (
    LLM_JSON,
    Content,
    Item,
    Stored,
    document,
    lay_out,
    leaves,
    load_pairs,
    to_interactions,
    to_items,
)
from vcr_llm.session import Session, Shelf, rejected_beside
from vcr_llm.vcr_bridge import CassetteNotFoundError, Pair

__all__ = ["Adding", "CassettePersister"]


_NOTHING: Final = Content([])


class CassettePersister:
    """Reads and writes one cassette, in place of the persister the ``vcr.VCR`` has.

    vcrpy's own and pytest-recording's write files in place and in the locale's encoding; theirs are
    replaced. Somebody's own persister keeps its work: it is given our serializer.

    With ``old_formats`` a cassette that has no file is read from an old one beside it (see `siblings`);
    saving then carries over what that holds and leaves it.
    """

    def __init__(self, wrapped: Any, scrubber: Scrubber = DEFAULT, *, old_formats: bool = False) -> None:
        self._wrapped = wrapped
        self._scrubber = scrubber
        self._old_formats = old_formats
        self.own = not vcr_bridge.writes_files_itself(wrapped)
        """Whether we read and write the file, and not somebody's own persister."""
        self.extras = vcr_bridge.extra_paths(wrapped)
        """The extra cassettes that the test names."""
        self._loaded = _NOTHING
        self.adding: Adding | None = None
        self.old_files: list[str] = []
        """The files in an old format that were read in place of cassettes of ours."""
        self.extra_files: list[str] = []
        """The extra cassettes that were read."""

    def load_cassette(self, cassette_path: str, serializer: Any) -> tuple[Any, ...]:
        """vcrpy's ``(requests, responses)``, and its metadata third where there is any."""
        if not self.own:
            loaded: tuple[Any, ...] = self._wrapped.load_cassette(cassette_path, serializer)
            return loaded
        content = self.load(cassette_path, serializer)
        requests = [request for request, _ in content.pairs]
        responses = [response for _, response in content.pairs]
        return (requests, responses, content.metadata) if content.metadata else (requests, responses)

    def load(self, cassette_path: str, serializer: Any) -> Content:
        """What a file of our own reading holds (see `own`). Raises vcrpy's `CassetteNotFoundError`."""
        content = _read(cassette_path, serializer) or self._read_sibling(cassette_path, serializer)
        if content is None:
            raise CassetteNotFoundError
        self._loaded = content
        return content

    def load_extras(self, serializer: Any, main: str) -> tuple[list[Pair], list[str]]:
        """The interactions of the extra cassettes, and the paths of those that do not exist."""
        pairs: list[Pair] = []
        missing: list[str] = []
        seen = {Path(main)}
        for named in self.extras:
            path = siblings.own_path(named) if self._old_formats else named
            if Path(path) in seen:
                continue
            seen.add(Path(path))
            content = _read(path, serializer) or self._read_sibling(path, serializer)
            if content is None:
                missing.append(path)
            else:
                pairs += content.pairs
                self.extra_files.append(path)
        return pairs, missing

    def _read_sibling(self, path: str, serializer: Any) -> Content | None:
        old = self._sibling(Path(path))
        if old is None:
            return None
        self.old_files.append(str(old))
        return _read(str(old), serializer)

    def _sibling(self, path: Path) -> Path | None:
        return siblings.sibling(path) if self._old_formats else None

    def save_cassette(self, cassette_path: str, cassette_dict: Mapping[str, Any], serializer: Any) -> None:
        """Replace the file in one step; after `adding`, with what it holds by then and what is added."""
        adding, self.adding = self.adding, None
        path = Path(cassette_path)
        pairs = list(zip(cassette_dict["requests"], cassette_dict["responses"], strict=True))
        metadata = cassette_dict.get("metadata")
        if self.own and serializer is LLM_JSON:
            # What is added to others' placeholders must not take theirs; what replaces them may, so that
            # recording again gives the same text again.
            grows = adding is not None and not (adding.replaces or adding.refreshes)
            ledger = Ledger.primed(_text_of(path)) if grows else Ledger()
            recorded = to_items(pairs, self._scrubber, ledger)
            if adding is None:
                self._write(path, recorded, self._loaded.head, metadata)
            else:
                self._add(path, recorded, metadata, adding)
            return
        cassette_dict = self._scrubbed(pairs, cassette_dict, serializer)
        if self.own:
            text = vcr_bridge.serialize(cassette_dict, serializer)
            self._refuse(path, self._scrubber.scan_text(text))
            store.write(path, text)
        else:
            self._wrapped.save_cassette(cassette_path, cassette_dict, serializer)

    def _scrubbed(
        self, pairs: list[Pair], cassette_dict: Mapping[str, Any], serializer: Any
    ) -> dict[str, Any]:
        """The same for another serializer or somebody's own persister: vcrpy's dict, without secrets."""
        clean = [vcr_bridge.to_pair(each) for each in to_interactions(pairs, self._scrubber)]
        if serializer is not LLM_JSON:
            clean = [(request, vcr_bridge.without_rider(response)) for request, response in clean]
        requests, responses = [pair[0] for pair in clean], [pair[1] for pair in clean]
        return {**cassette_dict, "requests": requests, "responses": responses}

    def can_add(self, serializer: Any) -> bool:
        """Whether recordings can be added to what the file holds by then: only to files of our own."""
        return self.own and serializer is LLM_JSON

    def _add(
        self, path: Path, recorded: list[Item], metadata: Mapping[str, Any] | None, adding: Adding
    ) -> None:
        session = adding.session
        shelf = Shelf(path, session.folder if session else None)
        batch = Batch(
            session.test if session else "",
            tuple(recorded),
            adding.replaces,
            adding.refreshes,
            adding.failed,
        )
        with shelf.locked():
            text = shelf.base()
            base = self._base(path, text)
            batches = shelf.add(batch, _load, _dump)
            identities = [_of_item(identity) for identity in adding.identities]
            outcome = composed(to_items(base.pairs, self._scrubber), batches, identities)
            head = base.head or self._loaded.head
            rejected = rejected_beside(path)
            if outcome.rejected is not None:
                self._write(rejected, outcome.rejected, head, None)
            elif adding.refreshes:
                store.remove(rejected)
            if outcome.items:
                self._write(path, outcome.items, head, metadata or base.metadata)
            elif text is None:
                store.remove(path)
            shelf.wrote()

    def _base(self, path: Path, text: str | None) -> Content:
        """What a cassette held before: its own text, or where it had none that of the old file beside it."""
        if text is not None:
            return self._loaded.again(text) or load_pairs(text, Blobs(path).read)
        old = self._sibling(path)
        return (_read(str(old), LLM_JSON) if old is not None else None) or Content([])

    def _write(
        self,
        path: Path,
        items: list[Item],
        head: CassetteData | None,
        metadata: Mapping[str, Any] | None,
    ) -> None:
        blobs = Blobs(path)
        entries = lay_out(items, head, blobs.save)
        for number, (item, entry) in enumerate(zip(items, entries, strict=True)):
            # What stood in the file has been looked at just now, by the same rules.
            if isinstance(item, Stored) and not item.clean:
                found = item.interaction
                if not leaves(self._scrubber, entry, found):
                    self._refuse(path, self._scrubber.scan(found, number))
        blobs.write()
        store.write(path, document(entries, head, metadata))
        blobs.remove_others()

    def _refuse(self, path: Path, findings: Sequence[Finding]) -> None:
        """The last gate: whatever hooks and additions have done, no secret goes to the disk."""
        if findings:
            raise SecretFoundError(str(path), map(str, findings))


@dataclass(frozen=True, slots=True)
class Adding:
    """How the next save adds to a cassette: see `Batch`. ``identities`` say what a recording replaces."""

    identities: Sequence[Callable[[Interaction], Hashable]]
    replaces: bool = False
    failed: bool = False
    session: Session | None = None

    @property
    def refreshes(self) -> bool:
        return self.session is not None and self.session.refresh


def _text_of(path: Path) -> Iterator[str]:
    """A cassette's text, read when the first placeholder needs it."""
    text = store.read(path)
    if text is not None:
        yield text


def _of_item(identity: Callable[[Interaction], Hashable]) -> Callable[[Item], Hashable]:
    return lambda item: identity(item.interaction)


def _load(text: str) -> list[Item]:
    return [Stored(interaction) for interaction in to_interactions(load_pairs(text).pairs)]


def _dump(items: list[Item]) -> str:
    return document(lay_out(items))


def _read(path: str, serializer: Any) -> Content | None:
    try:
        raw = store.read_bytes(path)
        if raw is None:
            return None
        text = text_of(raw)
        if not has_long_texts(text):
            raw = None  # so that it does not lie beside what is made of it
        if serializer is LLM_JSON or serializer in (vcr_bridge.yamlserializer, vcr_bridge.jsonserializer):
            return load_pairs(text, lambda name: Blobs(Path(path)).read(name), raw)
        requests, responses, *metadata = vcr_bridge.deserialize(text, serializer)
    except UnreadableCassetteError as error:
        raise error.at(path) from None
    return Content(list(zip(requests, responses, strict=True)), metadata=metadata[0] if metadata else None)
