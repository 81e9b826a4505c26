"""JSON, JSON lines and Arrow say the same."""

import io
import json

import httpx
import pyarrow as pa
import pytest

ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"

SUBJECTS = ["PART-1", "PART-2", "PART-9", "秋田市"]
RELATIONS = ["maker", "maker", "maker", "post code"]
ROWS = [{"subject": subject, "relation": relation} for subject, relation in zip(SUBJECTS, RELATIONS, strict=True)]
MIXED = [*ROWS, {"subject": "PART-1"}, {"subject": "PART-1", "relations": ["maker", "city"]}]


def stream(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=3)
    return sink.getvalue()


def pairs(text: pa.DataType | None = None, **metadata: str) -> pa.Table:
    table = pa.table({"subjects": pa.array(SUBJECTS, text), "relations": pa.array(RELATIONS, text), "extra": [1] * 4})
    return table.replace_schema_metadata(metadata)


def post(http: httpx.Client, body: bytes, media: str, accept: str | None = None) -> httpx.Response:
    headers = {"content-type": media, "accept": accept or "*/*"}
    return http.post("/recall:batch", content=body, headers=headers)


def as_json(http: httpx.Client, batch: object) -> dict[str, object]:
    result: dict[str, object] = http.post("/recall:batch", json=batch).json()
    return result


def test_json_lines_are_rows(http: httpx.Client) -> None:
    """A line a query in, a line a result out; blank lines are nothing."""
    body = b"\n".join(json.dumps(row).encode() for row in MIXED) + b"\n\n"
    reply = post(http, body, NDJSON)
    assert (reply.status_code, reply.headers["content-type"]) == (200, NDJSON)
    assert [json.loads(line) for line in reply.text.splitlines()] == as_json(http, {"queries": MIXED})["results"]


def test_a_malformed_line_is_named(http: httpx.Client) -> None:
    """A line that is no query refuses the batch."""
    reply = post(http, b'{"subject":"a"}\n{"subject":1}\n', NDJSON)
    assert (reply.status_code, "line 2, queries[1]: " in reply.json()["detail"]) == (422, True)


@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_arrow_is_columns(http: httpx.Client, text: pa.DataType) -> None:
    """An Arrow stream of subjects and relations gives the statuses, answers and margins of the JSON columns, and the
    memory in its metadata; other columns are not looked at.
    """
    reply = post(http, stream(pairs(text)), ARROW)
    assert (reply.status_code, reply.headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(reply.content).read_all()
    columns = as_json(http, {"subjects": SUBJECTS, "relations": RELATIONS})
    assert table["statuses"].to_pylist() == columns["statuses"]
    assert table["answers"].to_pylist() == columns["answers"]
    assert table["margins"].to_pylist() == columns["margins"]
    assert table.schema.metadata == {b"memory": b"mem_1"}


def test_arrow_rows_are_queries(http: httpx.Client) -> None:
    """A stream of subject and relation is a table of queries; the reply has a row with every field for each."""
    table = pa.table({"subject": SUBJECTS, "relation": RELATIONS})
    rows = [{"subject": subject, "relation": relation} for subject, relation in zip(SUBJECTS, RELATIONS, strict=True)]
    reply = pa.ipc.open_stream(post(http, stream(table), ARROW).content).read_all()
    assert reply.to_pylist() == as_json(http, {"queries": rows})["results"]


def test_accept_chooses_the_reply(http: httpx.Client) -> None:
    """Rows and columns come back in whichever of the three media types is accepted, with the same content."""
    rows = as_json(http, {"queries": MIXED})["results"]
    body = json.dumps({"queries": MIXED}).encode()
    lines = post(http, body, "application/json; charset=utf-8", f"text/html, {NDJSON};q=0.9")
    assert [json.loads(line) for line in lines.text.splitlines()] == rows
    table = pa.ipc.open_stream(post(http, body, "application/json", ARROW).content).read_all()
    assert table.to_pylist() == rows
    assert post(http, stream(pairs()), ARROW, "application/json").json()["statuses"][0] == "answered"
    line = json.loads(post(http, stream(pairs()), ARROW, NDJSON).text.splitlines()[0])
    assert line == {"status": "answered", "answers": ["Akita"], "margin": 1.0}


def test_arrow_metadata_names_who_answers(http: httpx.Client) -> None:
    """`alias` and `memory` of the stream's metadata mean what they mean in JSON."""
    assert post(http, stream(pairs(memory="mem_1")), ARROW).status_code == 200
    assert post(http, stream(pairs(alias="nobody")), ARROW).status_code == 404
    assert post(http, stream(pairs(alias="champion", memory="mem_1")), ARROW).json()["code"] == "alias_and_memory"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "not a readable Arrow"),
        (b"{}", "not a readable Arrow"),
        (stream(pairs())[:-200], "not a readable Arrow"),
        (stream(pairs().drop_columns("relations")), "'relations'"),
        (stream(pa.table({"subject": ["a"]})), "'relation'"),
        (stream(pa.table({"x": ["a"]})), "'subjects'"),
        (stream(pairs().append_column("subjects", pa.array(SUBJECTS))), "one column 'subjects'"),
        (stream(pa.table({"subject": [1], "relation": ["a"]})), "'subject' must be of type string"),
        (stream(pa.table({"subject": pa.array([None], pa.string()), "relation": ["a"]})), "without nulls"),
        (stream(pairs(pa.string_view())), "must be of type string"),
        (stream(pa.table({"subject": pa.array(["a"]).dictionary_encode(), "relation": ["a"]})), "must be of type"),
        (stream(pairs(), compression="zstd"), "uncompressed"),
        (stream(pairs(), compression="lz4"), "uncompressed"),
    ],
)
def test_an_unusable_arrow_stream_is_refused(http: httpx.Client, body: bytes, detail: str) -> None:
    """Not Arrow, cut short, a column missing, twice, of another type, with nulls, or compressed: 422 and why."""
    reply = post(http, body, ARROW)
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
    assert detail in reply.json()["detail"]


def test_damaged_arrow_streams_are_refused_not_fatal(http: httpx.Client) -> None:
    """Whichever byte of a stream is damaged, the reply is an answer or a 422, and the service goes on."""
    sound = stream(pairs())
    for index in range(0, len(sound), 7):
        damaged = sound[:index] + bytes([sound[index] ^ 0xFF]) + sound[index + 1 :]
        assert post(http, damaged, ARROW).status_code in (200, 404, 422)
    assert post(http, sound, ARROW).status_code == 200


@pytest.mark.parametrize("media", ["", "application/x-www-form-urlencoded"])
def test_a_body_without_a_meant_media_type_is_json(http: httpx.Client, media: str) -> None:
    """What `curl -d` sends is read as JSON, one query or a batch."""
    one = http.post("/recall", content=json.dumps(ROWS[0]), headers={"content-type": media})
    assert one.json()["status"] == "answered"
    batch = post(http, json.dumps({"queries": ROWS}).encode(), media)
    assert batch.json() == as_json(http, {"queries": ROWS})
