"""One fact's way, from a line of a CSV to an answer, through everything between."""

import csv
from pathlib import Path

import httpx

from tests.running import fresh_dictionary, train, wait

PARTS = Path(__file__).parents[2] / "sample_dictionaries" / "parts.csv"
LINE = 17


def test_one_fact_travels_from_its_line_to_an_answer(api: httpx.Client) -> None:
    """Line 17 of parts.csv is received, kept with its line, learnt, verified, recalled, and agrees with the ledger."""
    with PARTS.open(encoding="utf-8", newline="") as file:
        subject, relation, answer = list(csv.reader(file))[LINE - 1]
    dictionary = fresh_dictionary(api)
    base = f"/v1/dictionaries/{dictionary}"

    receipt = api.post(f"{base}/uploads", content=PARTS.read_bytes(), headers={"content-type": "text/csv"}).json()
    assert receipt["accepted"] == receipt["rows_read"] == receipt["created"] == 42

    (kept,) = api.post(f"{base}/facts:search", json={"subject": subject, "relation": relation}).json()["facts"]
    assert (kept["answer"], kept["upload"], kept["line"]) == (answer, receipt["id"], LINE)

    job = train(api, dictionary)
    assert job["state"] == "succeeded"
    assert (job["result"]["right"], job["result"]["asked"]) == (42, 42)
    assert api.get(base).json()["champion"] == job["memory"]

    asked = {"subject": subject, "relation": relation, "compare": True}
    recalled = api.post(f"{base}/recall", json=asked).json()
    assert (recalled["status"], recalled["answers"]) == ("answered", [answer])
    assert (recalled["memory"], recalled["ledger"]["line"]) == (job["memory"], LINE)
    assert recalled["ledger"]["agrees"]

    never = {"subject": subject, "relation": "shelf life"}
    assert api.post(f"{base}/recall", json=never).json()["status"] == "unknown"

    verified = wait(api, api.post(f"/v1/memories/{job['memory']}/verifications").json()["id"])
    assert (verified["result"]["right"], verified["result"]["wrong"]) == (42, 0)
