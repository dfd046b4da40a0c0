// Opaque tokens of `oidc-provider`: introspection, how the API proves who it is, signed answers,
// revocation; and JWT at an API that accepts both.

import * as openid from 'openid-client';

import { Api } from '../api.mjs';
import { Report, sleep } from '../report.mjs';
import { boundToken, forgedToken, machineToken, userTokens } from './clients.mjs';
import { pemPair, publishedKey, signingKey } from './keys.mjs';
import { CertifiedProvider, SECRET } from './provider.mjs';

/** Of a token that is to expire. */
const LIFE_S = 4;

const report = new Report('oidc-provider');
const { privateKey: pem, publicKey } = pemPair('ES256');
const provider = await CertifiedProvider.start({
  keys: [signingKey('RS256', 'rsa'), signingKey('ES256', 'ec')],
  apiKeys: [publishedKey(publicKey, 'ES256', 'api')],
});

/** An API that asks the provider, and whose tokens are opaque unless said otherwise. */
async function apiThatAsks(introspection, { mode = 'introspection', format = 'opaque' } = {}) {
  const api = await Api.start({
    issuer: provider.issuer,
    mode,
    introspection: { client: basic, ...introspection },
  });
  provider.resources.set(api.url, { format });
  return api;
}
const basic = { method: 'client_secret_basic', id: 'api basic', secret: SECRET };

const api = await apiThatAsks({ 'accept-positive-for': 0 });
const { web, grant } = await userTokens(provider, api.url);
await report.check("opaque: the user's token", 'ada', () => api.subject(grant.access_token));
await report.check('opaque: scope held and scope missing', ['200', '403 orders:write'], () => {
  return api.scopes(grant.access_token);
});
await report.check('opaque: the refreshed token', 'ada', async () => {
  const refreshed = await openid.refreshTokenGrant(web, grant.refresh_token, { resource: api.url });
  return api.subject(refreshed.access_token);
});
await report.check("opaque: a client's token names nobody", 401, async () => {
  return api.status(await machineToken(provider, api.url));
});
await report.check('opaque: refresh token', 401, () => api.status(grant.refresh_token));
await report.check('opaque: unknown token', 401, () => api.status('unknown'));
await report.check('opaque: token for another audience', 401, async () => {
  const other = 'https://other.example/shop';
  provider.resources.set(other, { format: 'opaque' });
  return api.status((await userTokens(provider, other)).grant.access_token);
});
await report.check('opaque: token bound to a key (DPoP)', 401, async () => {
  return api.status(await boundToken(provider, api.url));
});
await report.check('opaque: a JWT of the same provider', 401, async () => {
  return api.status(await machineToken(provider, 'https://jwt.example/shop'));
});
await report.check('opaque: revocation', [200, 401], async () => {
  const token = (await userTokens(provider, api.url)).grant.access_token;
  const before = await api.status(token);
  await openid.tokenRevocation(web, token);
  return [before, await api.status(token)];
});
await api.stop();

await report.check('opaque: revoked within the minute of the default', [200, 200], async () => {
  const remembering = await apiThatAsks({});
  const token = (await userTokens(provider, remembering.url)).grant.access_token;
  const before = await remembering.status(token);
  await openid.tokenRevocation(web, token);
  const after = await remembering.status(token);
  await remembering.stop();
  return [before, after];
});

const asClient = { 'client-as-subject': true };
const ways = {
  'client_secret_basic': { client: basic },
  'client_secret_post': { client: { method: 'client_secret_post', id: 'api-post', secret: SECRET } },
  'private_key_jwt': { client: { method: 'private_key_jwt', id: 'api-key', pem, kid: 'api' } },
  'signed answers (RFC 9701)': { client: { ...basic, id: 'api-signed' }, 'signed-for': 'api-signed' },
};
for (const [way, introspection] of Object.entries(ways)) {
  await report.check(`opaque: ${way}, a user and a client`, ['ada', 'machine'], async () => {
    const asking = await apiThatAsks({ ...introspection, ...asClient });
    const user = (await userTokens(provider, asking.url)).grant.access_token;
    const subjects = [await asking.subject(user)];
    subjects.push(await asking.subject(await machineToken(provider, asking.url)));
    await asking.stop();
    return subjects;
  });
}
await report.check('opaque: signed answers for another client', 503, async () => {
  const demanding = await apiThatAsks({ ...asClient, 'signed-for': 'another' });
  const status = await demanding.status(await machineToken(provider, demanding.url));
  await demanding.stop();
  return status;
});
await report.check('opaque: wrong secret of the API', 503, async () => {
  const stranger = await apiThatAsks({ client: { ...basic, secret: 'another' }, ...asClient });
  const status = await stranger.status(await machineToken(provider, stranger.url));
  await stranger.stop();
  return status;
});

// Both: JWT first, everything else is asked about.
const both = await apiThatAsks(asClient, { mode: 'both', format: 'jwt' });
const jwt = await machineToken(provider, both.url);
await report.check('both: JWT', 'machine', () => both.subject(jwt));
await report.check('both: opaque token', 'ada', async () => {
  provider.resources.set(both.url, { format: 'opaque' });
  const token = (await userTokens(provider, both.url)).grant.access_token;
  provider.resources.set(both.url, { format: 'jwt' });
  return both.subject(token);
});
await report.check('both: JWT that expires', [200, 401], async () => {
  provider.resources.set(both.url, { format: 'jwt', life: LIFE_S });
  const token = await machineToken(provider, both.url);
  provider.resources.set(both.url, { format: 'jwt' });
  const before = await both.status(token);
  await sleep((LIFE_S + 1) * 1000);
  return [before, await both.status(token)];
});
await report.check('both: forged JWT, known key', 401, async () => both.status(await forgedToken(jwt)));
await report.check('both: forged JWT, unknown key', 401, async () => {
  return both.status(await forgedToken(jwt, 'unknown'));
});
await report.check('both: JWT for another audience', 401, async () => {
  return both.status(await machineToken(provider, 'https://other.example/jwt'));
});
await report.check('both: rubbish', 401, () => both.status('rubbish'));

process.exit(0);
