"""Jobs: work that is queued in the database, attempted by a worker, and continued from checkpoints."""
