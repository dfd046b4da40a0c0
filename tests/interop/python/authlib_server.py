"""An authorization server made with Authlib: JWT access tokens of RFC 9068, on a free port.

It prints its issuer, and ends when its standard input does.
"""

import os
import sys
import threading

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant, ResourceOwnerPasswordCredentialsGrant
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, jsonify
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

AUDIENCE = os.environ["AUDIENCE"]
SECRET = os.environ["SECRET"]

# Everything is on loopback.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


class Client(ClientMixin):
    """The one client, whose name is `machine`."""

    def get_client_id(self):
        return "machine"

    def get_allowed_scope(self, scope):
        allowed = {"orders:read", "orders:write"}
        return " ".join(name for name in scope.split() if name in allowed)

    def check_client_secret(self, client_secret):
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type):
        return grant_type in ("client_credentials", "password")


class User:
    def get_user_id(self):
        return "ada"


class PasswordGrant(ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def authenticate_user(self, username, password):
        return User() if (username, password) == ("ada", "her password") else None


class Tokens(JWTBearerTokenGenerator):
    def get_jwks(self):
        return KEY.as_dict(private=True)

    def get_audiences(self, client, user, scope):
        return AUDIENCE


KEY = RSAKey.generate_key(2048, parameters={"alg": "RS256", "use": "sig", "kid": "one"})
app = Flask(__name__)
http = make_server("127.0.0.1", 0, app, threaded=True)
ISSUER = f"http://127.0.0.1:{http.server_port}"

server = AuthorizationServer(
    app,
    query_client=lambda client_id: Client() if client_id == "machine" else None,
    save_token=lambda token, request: None,
)
server.register_grant(ClientCredentialsGrant)
server.register_grant(PasswordGrant)
server.register_token_generator("default", Tokens(ISSUER))


@app.get("/.well-known/openid-configuration")
def metadata():
    return jsonify(
        issuer=ISSUER,
        token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/jwks",
        response_types_supported=[],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
    )


@app.get("/jwks")
def jwks():
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.post("/token")
def token():
    return server.create_token_response()


threading.Thread(target=http.serve_forever, daemon=True).start()
print(ISSUER, flush=True)
sys.stdin.read()
