// JWT of `oidc-provider`: which are accepted, for which scopes, and which are not; and how a client
// finds the provider from the address of the API.

import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

import { Api } from '../api.mjs';
import { Report, sleep } from '../report.mjs';
import { boundToken, forgedToken, machineToken, userTokens } from './clients.mjs';
import { signingKey } from './keys.mjs';
import { CertifiedProvider, SECRET } from './provider.mjs';

/** Of a token that is to expire. */
const LIFE_S = 4;
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

const report = new Report('oidc-provider');
const provider = await CertifiedProvider.start({
  keys: ALGORITHMS.map((alg) => signingKey(alg, `key of ${alg}`)),
});
const api = await Api.start({ issuer: provider.issuer, mode: 'jwt' });

for (const alg of ALGORITHMS) {
  await report.check(`client credentials, ${alg}`, 'machine', async () => {
    provider.resources.set(api.url, { alg });
    return api.subject(await machineToken(provider, api.url));
  });
}
await report.check('an ordinary JWT, not of RFC 9068', 'machine', async () => {
  provider.resources.set(api.url, { ordinary: true });
  return api.subject(await machineToken(provider, api.url));
});
provider.resources.delete(api.url);

const good = await machineToken(provider, api.url);
await report.check('scope held and scope missing', ['200', '403 orders:write'], () => api.scopes(good));
await report.check('both scopes', ['200', '200'], async () => {
  return api.scopes(await machineToken(provider, api.url, 'orders:read orders:write'));
});

const { web, grant } = await userTokens(provider, api.url);
await report.check('code flow with PKCE and resource', 'ada', () => api.subject(grant.access_token));
await report.check('its scopes', ['200', '403 orders:write'], () => api.scopes(grant.access_token));
await report.check('its refreshed token', 'ada', async () => {
  const refreshed = await openid.refreshTokenGrant(web, grant.refresh_token, { resource: api.url });
  if (refreshed.access_token === grant.access_token) throw new Error('it is the same token');
  return api.subject(refreshed.access_token);
});

await report.check('no token', 401, () => api.status());
await report.check('rubbish', 401, () => api.status('rubbish'));
await report.check('three segments of rubbish', 401, () => api.status('e30.e30.e30'));
await report.check('ID token', 401, () => api.status(grant.id_token));
await report.check('refresh token', 401, () => api.status(grant.refresh_token));
await report.check('token for another audience', 401, async () => {
  return api.status(await machineToken(provider, 'https://other.example/shop'));
});
await report.check('token of another issuer', 401, async () => {
  const other = await CertifiedProvider.start();
  const token = await machineToken(other, api.url);
  await other.stop();
  return api.status(token);
});
await report.check('opaque token', 401, async () => {
  provider.resources.set(api.url, { format: 'opaque' });
  const token = await machineToken(provider, api.url);
  provider.resources.delete(api.url);
  return api.status(token);
});
await report.check('forged token, known key', 401, async () => api.status(await forgedToken(good)));
await report.check('forged token, unknown key', 401, async () => {
  return api.status(await forgedToken(good, 'unknown'));
});
await report.check('token that expires', [200, 401], async () => {
  provider.resources.set(api.url, { life: LIFE_S });
  const token = await machineToken(provider, api.url);
  provider.resources.delete(api.url);
  const before = await api.status(token);
  await sleep((LIFE_S + 1) * 1000);
  return [before, await api.status(token)];
});

await report.check('token bound to a key (DPoP), as Bearer and as DPoP', [401, 401], async () => {
  const token = await boundToken(provider, api.url);
  return [await api.status(token), await api.status(token, { scheme: 'DPoP' })];
});

// RFC 9728: the client knows nothing but the address of the API.
const local = { [oauth.allowInsecureRequests]: true };
await report.check('from the address of the API to a token (RFC 9728)', 200, async () => {
  const metadata = await oauth.processResourceDiscoveryResponse(
    new URL(api.url),
    await oauth.resourceDiscoveryRequest(new URL(api.url), local),
  );
  return withTokenFrom(metadata);
});
await report.check('from a refused request to a token (RFC 9728)', 200, async () => {
  const address = new URL(`${api.url}/orders`);
  let challenges = [];
  try {
    await oauth.protectedResourceRequest('rubbish', 'GET', address, undefined, undefined, local);
  } catch (error) {
    challenges = error.cause;
  }
  const challenge = challenges.find(({ scheme }) => scheme === 'bearer');
  const metadata = await (await fetch(challenge.parameters.resource_metadata)).json();
  if (metadata.resource !== api.url) throw new Error(`about ${metadata.resource}`);
  return withTokenFrom(metadata);
});

async function withTokenFrom({ resource, authorization_servers: [server], scopes_supported: scopes }) {
  const issuer = new URL(server);
  const found = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { ...local, algorithm: 'oidc' }),
  );
  const client = { client_id: 'machine' };
  const granted = await oauth.processClientCredentialsResponse(
    found,
    client,
    await oauth.clientCredentialsGrantRequest(
      found,
      client,
      oauth.ClientSecretBasic(SECRET),
      new URLSearchParams({ resource, scope: scopes.join(' ') }),
      local,
    ),
  );
  const response = await oauth.protectedResourceRequest(
    granted.access_token,
    'GET',
    new URL(`${resource}/orders`),
    undefined,
    undefined,
    local,
  );
  return response.status;
}

process.exit(0);
