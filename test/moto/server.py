"""moto's server with the one thing it lacks for us: sessions of roles that end.

AWS refuses a session whose time is over with `ExpiredToken`; moto knows when that is but lets it pass. Here it does not,
and POST /end-sessions ends all that were begun so far. Arguments are those of moto_server.
"""

from moto import server
from moto.core.utils import utcnow
from moto.iam.access_control import AssumedRoleAccessKey
from moto.s3.exceptions import S3ClientError
from moto.sts.models import sts_backends


class ExpiredTokenError(S3ClientError):
    code = 400

    def __init__(self):
        super().__init__("ExpiredToken", "The provided token has expired.")


def all_sessions():
    for account in sts_backends.values():
        for backend in account.values():
            yield from backend.assumed_roles


find_session = AssumedRoleAccessKey.__init__


def find_session_that_lasts(self, *args, **kwargs):
    find_session(self, *args, **kwargs)
    session = next(one for one in all_sessions() if one.access_key_id == self._access_key_id)
    if session.expiration <= utcnow():
        raise ExpiredTokenError()


AssumedRoleAccessKey.__init__ = find_session_that_lasts

moto_app = server.DomainDispatcherApplication


class App(moto_app):
    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] != "/end-sessions":
            return super().__call__(environ, start_response)
        for session in all_sessions():
            session.expiration = utcnow()
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]


server.DomainDispatcherApplication = App
server.main()
