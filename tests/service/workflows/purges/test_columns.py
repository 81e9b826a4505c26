"""No column of text is forgotten: each is searched by a purge, or is known to name nobody."""

from sqlalchemy import JSON, LargeBinary, Text

from service.storage.purge import ROWS, TEXTS
from service.storage.tables import metadata

# Deleted, overwritten or emptied by statements of their own.
BY_NAME = {
    "facts": {"subject", "relation", "answer"},
    "refused": {"detail", "text"},
    "uploads": {"receipt"},
    "idempotency": {"fingerprint", "reply"},
    "audit_salts": {"salts", "seal"},
    "patches": {"patch"},
    "trials": {"digest", "result"},
}
# Rules that an admin wrote: they name relations, and must hold though no fact has the relation now.
RULES = {"grants": {"relations", "denied"}, "policies": {"policies"}}
# Ids, digests, kinds, figures, commitments, and what concerns no dictionary.
SILENT = {
    "absences": {"pair", "memory_before", "memory_after", "digest_before", "digest_after", "by"}
    | {"status_before", "status_after"},
    "alias_events": {"alias", "memory", "previous", "by", "action"},
    "aliases": {"alias", "memory"},
    "api_keys": {"id", "hash", "prefix", "role", "label", "rate", "replaces", "made_by"},
    "audit_entries": {"act", "by", "dictionary", "memory", "details", "columns", "commitments", "previous", "mac"},
    "audit_head": {"mac", "seal"},
    "dictionaries": {"id", "name", "made_by"},
    "grants": {"key", "role", "by"},
    "heartbeats": {"worker"},
    "idempotency": {"by", "key"},
    "identity": {"mark"},
    "jobs": {"id", "kind", "state", "memory", "by", "step", "worker"},
    "live_use": {"day", "status"},
    "measurements": {"memory"},
    "memories": {"id", "digest", "recipe", "device", "parent", "lineage"},
    "name_aliases": {"kind"},
    "naming": {"by"},
    "policies": {"subjects", "by"},
    "pseudonyms": {"sealed"},
    "purges": {"id", "by", "tombstone", "withdrawn", "reports"},
    "rate_windows": {"key"},
    "refused": {"code"},
    "reviews": {
        "id",
        "source",
        "state",
        "memory",
        "sample",
        "by",
        "decided_by",
        "memory_before",
        "memory_after",
        "job",
    },
    "samples": {"id", "memory", "method", "by"},
    "scrubs": {"memory", "state"},
    "shadow_disagreements": {"champion", "challenger"},
    "shadows": {"alias", "by"},
    "uploads": {"id", "by", "kind"},
    "withdrawals": {"memory", "replaced_by"},
}


def test_every_column_of_text_is_searched_or_names_nobody() -> None:
    """A new column has to take a side: `ROWS` and `TEXTS` of the purge, or one of the lists here."""
    searched = {
        (table.name, column.name) for kept in (ROWS, TEXTS) for table, columns in kept.items() for column in columns
    }
    listed = {(table, column) for kept in (BY_NAME, RULES, SILENT) for table, names in kept.items() for column in names}
    assert not searched & listed
    columns = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Text | JSON | LargeBinary)
    }
    assert (columns - searched - listed, (searched | listed) - columns) == (set(), set())
