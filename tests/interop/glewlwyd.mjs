// Glewlwyd of Debian's package: JWT access tokens by several keys, and introspection.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import * as openid from 'openid-client';

import { Api } from './api.mjs';
import { signingKey } from './certified/keys.mjs';
import { answers, freePort, place, start } from './processes.mjs';
import { Report } from './report.mjs';

const ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'];
const AUDIENCE = 'https://api.example/shop';
// Glewlwyd does not decode what RFC 6749 section 2.3.1 has clients encode: it has letters alone.
const SECRET = 'secretOfTheMachine';

const report = new Report('glewlwyd');
const debian = place('DEBIAN');
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const folder = mkdtempSync(`${tmpdir()}/glewlwyd-`);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

startGlewlwyd();
await answers(`${origin}/config`);
await configure();

for (const alg of ALGORITHMS) {
  const api = await Api.start({ issuer: issuer(alg), mode: 'jwt', audience: AUDIENCE });
  const token = await grant(alg, { resource: AUDIENCE });
  await report.check(`client credentials, ${alg}`, 'machine', () => api.subject(token));
  await report.check(`scope held and scope missing, ${alg}`, ['200', '403 orders:write'], () => {
    return api.scopes(token);
  });
  await report.check(`without \`resource\`, ${alg}`, 401, async () => api.status(await grant(alg)));
  await api.stop();
  await report.check(`a user's token, ${alg}`, 200, async () => {
    const ofScope = await Api.start({ issuer: issuer(alg), mode: 'jwt', audience: 'orders:read' });
    const status = await ofScope.status(await userToken(alg));
    await ofScope.stop();
    return status;
  });
}

// Without a scope of its own for the purpose, a client is told of its own tokens alone.
const introspection = {
  client: { method: 'client_secret_basic', id: 'machine', secret: SECRET },
  'accept-positive-for': 0,
};
const token = await grant('RS256', { resource: AUDIENCE });
await report.check("introspection: the answer about a client's token names nobody", 401, async () => {
  const strict = await asking(introspection);
  const status = await strict.status(token);
  await strict.stop();
  return status;
});
await report.check("introspection: a user's token", 200, async () => {
  const ofScope = await asking(introspection, 'orders:read');
  const status = await ofScope.status(await userToken('RS256'));
  await ofScope.stop();
  return status;
});
const api = await asking({ ...introspection, 'client-as-subject': true });
await report.check('introspection: the client is the caller', 'machine', () => api.subject(token));
await report.check('introspection: scope held and scope missing', ['200', '403 orders:write'], () => {
  return api.scopes(token);
});
await report.check('introspection: rubbish', 401, () => api.status('rubbish'));
await report.check('introspection: revocation', [200, 401], async () => {
  const before = await api.status(token);
  await openid.tokenRevocation(client('RS256'), token);
  return [before, await api.status(token)];
});
process.exit(0);

function asking(introspection, audience = AUDIENCE) {
  return Api.start({ issuer: issuer('RS256'), mode: 'introspection', audience, introspection });
}

function issuer(alg) {
  return `${origin}/api/${alg.toLowerCase()}`;
}

function client(alg) {
  const metadata = {
    issuer: issuer(alg),
    token_endpoint: `${issuer(alg)}/token`,
    revocation_endpoint: `${issuer(alg)}/revoke`,
  };
  const found = new openid.Configuration(metadata, 'machine', {}, openid.ClientSecretBasic(SECRET));
  openid.allowInsecureRequests(found);
  return found;
}

async function grant(alg, more = {}) {
  const tokens = await openid.clientCredentialsGrant(client(alg), { scope: 'orders:read', ...more });
  return tokens.access_token;
}

/** With the password grant, `aud` is the scope, and `resource` is not looked at. */
async function userToken(alg) {
  const user = { username: 'ada', password: 'her password', scope: 'orders:read' };
  return (await openid.genericGrantRequest(client(alg), 'password', user)).access_token;
}

function startGlewlwyd() {
  const database = `${folder}/glewlwyd.db`;
  const statements = `${debian}/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz`;
  const loader = new URL('python/load_sql.py', import.meta.url).pathname;
  execFileSync(place('PYTHON'), [loader, statements, database]);
  const modules = `${debian}/usr/lib/glewlwyd`;
  const settings = {
    external_url: origin,
    login_url: 'login.html',
    api_prefix: 'api',
    static_files_path: folder,
    cookie_domain: '127.0.0.1',
    session_key: 'SESSION',
    admin_scope: 'g_admin',
    profile_scope: 'g_profile',
    log_mode: 'console',
    log_level: 'WARNING',
    hash_algorithm: 'SHA512',
    user_module_path: `${modules}/user`,
    user_middleware_module_path: `${modules}/user_middleware`,
    client_module_path: `${modules}/client`,
    user_auth_scheme_module_path: `${modules}/scheme`,
    plugin_module_path: `${modules}/plugin`,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"`);
  lines.push(`port=${port}`, `database = { type = "sqlite3" path = "${database}" };`);
  writeFileSync(`${folder}/glewlwyd.conf`, `${lines.join('\n')}\n`);
  const libraries = readdirSync(`${debian}/usr/lib`).filter((name) => name.endsWith('-linux-gnu'));
  const LD_LIBRARY_PATH = libraries.map((name) => `${debian}/usr/lib/${name}`).join(':');
  const program = `${debian}/usr/bin/glewlwyd`;
  start(program, ['--config-file', `${folder}/glewlwyd.conf`], { env: { LD_LIBRARY_PATH } });
}

/** As its administrator: one issuer for each algorithm, scopes, clients, and ada. */
async function configure() {
  const login = await post('auth/', { username: 'admin', password: 'password' });
  const cookie = login.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const scopes = ['orders:read', 'orders:write'];
  for (const name of scopes) {
    const open = { password_required: true, password_max_age: 0, scheme: {} };
    await post('scope/', { name, display_name: name, ...open }, cookie);
  }
  const keys = ALGORITHMS.map((alg) => signingKey(alg, alg));
  for (const alg of ALGORITHMS) {
    const name = alg.toLowerCase();
    const plugin = { module: 'oidc', name, display_name: name, enabled: true };
    await post('mod/plugin/', { ...plugin, parameters: parameters(alg, keys) }, cookie);
  }
  const machine = { client_id: 'machine', name: 'machine', password: SECRET, confidential: true };
  await post('client/', {
    ...machine,
    enabled: true,
    authorization_type: ['client_credentials', 'password'],
    token_endpoint_auth_method: ['client_secret_basic'],
    scope: scopes,
  }, cookie);
  await post('user/', { username: 'ada', password: 'her password', scope: scopes, enabled: true }, cookie);
}

function parameters(alg, keys) {
  return {
    iss: issuer(alg),
    'jwks-private': JSON.stringify({ keys }),
    'default-kid': alg,
    'jwks-show': true,
    'access-token-duration': 3600,
    'refresh-token-duration': 3600,
    'code-duration': 600,
    'refresh-token-rolling': false,
    'allow-non-oidc': true,
    'auth-type-client-enabled': true,
    'auth-type-password-enabled': true,
    'introspection-revocation-allowed': true,
    'introspection-revocation-allow-target-client': true,
    'resource-allowed': true,
    'resource-scope': { 'orders:read': [AUDIENCE], 'orders:write': [AUDIENCE] },
    'subject-type': 'public',
  };
}

async function post(path, body, cookie = '') {
  const headers = { cookie, 'content-type': 'application/json' };
  const response = await fetch(`${origin}/api/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response;
}
