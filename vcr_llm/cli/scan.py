"""``vcr-llm scan``: secrets in cassettes of any format, found or taken out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from vcr_llm.interaction import Interaction
    from vcr_llm.scrub import Finding, Scrubber
    from vcr_llm.vcr_bridge import VcrRequest


@dataclass(frozen=True, slots=True)
class Located:
    """A finding, and its file; ``line`` counts from 1 and is 1 where only the document's path is known."""

    path: str
    line: int
    finding: Finding


@click.command("scan")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--fix", is_flag=True, help="Put placeholders in the secrets' places and save the files.")
@click.option("--personal-data", is_flag=True, help="Also find email addresses, phone and card numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, an object per finding.")
@click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0, for code scanning.")
def command(paths: Sequence[str], fix: bool, personal_data: bool, as_json: bool, sarif: bool) -> None:
    """Find secrets in cassettes.

    PATH is a cassette of any format (vcr-llm, llm-mock, vcrpy's YAML and JSON, gzip-compressed or not) or a
    folder, in which all cassettes are scanned. Secrets are known shapes of keys, credentials by the name of
    their field, and the values of environment variables named like credentials. They are never printed.

    The exit code is 1 if a secret is found (with --fix: if one is left) or a file cannot be read. If none of
    the files can, --json and --sarif print nothing.
    """
    import os

    if as_json and sarif:
        raise click.UsageError("--json and --sarif are two formats; choose one")
    from vcr_llm.cli import cassettes
    from vcr_llm.errors import UnreadableCassetteError, UnwritableCassetteError
    from vcr_llm.scrub import Scrubber, credential_values

    scrubber = Scrubber(values=credential_values(os.environ), personal=personal_data)
    found: list[Located] = []
    problems: list[str] = []
    fixed = 0
    looked_at = False
    for file in cassettes.named(paths, problems.append):
        try:
            findings = _scan(file, scrubber)
            if findings and fix:
                _fix(file, scrubber)
                left = _scan(file, scrubber)
                fixed += len(findings) - len(left)
                findings = left
        except (UnreadableCassetteError, UnwritableCassetteError) as error:
            problems.append(str(error))
            continue
        looked_at = True
        found += findings
    if (sarif or as_json) and problems and not looked_at:
        pass  # an empty list would say that there are no secrets
    elif sarif:
        click.echo(json.dumps(_sarif(found), indent=2))
    elif as_json:
        rows = [{"path": each.path, "line": each.line, **asdict(each.finding)} for each in found]
        click.echo(json.dumps(rows, indent=2))
    else:
        _print(found, fixed, clean=not problems)
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if found or problems else 0)


def _scan(path: Path, scrubber: Scrubber) -> list[Located]:
    """What is in the interactions, by their place in the document, and what else is in the text."""
    from vcr_llm import store, vcr_bridge
    from vcr_llm.errors import UnreadableCassetteError
    from vcr_llm.serializer import load_pairs

    text = store.read(path)
    if text is None:
        return []
    findings = list(scrubber.scan_text(text))
    in_text = {(each.rule, each.preview) for each in findings}

    def told(value: str) -> bool:
        """Whether the secret in a header is found in the text, where its line is known."""
        found = {(each.rule, each.preview) for each in scrubber.scan_text(value)}
        return bool(found) and found <= in_text

    try:
        pairs = load_pairs(text).pairs
        for number, (request, response) in enumerate(pairs):
            interaction = vcr_bridge.to_interaction(request, vcr_bridge.decoded(response))
            findings += scrubber.scan(interaction, number)
            unsaid = {name: value for name, value in _headers(request).items() if not told(value)}
            findings += scrubber.scan(_with_headers(unsaid), number)
    except UnreadableCassetteError as error:
        # What is no cassette is scanned as text; what is damaged may hold secrets all the same.
        if not findings:
            raise error.at(str(path)) from None
    return [Located(str(path), _line(text, each), each) for each in _distinct(findings)]


def _headers(request: VcrRequest) -> dict[str, str]:
    """The headers of a recorded request; in cassettes of ours there are none."""
    return {
        str(name): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }


def _with_headers(headers: Mapping[str, str]) -> Interaction:
    """An interaction whose request says in its body what headers say: there names count (``api-key``).

    vcrpy's documents have a request's headers at just this place.
    """
    from vcr_llm.interaction import Body, Interaction, Request, Response

    body = Body.of_json({"headers": dict(headers)})
    return Interaction(Request("GET", "", body), Response(200, "", {}, Body(b"")))


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Each once: what is found in the text is found in an interaction too, where its place has a name."""
    by_secret: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_secret.setdefault((finding.rule, finding.preview), []).append(finding)
    chosen: list[Finding] = []
    for same in by_secret.values():
        placed = [finding for finding in same if not finding.where.startswith("line ")]
        chosen += sorted(set(placed or same))
    return sorted(chosen)


def _line(text: str, finding: Finding) -> int:
    """The line of a finding: as it says, or where its document's path leads."""
    import re

    from vcr_llm.jsonplace import place_of

    said = re.match(r"line (\d+)", finding.where)
    if said:
        return int(said.group(1))
    if not text.lstrip().startswith("{"):
        return 1
    steps = re.findall(r"\[(\d+)\]|\[\"(.*?)\"\]|([^.\[\]]+)", finding.where)
    keys = [int(number) if number else quoted or plain for number, quoted, plain in steps]
    try:
        return place_of(text, keys)[0]
    except (ValueError, IndexError, RecursionError):
        return 1


def _fix(path: Path, scrubber: Scrubber) -> None:
    """Take the secrets out of a file; a document of ours is written again, other formats keep their text."""
    from vcr_llm import VCR, schema, store
    from vcr_llm.errors import UnreadableCassetteError
    from vcr_llm.persister import CassettePersister
    from vcr_llm.scrub import Ledger
    from vcr_llm.serializer import LLM_JSON

    text = store.read(path)
    assert text is not None
    try:
        ours = text.lstrip().startswith("{") and schema.is_document(schema.load_json(text))
    except UnreadableCassetteError:
        ours = False
    if ours:
        persister = CassettePersister(VCR().persister, scrubber)
        requests, responses, *metadata = persister.load_cassette(str(path), LLM_JSON)
        whole = {
            "requests": requests,
            "responses": responses,
            **({"metadata": metadata[0]} if metadata else {}),
        }
        persister.save_cassette(str(path), whole, LLM_JSON)
        return
    _save(path, scrubber.text(text, Ledger.primed([text])))
    if _scan(path, scrubber):
        # What only the name of its field gives away is found in the interactions, not in the text.
        _save(path, _vcrpys_text(store.read(path) or "", scrubber))


def _save(path: Path, text: str) -> None:
    import gzip

    from vcr_llm import store

    raw = text.encode("utf-8")
    store.write_bytes(path, gzip.compress(raw) if path.suffix == ".gz" else raw)


def _vcrpys_text(text: str, scrubber: Scrubber) -> str:
    """A vcrpy cassette written again by its own serializer, its URLs and bodies scrubbed."""
    from vcr_llm import vcr_bridge
    from vcr_llm.scrub import Ledger
    from vcr_llm.serializer import load_pairs, to_interactions

    pairs = load_pairs(text).pairs
    ledger = Ledger.primed([text])
    clean = [vcr_bridge.to_pair(each) for each in to_interactions(pairs, scrubber, ledger)]
    for (old, response), (new, scrubbed) in zip(pairs, clean, strict=True):
        headers = scrubber.request(_with_headers(_headers(old)).request, ledger).body
        assert headers is not None
        new.headers = headers.json["headers"]
        scrubbed["headers"] = vcr_bridge.decoded(response)["headers"]
    requests, responses = [pair[0] for pair in clean], [vcr_bridge.without_rider(pair[1]) for pair in clean]
    is_json = text.lstrip().startswith("{")
    serializer = vcr_bridge.jsonserializer if is_json else vcr_bridge.yamlserializer
    dumped: str = vcr_bridge.serialize({"requests": requests, "responses": responses}, serializer)
    return dumped


def _print(found: Sequence[Located], fixed: int, *, clean: bool) -> None:
    from vcr_llm.cli.lines import Line, echo_lines

    lines: list[Line] = [
        [
            (f"{each.path}:{each.line}: ", "bold"),
            (each.finding.rule, "red"),
            (f"  {each.finding.preview}", ""),
        ]
        + ([] if each.finding.where.startswith("line ") else [(f"  {each.finding.where}", "dim")])
        for each in found
    ]
    if fixed:
        lines.append([(f"{fixed} secret{'' if fixed == 1 else 's'} replaced by placeholders.", "green")])
    if found:
        files = len({each.path for each in found})
        secrets = f"{len(found)} secret{'' if len(found) == 1 else 's'}"
        lines.append([(f"{secrets} in {files} file{'' if files == 1 else 's'}.", "bold")])
        lines.append(
            [("Take them out with: vcr-llm scan --fix PATH, and revoke keys that were committed.", "")]
        )
    elif clean and not fixed:
        lines.append([("No secrets found.", "")])
    echo_lines(lines)


def _sarif(found: Sequence[Located]) -> dict[str, Any]:
    """A SARIF 2.1.0 log (OASIS): one run, a result per finding."""
    import vcr_llm

    rules = sorted({each.finding.rule for each in found})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "vcr-llm scan",
                        "version": vcr_llm.__version__,
                        "rules": [
                            {"id": rule, "shortDescription": {"text": f"A secret in a cassette: {rule}"}}
                            for rule in rules
                        ],
                    }
                },
                "results": [
                    {
                        "ruleId": each.finding.rule,
                        "level": "error",
                        "message": {"text": f"{each.finding.rule} at {each.finding.where}"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": Path(each.path).as_posix()},
                                    "region": {"startLine": each.line},
                                }
                            }
                        ],
                    }
                    for each in found
                ],
            }
        ],
    }
