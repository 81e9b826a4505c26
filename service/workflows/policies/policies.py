"""Policies for personal data: set, read, and applied to what is already stored.

Setting a policy alters no stored fact: the reply counts those that do not comply, and `apply` makes them, as a change
of the ledger like any other. Pseudonyms are recalled by the name they stand for, because the service makes the
pseudonym of what is asked with its key; the mapping back is needed only to read one, and can be forgotten.
"""

from collections.abc import Sequence

from schemas.policies import (
    Complied,
    Forgotten,
    NotCompliant,
    Policies,
    PoliciesPut,
    PoliciesSet,
    PseudonymAnswer,
    PseudonymQuery,
)
from schemas.problems import Code
from service import secret_files
from service.errors import Conflict, Outgrown, Unprocessable
from service.facts import Facts, fold_all
from service.ingest.privacy import policies as rules
from service.ingest.privacy.pseudonyms import Pseudonyms
from service.storage import Transaction, dictionaries, facts, names, policies, uploads
from service.storage.dictionaries import get_dictionary
from service.storage.stamps import new_id, now
from service.workflows import etags
from service.workflows.active_policies import ActivePolicies, get_active
from service.workflows.audit import Act, Event
from service.workflows.versions.publish import Advance, EditContext, if_current, order_training


def find(service: EditContext, ref: str) -> Policies:
    with service.db.reading() as tx:
        return policies.read_current(tx, get_dictionary(tx, ref).number)


def put(service: EditContext, ref: str, wanted: PoliciesPut, *, by: str, if_match: str | None) -> PoliciesSet:
    """Set all policies of the dictionary. Raises PreconditionFailed where they are not at the version of `if_match`,
    Unprocessable where two are about one relation, or one is about no name that a relation can have.
    """
    _check_names([policy.relation for policy in wanted.policies])
    with service.db.writing() as tx:
        row = dictionaries.lock(tx, get_dictionary(tx, ref).number) or get_dictionary(tx, ref)
        version = policies.read_version(tx, row.number)
        etags.check(if_match, version, "the set of policies")
        _refuse_named_subjects(tx, row.number, wanted)
        secret_files.make_policy(service.settings.secrets, row.id)
        policies.add(tx, row.number, wanted, by)
        details = {"version": version + 1, "policies": len(wanted.policies), "subjects": wanted.subjects}
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, details=details))
        current = policies.read_current(tx, row.number)
    with service.db.reading() as tx:
        _, applied = _applied(tx, service, get_dictionary(tx, ref))
    return PoliciesSet(**current.model_dump(), not_compliant=_not_compliant(applied))


def comply(service: EditContext, ref: str, *, by: str) -> Complied:
    """Make every stored fact what the policies want, in one change of the ledger, and serve it: at once, or by the job
    of a training. What held before stays in the ledger's history until it is purged.
    """
    with service.db.reading() as tx:
        dictionary = get_dictionary(tx, ref).id
    with Advance(service, dictionary) as advance:
        advance.prepare()
        with service.db.writing() as tx:
            row = dictionaries.lock(tx, get_dictionary(tx, dictionary).number) or get_dictionary(tx, dictionary)
            return _comply(tx, service, row, advance, by)


def resolve(service: EditContext, ref: str, query: PseudonymQuery, *, by: str) -> PseudonymAnswer:
    """What pseudonyms stand for, as far as the mapping is kept, and the pseudonyms of texts. An audit entry says who
    asked for how many.
    """
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        if not policies.read_version(tx, row.number):
            return PseudonymAnswer(texts=[None] * len(query.pseudonyms), pseudonyms=[])
        pseudonyms = Pseudonyms(secret_files.read_policy(service.settings.secrets, row.id))
        kept = dict(policies.find(tx, row.number, query.pseudonyms))
        texts = [pseudonyms.unseal(each, kept[each]) if each in kept else None for each in query.pseudonyms]
        details = {"resolved": len(query.pseudonyms), "made": len(query.texts)}
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, details=details))
    return PseudonymAnswer(texts=texts, pseudonyms=[pseudonyms.of(text) for text in query.texts])


def forget(service: EditContext, ref: str, pseudonym: str | None, *, by: str) -> Forgotten:
    """Delete the text behind one pseudonym, or behind every one. Facts stay, and the names behind them cannot be read
    again.
    """
    with service.db.writing() as tx:
        row = get_dictionary(tx, ref)
        count = policies.forget(tx, row.number, None if pseudonym is None else [pseudonym])
        service.auditor.record(tx, Event(Act.POLICY, by, row.id, details={"forgotten": count}))
    service.db.forget()
    return Forgotten(pseudonyms=count)


def _comply(tx: Transaction, service: EditContext, row: dictionaries.Row, advance: Advance, by: str) -> Complied:
    applying, applied = _applied(tx, service, row)
    distinct = Facts.of(dict.fromkeys(applied.columns.rows()))  # two answers may have become one
    plan = facts.plan(tx, row.number, distinct, replace=True, spared=())
    changed, dropped = applied.rows, len(applied.dropped)
    if not plan.diff.changes:
        return Complied(changed=0, dropped=0, memory=None, ledger_version=row.ledger_version, job=None)
    edit = new_id("edt")
    version = facts.apply(tx, row, uploads.add_edit(tx, row.number, edit, now(), by), plan)
    applying.remember(tx, row.number, applied.texts)
    details = {"edit": edit, "ledger_version": version, "changed": changed, "dropped": dropped}
    service.auditor.record(tx, Event(Act.POLICY, by, row.id, details=details))
    memory, job = None, None
    try:
        memory = if_current(tx, advance(tx, by=by, reason=f"policies {edit}"), version)
    except Outgrown:
        job = order_training(tx, row.number, by).id
    return Complied(changed=changed, dropped=dropped, memory=memory, ledger_version=version, job=job)


def _applied(
    tx: Transaction, service: EditContext, row: dictionaries.Row
) -> tuple[ActivePolicies, rules.AppliedPolicies]:
    """The policies, and the result of applying them to every current fact."""
    held = facts.read_facts(tx, row.number, row.ledger_version)
    current = get_active(tx, service.settings.secrets, row)
    return current, rules.AppliedPolicies(held) if current.rules is None else rules.apply_policies(held, current.rules)


def _not_compliant(applied: rules.AppliedPolicies) -> list[NotCompliant]:
    counts = applied.changed.copy()
    counts.update(applied.dropped_by_relation)
    listed = [NotCompliant(relation=relation, facts=count) for relation, count in counts.most_common()]
    return [*listed, NotCompliant(relation=None, facts=applied.subjects)] if applied.subjects else listed


def _refuse_named_subjects(tx: Transaction, dictionary: int, wanted: PoliciesPut) -> None:
    aliased = any(each.kind == "subject" for each in names.read_current(tx, dictionary).aliases)
    if aliased and wanted.subjects == "pseudonymise":
        raise Conflict("/names holds aliases of subjects, in clear: take them away first", code=Code.NAMES_IN_CLEAR)


def _check_names(relations: Sequence[str]) -> None:
    if any("\0" in relation for relation in relations):
        raise Unprocessable("a relation's name holds no NUL")
    folds = fold_all(relations)
    if len(set(folds)) < len(folds):
        raise Unprocessable("two policies are about one relation, or about spellings of one")
