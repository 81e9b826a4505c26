"""The promotion gate: what a memory must show before an alias moves to it.

It applies to a training's publication and to a switch by hand, of every alias but `challenger`, under which memories
are tried that have passed no gate. It does not apply to

- a rollback: the memory has served, and what goes wrong now must end now;
- an edit: only the blocks it touches are solved, and each was recalled from its own bytes before it was stored; all
  others are the champion's, byte for byte, and the champion was measured.
"""

import tomllib
from functools import partial

from pydantic import ValidationError

from schemas.gates import GateFigure, GateLimits, GateReply, GateVerdict, Priority, PriorityPair, PriorityPut
from schemas.problems import Code
from service.errors import Conflict, Unavailable, Unprocessable
from service.facts import trimmed
from service.memory import Facts, Memory
from service.settings import Settings
from service.storage import Database, aliases, dictionaries, facts, gates, memories
from service.storage.aliases import CHALLENGER, CHAMPION
from service.storage.dictionaries import get_dictionary
from service.storage.gates import Marks
from service.workflows.audit import Act, Event
from service.workflows.versions.loaded import load_from_disk
from service.workflows.versions.promotion_figures import Candidate, Measured, judge, measure
from service.workflows.versions.publish import EditContext

UNGATED = CHALLENGER


def read_limits(settings: Settings) -> GateLimits | None:
    """What gate.toml says: the file that the setting names, else the data folder's. None where there is no file.

    Raises Unavailable (gate_invalid) where it cannot be used, and says which key is wrong.
    """
    path = settings.gate or settings.data / "gate.toml"
    if settings.gate is None and not path.exists():
        return None
    try:
        return GateLimits.model_validate(tomllib.loads(path.read_text(encoding="utf-8")), strict=True)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise Unavailable(f"{path.name} cannot be used: {_explain(error)}", code=Code.GATE_INVALID) from None


def stored_candidate(db: Database, settings: Settings, row: dictionaries.Row, memory: memories.Record) -> Candidate:
    """Make a candidate of a stored memory, which is read only if it has to be measured."""
    taught, load = partial(_read_taught, db, row.number, memory), partial(_load, db, settings, memory)
    return Candidate(row.number, memory.id, taught, load)


def admit(db: Database, settings: Settings, alias: str, candidate: Candidate) -> None:
    """Pass if there is no gate, or the memory keeps its limits. What was measured is kept with the memory.

    Raises Conflict: gate_failed, or gate_not_decisive where the sample is too small to tell; both carry the figures.
    """
    wanted = read_limits(settings)
    if wanted is None or alias == UNGATED:
        return
    with db.reading() as tx:
        marks, kept = gates.read_marks(tx, candidate.dictionary), gates.find_measurement(tx, candidate.memory)
    measured = Measured(**kept) if kept is not None else None
    if measured is None or not measured.covers(wanted):
        measured = measure(candidate, wanted, marks)
        with db.writing() as tx:
            if gates.read_marks(tx, candidate.dictionary) == marks:
                gates.keep_measurement(tx, candidate.dictionary, candidate.memory, measured.to_json())
    _pass(judge(measured, wanted))


def show_promotion_gate(db: Database, settings: Settings, ref: str) -> GateReply:
    """The limits, and the champion's figures by them: its own, or those of the training that edits made it from."""
    wanted = read_limits(settings)
    with db.reading() as tx:
        row = get_dictionary(tx, ref)
        pairs, relations = gates.read_marks(tx, row.number)
        champion = aliases.find(tx, row.number, CHAMPION)
        served = memories.find_record(tx, champion.memory) if champion else None
        kept = (gates.find_measurement(tx, served.id) or gates.find_measurement(tx, served.lineage)) if served else None
    figures = judge(Measured(**kept), wanted) if kept is not None and wanted is not None else None
    return GateReply(limits=wanted, priority_pairs=len(pairs), priority_relations=len(relations), figures=figures)


def mark_priority(service: EditContext, ref: str, wanted: PriorityPut, *, by: str) -> Priority:
    """Mark these facts as priority and no others."""
    pairs = {(_name(pair.subject), _name(pair.relation)) for pair in wanted.pairs}
    relations = {_name(relation) for relation in wanted.relations}
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        gates.mark(tx, row.number, pairs, relations)
        details = {"priority_pairs": len(pairs), "priority_relations": len(relations)}
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, None, details))
        return _to_schema(gates.read_marks(tx, row.number))


def read_priority(db: Database, ref: str) -> Priority:
    with db.reading() as tx:
        return _to_schema(gates.read_marks(tx, get_dictionary(tx, ref).number))


def _pass(figures: list[GateFigure]) -> None:
    verdicts = {figure.verdict: figure for figure in reversed(figures)}
    shown = [figure.model_dump(mode="json") for figure in figures]
    if failed := verdicts.get(GateVerdict.FAIL):
        detail = f"the gate's limit for {failed.name} is {failed.limit}: {failed.count} of {failed.asked}"
        raise Conflict(detail, code=Code.GATE_FAILED, figures=shown)
    if open_ := verdicts.get(GateVerdict.NOT_DECISIVE):
        detail = f"{open_.asked} questions cannot show that {open_.name} keeps the limit of {open_.limit}"
        raise Conflict(f"{detail}: raise minimum_sample", code=Code.GATE_NOT_DECISIVE, figures=shown)


def _read_taught(db: Database, dictionary: int, memory: memories.Record) -> Facts:
    with db.reading() as tx:
        held = facts.read_facts(tx, dictionary, memory.ledger_version)
    return Facts(held.subjects, held.relations, held.answers)


def _load(db: Database, settings: Settings, memory: memories.Record) -> Memory:
    with db.reading() as tx:
        return load_from_disk(tx, settings, memory)


def _to_schema(marks: Marks) -> Priority:
    pairs, relations = marks
    listed = [PriorityPair(subject=subject, relation=relation) for subject, relation in sorted(pairs)]
    return Priority(pairs=listed, relations=sorted(relations))


def _name(name: str) -> str:
    """A name as the ledger stores it, without white space at its ends."""
    kept = trimmed(name)
    if not kept or "\0" in kept:
        raise Unprocessable("a name is empty or contains NUL")
    return kept


def _explain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return "; ".join(wrong)
    return str(error) or type(error).__name__
