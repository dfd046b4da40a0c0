// Clients of the provider: `openid-client`, as an application uses it, and the user's browser.

import { SignJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import * as openid from 'openid-client';

import { cryptoPair } from './keys.mjs';
import { SECRET } from './provider.mjs';

const REDIRECT = 'http://127.0.0.1:1/callback';
const LOCAL = { execute: [openid.allowInsecureRequests] };

/** What `openid-client` discovers of the issuer, for one client. */
export function discover(issuer, client, authentication = openid.ClientSecretBasic(SECRET)) {
  return openid.discovery(new URL(issuer), client, {}, authentication, LOCAL);
}

/** An access token of the machine itself. */
export async function machineToken(provider, resource, scope = 'orders:read') {
  const machine = await discover(provider.issuer, 'machine');
  const grant = await openid.clientCredentialsGrant(machine, { scope, resource });
  return grant.access_token;
}

/** The tokens of the user ada: the code flow with PKCE, for one resource (RFC 8707). */
export async function userTokens(provider, resource, scope = 'openid offline_access orders:read') {
  const web = await discover(provider.issuer, 'web');
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const url = openid.buildAuthorizationUrl(web, {
    redirect_uri: REDIRECT,
    scope,
    resource,
    state,
    // Without it, the scope `offline_access` is left out.
    prompt: 'consent',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const back = await browse(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const grant = await openid.authorizationCodeGrant(web, back, checks, { resource });
  return { web, grant };
}

/** Follows redirects with cookies, as a browser does, until the provider sends it back. */
async function browse(start) {
  const cookies = new Map();
  let url = start;
  for (let step = 0; step < 10; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const location = response.headers.get('location');
    if (!location) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(REDIRECT)) return url;
  }
  throw new Error('redirected ten times');
}

/** An access token that is bound to a key of its client (DPoP, RFC 9449). */
export async function boundToken(provider, resource) {
  const client = await discover(provider.issuer, 'bound');
  const DPoP = openid.getDPoPHandle(client, await cryptoPair('ES256'));
  const parameters = { scope: 'orders:read', resource };
  const grant = await openid.clientCredentialsGrant(client, parameters, { DPoP });
  if (grant.token_type !== 'dpop') throw new Error(`it is not bound: ${grant.token_type}`);
  return grant.access_token;
}

/** A token of the same form for mallory, signed by a key that the provider never had. */
export async function forgedToken(token, kid = decodeProtectedHeader(token).kid) {
  attacker ??= cryptoPair('RS256');
  return new SignJWT({ ...decodeJwt(token), sub: 'mallory' })
    .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'RS256', kid })
    .sign((await attacker).privateKey);
}

let attacker;
