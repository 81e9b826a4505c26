"""The baseline for single recall: an ordinary FastAPI endpoint that does nothing and checks no key.

uvicorn tests.benchmarks.noop:app
"""

from fastapi import FastAPI
from pydantic import BaseModel


class Query(BaseModel):
    subject: str
    relation: str


class Result(BaseModel):
    status: str
    answers: list[str]
    subject: str
    relation: str
    margin: float


app = FastAPI()


@app.post("/recall")
async def recall(query: Query) -> Result:
    return Result(status="answered", answers=["24"], subject=query.subject, relation=query.relation, margin=1.0)
