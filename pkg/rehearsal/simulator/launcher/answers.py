"""The server around moto: what it answers when moto cannot, and its Date."""

import functools
import io
import json
import logging
from email.utils import formatdate
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.serving import WSGIRequestHandler

from . import clock, references

log = logging.getLogger("launcher.answers")

# How the names of actions begin that change nothing.
READS = ("Describe", "Get", "List", "Query", "BatchGet", "TransactGet", "Scan", "Head", "Select", "Filter")

# How often a read is begun before something else must be wrong.
READINGS = 20


def mend():
    """For every request, and while all others wait, moto lists its own folders on
    disk to find the backend of a host. Which one that is never changes."""
    find = functools.lru_cache(maxsize=1024)(DomainDispatcherApplication.get_backend_for_host)
    references.put(DomainDispatcherApplication, "get_backend_for_host", find)


class Handler(WSGIRequestHandler):
    """Dates answers in data time, as the product takes its time from there, and
    keeps quiet: the front has the record of every call. Headers and body leave in
    two writes, between which Nagle's algorithm would wait for the client."""

    disable_nagle_algorithm = True

    def date_time_string(self, timestamp=None):
        return formatdate(clock.now() if timestamp is None else timestamp, usegmt=True)

    def log(self, type, message, *args):
        log.log(logging.ERROR if type == "error" else logging.DEBUG, message, *args)


def plainly(app):
    """Answer in the caller's protocol when moto raises. moto's own answer is a
    page of HTML with status 500, which SDKs cannot read and try again. What moto
    does not implement is 501 here, which they do not retry; what broke in moto
    stays 500. Either way the message names the action."""

    def answer(environ, start_response):
        try:
            return app(environ, start_response)
        except NotImplementedError as err:
            message = f"the simulator does not implement {_action(environ)}: {err}"
            log.error("%s", message)
            return _error(environ, start_response, "501 Not Implemented", "NotImplemented", message)
        except Exception as err:
            message = f"the simulator broke on {_action(environ)}: {type(err).__name__}: {err}"
            log.exception("%s", message)
            return _error(environ, start_response, "500 Internal Server Error", "InternalFailure", message)

    return answer


def undisturbed(app):
    """Begin a read anew that another request has disturbed. moto's server has a thread
    a request, and a list that grows while one thread goes through it is a RuntimeError
    of that thread's: 500, once in some thousand reads of a busy table. AWS's reads see
    what was there before or after a write."""

    def answer(environ, start_response):
        if "CONTENT_LENGTH" not in environ:
            return app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
        for reading in range(1, READINGS + 1):
            try:
                # A copy: what serves a request leaves its marks in the environment.
                return app({**environ, "wsgi.input": io.BytesIO(body)}, start_response)
            except RuntimeError as err:
                if reading == READINGS or "during iteration" not in str(err) or not _reads(environ, body):
                    raise

    return answer


def _reads(environ, body):
    """Whether a request changes nothing; what does not name its action is REST."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    form = body.decode(errors="replace") if "urlencoded" in environ.get("CONTENT_TYPE", "") else environ.get("QUERY_STRING", "")
    action = target or parse_qs(form).get("Action", [""])[0]
    return action.startswith(READS) if action else environ["REQUEST_METHOD"] in ("GET", "HEAD")


def _action(environ):
    return environ.get("HTTP_X_AMZ_TARGET") or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"


def _error(environ, start_response, status, code, message):
    if "json" in environ.get("CONTENT_TYPE", "") or environ.get("HTTP_X_AMZ_TARGET"):
        kind, body = "application/json", json.dumps({"__type": code, "message": message})
    else:
        kind, body = "text/xml", f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        # EC2 wraps its errors in a way of its own:
        # https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-troubleshooting.html
        if "/ec2/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
            body = f"<Response><Errors>{body}</Errors></Response>"
        else:
            body = f"<ErrorResponse>{body}</ErrorResponse>"
    data = body.encode()
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(data))), ("x-amzn-ErrorType", code)])
    return [data]
