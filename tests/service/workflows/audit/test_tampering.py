"""Somebody who can write the database, but has not the audit secret, is found out."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, delete, insert, select, update

from schemas.audit import Tampering
from service.storage.tables.access import audit_entries as entries
from service.storage.tables.access import audit_head, audit_salts
from service.workflows.audit.chain import Chain
from tests.examples import examples
from tests.service.workflows.audit.chains import Audited, event

LAST = 30
TABLES = (entries, audit_salts, audit_head)

numbers = st.integers(1, LAST)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
blobs = st.binary(max_size=40)
whole = st.integers(-(2**31), 2**31 - 1)
VALUES = {"INTEGER": whole, "BIGINT": whole, "TEXT": texts, "BLOB": blobs}


def content(tx: Connection) -> list[list[tuple[object, ...]]]:
    return [[tuple(row) for row in tx.execute(select(table).order_by(table.c[0]))] for table in TABLES]


def alter(tx: Connection, draw: Callable[..., Any], table: Table) -> None:
    """Another value in any column of any row."""
    keys = list(tx.scalars(select(table.c[0])))
    key = draw(st.sampled_from(keys))
    column = draw(st.sampled_from(list(table.c)))
    value = draw(VALUES[str(column.type)])
    taken = column.primary_key and tx.scalar(select(column).where(column == value)) is not None
    assume(not taken)
    tx.execute(update(table).where(table.c[0] == key).values({column: value}))


def flip_a_bit(tx: Connection, draw: Callable[..., Any], _: Table) -> None:
    number, column = draw(numbers), draw(st.sampled_from(["mac", "previous", "commitments"]))
    before = tx.scalar(select(entries.c[column]).where(entries.c.number == number))
    assume(before)
    assert before is not None
    at = draw(st.integers(0, 8 * len(before) - 1))
    after = bytearray(before)
    after[at // 8] ^= 1 << at % 8
    tx.execute(update(entries).where(entries.c.number == number).values({column: bytes(after)}))


def remove(tx: Connection, draw: Callable[..., Any], table: Table) -> None:
    tx.execute(delete(table).where(table.c[0] == draw(st.sampled_from(list(tx.scalars(select(table.c[0])))))))


def remove_and_close_up(tx: Connection, draw: Callable[..., Any], _: Table) -> None:
    """An entry goes, and those after it move up; so does the head, whose seal nobody can make."""
    gone = draw(numbers)
    for table in (entries, audit_salts):
        key = table.c[0]
        tx.execute(delete(table).where(key == gone))
        for number in range(gone + 1, LAST + 1):
            tx.execute(update(table).where(key == number).values({key: number - 1}))
    tx.execute(update(audit_head).values(entries=LAST - 1))


def swap(tx: Connection, draw: Callable[..., Any], table: Table) -> None:
    """Two rows change their places."""
    key = table.c[0]
    one, other = draw(st.lists(st.sampled_from(list(tx.scalars(select(key)))), min_size=2, max_size=2, unique=True))
    for before, after in ((one, -1), (other, one), (-1, other)):
        tx.execute(update(table).where(key == before).values({key: after}))


def add(tx: Connection, draw: Callable[..., Any], table: Table) -> None:
    """A copy of a row under a number of its own."""
    key = table.c[0]
    row = tx.execute(select(table).where(key == draw(st.sampled_from(list(tx.scalars(select(key))))))).one()
    number = draw(st.sampled_from([-1, 0, LAST + 1, LAST + 2]))
    tx.execute(insert(table).values({**row._mapping, key.name: number}))


def cut_tail(tx: Connection, draw: Callable[..., Any], _: Table) -> None:
    """The last entries go, and the head is made to agree, but for its seal."""
    last = draw(st.integers(0, LAST - 1))
    tx.execute(delete(entries).where(entries.c.number > last))
    tx.execute(delete(audit_salts).where(audit_salts.c.entry > last))
    mac = tx.scalar(select(entries.c.mac).where(entries.c.number == last)) or bytes(32)
    if draw(st.booleans()):
        tx.execute(update(audit_head).values(entries=last, mac=mac))


def cut_head(tx: Connection, draw: Callable[..., Any], _: Table) -> None:
    first = draw(st.integers(2, LAST + 1))
    tx.execute(delete(entries).where(entries.c.number < first))
    tx.execute(delete(audit_salts).where(audit_salts.c.entry < first))


def forge(tx: Connection, draw: Callable[..., Any], _: Table) -> None:
    """An entry says something else, and has a MAC that was made under another secret."""
    number = draw(numbers)
    row = tx.execute(select(entries).where(entries.c.number == number)).one()
    forged = dict(row._mapping) | {"by": "somebody else"}
    mac = Chain(bytes(32))._mac("entry", *list(forged.values())[1:-1], number)
    tx.execute(update(entries).where(entries.c.number == number).values(by="somebody else", mac=mac))


TAMPERINGS = [
    (alter, entries),
    (alter, entries),
    (alter, audit_salts),
    (alter, audit_head),
    (flip_a_bit, entries),
    (remove, entries),
    (remove, audit_salts),
    (remove_and_close_up, entries),
    (swap, entries),
    (swap, audit_salts),
    (add, entries),
    (add, audit_salts),
    (cut_tail, entries),
    (cut_head, entries),
    (forge, entries),
]


@examples(1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_thousand_random_tamperings_are_found(chain: Audited, data: st.DataObject) -> None:
    """Whatever is altered, removed, moved, added or cut off, in entries, salts or head, without an exported head."""
    tamper, table = data.draw(st.sampled_from(TAMPERINGS))
    with chain.db.engine.connect() as tx:
        before = content(tx)
        tamper(tx, data.draw, table)
        assume(content(tx) != before)
        verdict = chain.verdict(tx=tx)
        tx.rollback()
    assert not verdict.valid
    assert verdict.finding is not None


@pytest.mark.parametrize(
    ("statement", "number", "kind"),
    [
        ("UPDATE audit_entries SET by = 'nobody' WHERE number = 7", 7, Tampering.ALTERED),
        ("UPDATE audit_entries SET memory = NULL WHERE number = 7", 7, Tampering.ALTERED),
        (
            "UPDATE audit_salts SET salts = previous FROM audit_entries WHERE entry = 7 AND number = 7",
            7,
            Tampering.ALTERED,
        ),
        ("DELETE FROM audit_entries WHERE number = 7", 7, Tampering.MISSING),
        ("DELETE FROM audit_entries WHERE number < 7", 1, Tampering.MISSING),
        ("DELETE FROM audit_salts WHERE entry = 7", 7, Tampering.MISSING),
        ("DELETE FROM audit_entries WHERE number > 7", 8, Tampering.CUT_OFF),
        ("DELETE FROM audit_entries", 1, Tampering.CUT_OFF),
        ("DELETE FROM audit_head", 31, Tampering.CUT_OFF),
        ("UPDATE audit_head SET entries = 29", None, Tampering.ALTERED),
        ("INSERT INTO audit_salts SELECT 99, salts, seal FROM audit_salts WHERE entry = 7", 99, Tampering.INSERTED),
    ],
)
def test_the_first_bad_entry_is_named(chain: Audited, statement: str, number: int | None, kind: Tampering) -> None:
    """The verdict says which entry it is, and whether it was altered, is missing, or was cut off."""
    with chain.db.engine.connect() as tx:
        tx.exec_driver_sql(statement)
        finding = chain.verdict(tx=tx).finding
        tx.rollback()
    assert finding is not None
    assert (finding.number, finding.kind) == (number, kind)


def test_entries_that_changed_places_are_called_reordered(chain: Audited) -> None:
    """Each is whole, but not where it was written."""
    with chain.db.engine.connect() as tx:
        for before, after in ((7, -1), (9, 7), (-1, 9)):
            tx.execute(update(entries).where(entries.c.number == before).values(number=after))
        finding = chain.verdict(tx=tx).finding
        tx.rollback()
    assert finding is not None
    assert (finding.number, finding.kind) == (7, Tampering.REORDERED)
    assert "entry 9 " in finding.detail


def test_bytes_that_are_no_text_do_not_stop_the_reading(chain: Audited) -> None:
    """SQLite keeps whatever it is given: an entry that cannot even be read is a finding, not an error. Postgres takes
    neither such bytes nor a text for a number.
    """
    if not chain.db.is_sqlite:
        return
    for column in ("act", "by", "details", "columns"):
        with chain.db.engine.connect() as tx:
            tx.exec_driver_sql(f"UPDATE audit_entries SET {column} = CAST(x'ff' AS TEXT) WHERE number = 7")
            finding = chain.verdict(tx=tx).finding
            tx.rollback()
        assert finding is not None
        assert (finding.number, finding.kind) == (7, Tampering.ALTERED)
    with chain.db.engine.connect() as tx:
        tx.exec_driver_sql("UPDATE audit_head SET entries = 'many'")
        finding = chain.verdict(tx=tx).finding
        tx.rollback()
    assert finding is not None
    assert (finding.number, finding.kind) == (None, Tampering.ALTERED)


def test_an_earlier_state_of_the_whole_table_is_found_with_an_exported_head(audited: Audited) -> None:
    """Head row and entries put back together look whole; the head that was exported knows better."""
    audited.record(event(1), event(2))
    with audited.db.engine.connect() as tx:
        earlier = tx.execute(select(audit_head)).one()
    audited.record(event(3), event(4))
    exported = audited.head()
    with audited.db.writing() as tx:
        for table in (entries, audit_salts):
            tx.execute(delete(table).where(table.c[0] > 2))
        tx.execute(update(audit_head).values(**earlier._mapping))
    assert audited.verdict().valid
    finding = audited.verdict(exported).finding
    assert finding is not None
    assert (finding.number, finding.kind) == (3, Tampering.CUT_OFF)
    audited.record(event(5), event(6), event(7))
    regrown = audited.verdict(exported).finding
    assert regrown is not None
    assert (regrown.number, regrown.kind) == (4, Tampering.ALTERED)


def test_a_head_that_was_not_exported_here_proves_nothing(chain: Audited) -> None:
    """A head in which anything was changed is refused, and a true one holds though the chain has grown."""
    exported = chain.head()
    assert chain.verdict(exported).valid
    for change in ({"entries": 3}, {"head": "00" * 32}, {"at": "2020-01-01"}, {"mac": "00" * 32}):
        finding = chain.verdict(exported.model_copy(update=change)).finding
        assert finding is not None
        assert finding.number is None
