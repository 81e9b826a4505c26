"""Whether the chain is as it was written, read from its first entry to its last, a page at a time; and retention.

Old entries are dropped, if at all, behind a checkpoint: an entry that carries the MAC to continue from.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

import structlog

from schemas.audit import AuditFinding, AuditHead, AuditVerdict, Tampering
from service.storage import Database, Transaction, audit
from service.storage.audit import Entry, Salts
from service.storage.stamps import now
from service.workflows.audit.auditor import SERVICE, Act, Auditor, Event, microseconds
from service.workflows.audit.chain import GENESIS, Chain, same
from service.workflows.audit.commitments import KEPT, rows_of


class Tampered(Exception):
    """The first entry that was tampered with, and how."""

    def __init__(self, number: int | None, kind: Tampering, detail: str) -> None:
        super().__init__(detail)
        self.finding = AuditFinding(number=number, kind=kind, detail=detail)


@dataclass(frozen=True, slots=True)
class Start:
    """What the first entry still kept follows: a number and a MAC."""

    number: int
    mac: bytes


def verify(tx: Transaction, chain: Chain, exported: AuditHead | None = None) -> AuditVerdict:
    """Verify the whole chain, and that it contains an exported head where one is given.

    Without an exported head, a table that was reset as a whole to an earlier state cannot be told from an intact one.
    """
    walk = None
    try:
        if exported is not None:
            _check_exported(chain, exported)
        walk = _Walk(tx, chain, _start(tx, chain), exported)
        walk.to_the_head()
    except Tampered as tampered:
        return _verdict(walk, tampered.finding)
    return _verdict(walk, None)


class _Walk:
    """The state of the reading: every entry up to `number` is intact, and `mac` belongs to the last of them."""

    def __init__(self, tx: Transaction, chain: Chain, start: Start, exported: AuditHead | None) -> None:
        self.tx = tx
        self.chain = chain
        self.start = start
        self.number = start.number
        self.mac = start.mac
        self._exported = exported

    def to_the_head(self) -> None:
        """The head is read before the entries, and again where more had come meanwhile."""
        self._compare_with_exported()
        while True:
            before, head = self.number, audit.read_head(self.tx)
            self._read()
            whole = head is not None and isinstance(head.entries, int)  # SQLite would keep a text there too
            if head is None or not whole or self.number <= head.entries or self.number == before:
                break
        self._check_head(head)
        self._check_end()

    def _read(self) -> None:
        after = None if self.number == self.start.number else self.number
        try:
            for entry, salts in audit.walk(self.tx, after):
                self._check(entry, salts)
                self.number, self.mac = entry.number, entry.mac
                self._compare_with_exported()
        except audit.Unreadable:
            raise Tampered(self.number + 1, Tampering.ALTERED, "it holds bytes that are no text") from None

    def _check(self, entry: Entry, salts: Salts | None) -> None:
        expected = self.number + 1
        if entry.number <= self.start.number:
            raise Tampered(entry.number, Tampering.INSERTED, "the retention policy had dropped this number")
        if entry.number != expected:
            raise Tampered(expected, Tampering.MISSING, f"the next entry is {entry.number}")
        if not self.chain.holds(entry):
            raise self._altered(entry)
        if entry.previous != self.mac:
            raise Tampered(entry.number, Tampering.ALTERED, "it follows another entry than the one before it")
        self._check_salts(entry, salts)

    def _altered(self, entry: Entry) -> Tampered:
        """The finding for an entry whose MAC does not fit: a genuine entry in the wrong place, or an altered one."""
        last = audit.read_last(self.tx)
        for number in range(self.start.number + 1, last.number + 2 if last else 0):
            if self.chain.holds(entry, number):
                return Tampered(entry.number, Tampering.REORDERED, f"entry {number} stands in its place")
        return Tampered(entry.number, Tampering.ALTERED, "its content is not what its MAC was made of")

    def _check_salts(self, entry: Entry, salts: Salts | None) -> None:
        rows = rows_of(entry)
        if salts is None and rows:
            raise Tampered(entry.number, Tampering.MISSING, "its salts are gone")
        if salts is not None and (not rows or not self._sealed(salts) or len(salts.salts) != rows * KEPT):
            raise Tampered(entry.number, Tampering.ALTERED, "its salts are not those that were written")

    def _sealed(self, salts: Salts) -> bool:
        try:
            return same(self.chain.salts(salts.entry, salts.salts).seal, salts.seal)
        except TypeError:
            return False

    def _check_head(self, head: audit.Head | None) -> None:
        if head is None:
            raise Tampered(self.number + 1, Tampering.CUT_OFF, "the chain's head is gone")
        try:
            sealed = same(self.chain.head(head.entries, head.mac).seal, head.seal)
        except TypeError:
            sealed = False
        if not sealed:
            raise Tampered(None, Tampering.ALTERED, "the chain's head is not what was written")
        if head.entries > self.number:
            raise Tampered(self.number + 1, Tampering.CUT_OFF, f"the chain had {head.entries} entries")
        if head.entries < self.number or head.mac != self.mac:
            raise Tampered(head.entries + 1, Tampering.INSERTED, f"the chain has {head.entries} entries")

    def _check_end(self) -> None:
        if (orphan := audit.find_orphaned_salts(self.tx)) is not None:
            raise Tampered(orphan, Tampering.INSERTED, "there are salts without an entry")
        if self._exported is not None and self._exported.entries > self.number:
            detail = f"the exported head has {self._exported.entries} entries"
            raise Tampered(self.number + 1, Tampering.CUT_OFF, detail)

    def _compare_with_exported(self) -> None:
        exported = self._exported
        if exported is not None and exported.entries == self.number and exported.head != self.mac.hex():
            raise Tampered(self.number, Tampering.ALTERED, "the exported head knows another entry of this number")


def _start(tx: Transaction, chain: Chain) -> Start:
    """Where verification starts: the newest checkpoint names the last dropped entry and the MAC to continue from."""
    try:
        checkpoint = audit.find_newest(tx, Act.CHECKPOINT)
    except audit.Unreadable:
        raise Tampered(None, Tampering.ALTERED, "a checkpoint holds bytes that are no text") from None
    if checkpoint is None:
        return Start(0, GENESIS)
    if not chain.holds(checkpoint):
        raise Tampered(checkpoint.number, Tampering.ALTERED, "its content is not what its MAC was made of")
    details = json.loads(checkpoint.details)
    return Start(details["through"], bytes.fromhex(details["mac"]))


def _check_exported(chain: Chain, head: AuditHead) -> None:
    if chain.export(head.entries, head.head, head.at) != head.mac:
        raise Tampered(None, Tampering.ALTERED, "the head that was given was not exported by this service")


def _verdict(walk: _Walk | None, finding: AuditFinding | None) -> AuditVerdict:
    read = walk.number - walk.start.number if walk else 0
    return AuditVerdict(
        valid=finding is None,
        entries=read,
        first=walk.start.number + 1 if walk and read else None,
        last=walk.number if walk and read else None,
        finding=finding,
    )


def describe(verdict: AuditVerdict) -> str:
    """The verdict in one line of text."""
    finding = verdict.finding
    read = f"{verdict.entries} entries" + (f", {verdict.first} to {verdict.last}" if verdict.entries else "")
    if finding is None:
        return f"the audit chain holds: {read}"
    place = "" if finding.number is None else f" at entry {finding.number}"
    kind = finding.kind.replace("_", " ")
    return f"the audit chain does not hold: {kind}{place}: {finding.detail} (whole before it: {read})"


log = structlog.get_logger()


def retain(db: Database, auditor: Auditor, days: float) -> int:
    """Drop the entries that are older than this, and return how many those were. The checkpoint and the dropping are
    one transaction. Where the chain does not hold everything stays: it is evidence.
    """
    before = microseconds(now() - timedelta(days=days))
    with db.reading() as tx:
        through = audit.find_newest_before(tx, before)
        verdict = verify(tx, auditor.chain) if through is not None else None
    if through is None or verdict is None:
        return 0
    if not verdict.valid or verdict.first is None:
        log.error("audit entries kept: the chain does not hold")
        return 0
    with db.writing() as tx:
        entry = audit.find(tx, through)
        if entry is None or not auditor.chain.holds(entry):
            return 0
        dropped = through - verdict.first + 1
        details = {"through": through, "mac": entry.mac.hex(), "dropped": dropped}
        auditor.record(tx, Event(Act.CHECKPOINT, SERVICE, details=details))
        audit.drop_through(tx, through)
    return dropped
