"""A provider made with django-oauth-toolkit: opaque tokens, and introspection, on a free port.

It prints its issuer, and ends when its standard input does.
"""

import os
import sys
import tempfile
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

SECRET = os.environ["SECRET"]
FOLDER = tempfile.TemporaryDirectory()

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="for this run only",
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER.name}/provider.sqlite3"}
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "oauth2_provider",
    ],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    # The usual one takes a second for each secret.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    OAUTH2_PROVIDER={
        "SCOPES": {"orders:read": "read", "orders:write": "write", "introspection": "ask"},
    },
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", verbosity=0)
get_user_model().objects.create_user("ada", password="her password")
Application = get_application_model()
for name, grant in (
    ("machine", Application.GRANT_CLIENT_CREDENTIALS),
    ("web", Application.GRANT_PASSWORD),
    ("api", Application.GRANT_CLIENT_CREDENTIALS),
):
    Application.objects.create(
        client_id=name,
        client_secret=SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=grant,
    )

http = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=http.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{http.server_port}", flush=True)
sys.stdin.read()
FOLDER.cleanup()
