// Authlib's JWT access tokens (RFC 9068).

import * as openid from 'openid-client';

import { Api } from './api.mjs';
import { startProvider } from './processes.mjs';
import { Report } from './report.mjs';

const AUDIENCE = 'https://api.example/shop';
// Authlib does not decode what RFC 6749 section 2.3.1 has clients encode: it has letters alone.
const SECRET = 'secretOfTheMachine';

const report = new Report('authlib');
const issuer = await startProvider('authlib_server.py', { AUDIENCE, SECRET });
const api = await Api.start({ issuer, mode: 'jwt', audience: AUDIENCE });
const machine = await openid.discovery(new URL(issuer), 'machine', {}, openid.ClientSecretBasic(SECRET), {
  execute: [openid.allowInsecureRequests],
});
const tokens = await openid.clientCredentialsGrant(machine, { scope: 'orders:read' });
await report.check('client credentials', 'machine', () => api.subject(tokens.access_token));
await report.check('scope held and scope missing', ['200', '403 orders:write'], () => {
  return api.scopes(tokens.access_token);
});
await report.check("a user's token, both scopes", ['ada', '200', '200'], async () => {
  const parameters = { username: 'ada', password: 'her password', scope: 'orders:read orders:write' };
  const { access_token: token } = await openid.genericGrantRequest(machine, 'password', parameters);
  return [await api.subject(token), ...(await api.scopes(token))];
});
await report.check('at an API with another audience', 401, async () => {
  const other = await Api.start({ issuer, mode: 'jwt' });
  const status = await other.status(tokens.access_token);
  await other.stop();
  return status;
});
process.exit(0);
