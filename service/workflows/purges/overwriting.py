"""What a purge overwrites in the tables: whatever mentions the facts, in whichever row it stands."""

from collections.abc import Collection
from typing import Any

from service.storage import Transaction, purge, trials
from service.workflows.purges.traces import PURGED, Traces

_FROM_THE_FILE = ("decoded_samples", "header", "columns", "ignored_columns")


def overwrite(tx: Transaction, dictionary: int, traces: Traces, taught_by: Collection[int]) -> None:
    """`taught_by` are the uploads (numbers) that the facts came from: of these even the file's hash goes, by which a
    guess at a small file could be confirmed.
    """
    refused_in = purge.blank_refused(tx, dictionary, lambda texts: traces.mentioned_in(*texts), PURGED)
    for upload, receipt in purge.receipts(tx, dictionary):
        after = overwritten(receipt, traces)
        if after != receipt or upload in taught_by or upload in refused_in:
            purge.write_receipt(tx, upload, after | {"sha256": PURGED})
    purge.void_replies(tx, dictionary)
    trials.forget(tx, dictionary)
    purge.remove_rows(tx, dictionary, lambda texts: traces.mentioned_in(*texts))
    purge.rewrite_texts(tx, dictionary, traces.overwritten)


def overwritten(receipt: dict[str, Any], traces: Traces) -> dict[str, Any]:
    """The receipt with its figures as they were and without what the file's cells said."""
    cells = {name: traces.overwritten(receipt[name]) for name in _FROM_THE_FILE if name in receipt}
    findings = [_finding(finding, traces) for finding in receipt.get("findings", [])]
    return receipt | cells | {"findings": findings}


def _finding(finding: dict[str, Any], traces: Traces) -> dict[str, Any]:
    said = {name: traces.overwritten(finding[name]) for name in finding if name not in {"kind", "count"}}
    return {**finding, **said}
