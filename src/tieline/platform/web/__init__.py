"""Everything HTTP that all parts share: the application, who calls, errors as problem details, servers."""

from tieline.platform.web.answers import etag_of, fast, files, unchanged, validated
from tieline.platform.web.app import MEGABYTE, bare_app, create_app, create_operator_app, routes_of
from tieline.platform.web.context import (
    CSRF_FIELD,
    CSRF_HEADER,
    CurrentCaller,
    CurrentRuntime,
    CurrentScope,
    current_caller,
    current_runtime,
    current_scope,
    is_secure,
    refuse_other_origins,
    session_cookie,
)
from tieline.platform.web.once import unrepeatable
from tieline.platform.web.peer import fingerprint_of
from tieline.platform.web.problems import ProblemDetails, translate
from tieline.platform.web.request_id import current_request_id
from tieline.platform.web.server import serve
from tieline.platform.web.values import Day, Moment

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "MEGABYTE",
    "CurrentCaller",
    "CurrentRuntime",
    "CurrentScope",
    "Day",
    "Moment",
    "ProblemDetails",
    "bare_app",
    "create_app",
    "create_operator_app",
    "current_caller",
    "current_request_id",
    "current_runtime",
    "current_scope",
    "etag_of",
    "fast",
    "files",
    "fingerprint_of",
    "is_secure",
    "refuse_other_origins",
    "routes_of",
    "serve",
    "session_cookie",
    "translate",
    "unchanged",
    "unrepeatable",
    "validated",
]
