"""The gate: limits that a version must meet before an alias moves to it."""
