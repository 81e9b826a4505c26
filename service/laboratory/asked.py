"""What an experiment is asked: the tables it is made on, and the request."""

from dataclasses import dataclass

from schemas.experiments import ExperimentRequest, Task
from service.laboratory.tables import Table
from service.memory import Facts


@dataclass(frozen=True, slots=True)
class Asked:
    """`tables`: one for each task that was asked for. facts: the dictionary as it is in the ledger."""

    request: ExperimentRequest
    tables: dict[Task, Table]
    facts: Facts
