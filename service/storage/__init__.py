"""The ledger and everything else that is kept. The only package that knows SQL.

Workflows own the transactions: `with db.writing() as tx:` commits at its end, and every function here takes `tx`.
"""

from sqlalchemy import Connection as Transaction

from service.storage.database import Database

__all__ = ["Database", "Transaction"]
