// Opaque tokens of django-oauth-toolkit. Its metadata name no introspection endpoint, and its answers
// have neither `sub` nor `iss`: the endpoint is configured, and a client that acts for nobody is the caller.

import * as openid from 'openid-client';

import { Api } from './api.mjs';
import { startProvider } from './processes.mjs';
import { Report } from './report.mjs';

const SECRET = 's3cret: with/+ &%';

const report = new Report('django-oauth-toolkit');
const issuer = await startProvider('django_server.py', { SECRET });

/** A client of a provider without metadata. */
function client(id) {
  const metadata = {
    issuer,
    token_endpoint: `${issuer}/o/token/`,
    revocation_endpoint: `${issuer}/o/revoke_token/`,
  };
  const configuration = new openid.Configuration(metadata, id, {}, openid.ClientSecretBasic(SECRET));
  openid.allowInsecureRequests(configuration);
  return configuration;
}

function apiThatAsks(method, more) {
  return Api.start({
    issuer,
    mode: 'introspection',
    introspection: {
      endpoint: `${issuer}/o/introspect/`,
      client: { method, id: 'api', secret: SECRET },
      'client-as-subject': true,
      'accept-positive-for': 0,
      ...more,
    },
  });
}

const [machine, web] = [client('machine'), client('web')];
const grant = (more) => openid.clientCredentialsGrant(machine, { scope: 'orders:read', ...more });
const user = { username: 'ada', password: 'her password', scope: 'orders:read' };

for (const method of ['client_secret_basic', 'client_secret_post']) {
  await report.check(`opaque token, ${method}`, 'machine', async () => {
    const api = await apiThatAsks(method, { 'any-audience': true });
    const subject = await api.subject((await grant()).access_token);
    await api.stop();
    return subject;
  });
}

const api = await apiThatAsks('client_secret_post', { 'any-audience': true });
await report.check('scope held and scope missing', ['200', '403 orders:write'], async () => {
  return api.scopes((await grant()).access_token);
});
await report.check("a user's token: its client is not the caller", 401, async () => {
  return api.status((await openid.genericGrantRequest(web, 'password', user)).access_token);
});
await report.check('unknown token', 401, () => api.status('unknown'));
await report.check('refresh token', 401, async () => {
  return api.status((await openid.genericGrantRequest(web, 'password', user)).refresh_token);
});
await report.check('revocation', [200, 401], async () => {
  const token = (await grant()).access_token;
  const before = await api.status(token);
  await openid.tokenRevocation(machine, token);
  return [before, await api.status(token)];
});

const strict = await apiThatAsks('client_secret_post');
await report.check('resource indicator: for this API, for another, without', ['machine', 401, 401], async () => {
  return [
    await strict.subject((await grant({ resource: strict.url })).access_token),
    await strict.status((await grant({ resource: 'https://other.example/shop' })).access_token),
    await strict.status((await grant()).access_token),
  ];
});
process.exit(0);
