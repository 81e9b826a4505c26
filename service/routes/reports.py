"""Reports: written by the pilot as a job, read in three drawings."""

from fastapi import Response
from fastapi.responses import FileResponse

from schemas.jobs import Job
from schemas.problems import Code
from schemas.reports import ReportCreate
from service.routes.context import Context, Examiner, IdempotencyKey, Service
from service.routes.replies import MISSING, refusals, with_location
from service.routes.wire import Router
from service.workflows import report

router = Router(prefix="/v1", tags=["reports"])


@router.post(
    "/dictionaries/{dictionary}/reports",
    status_code=202,
    responses=refusals({404: MISSING, 409: [Code.NO_MEMORY]}),
)
def order(  # noqa: PLR0917 - FastAPI reads the request from the parameters
    dictionary: str,
    service: Service,
    caller: Examiner,
    response: Response,
    wanted: ReportCreate | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Job:
    """Have the pilot judge a memory by the facts of its ledger version; the report has the job's id."""
    job = report.order(service.db, dictionary, wanted or ReportCreate(), caller.key, idempotency_key)
    return with_location(response, job)


@router.get("/reports/{report_id}.json", response_class=FileResponse)
def read_json(report_id: str, service: Service, _: Examiner) -> FileResponse:
    return _send(service, report_id, "json")


@router.get("/reports/{report_id}.html", response_class=FileResponse)
def read_html(report_id: str, service: Service, _: Examiner) -> FileResponse:
    return _send(service, report_id, "html")


@router.get("/reports/{report_id}.junit.xml", response_class=FileResponse)
def read_junit(report_id: str, service: Service, _: Examiner) -> FileResponse:
    return _send(service, report_id, "junit.xml")


def _send(service: Context, report_id: str, form: str) -> FileResponse:
    path = report.find_file(service.db, service.settings, report_id, form)
    return FileResponse(path, media_type=report.FORMATS[form])
