// `oidc-provider` stops and comes back: what is served meanwhile, and that no good request fails once it
// is back.

import { Api } from '../api.mjs';
import { Report, eventually, sleep } from '../report.mjs';
import { Steady, inTurn } from '../steady.mjs';
import { machineToken } from './clients.mjs';
import { signingKey } from './keys.mjs';
import { CertifiedProvider, SECRET } from './provider.mjs';

/** How long the API may take to find that the provider is back after a short outage. */
const BACK_MS = 10_000;

const report = new Report('oidc-provider');
const introspection = {
  client: { method: 'client_secret_basic', id: 'api basic', secret: SECRET },
  'client-as-subject': true,
};
await keysInUse();
await startedBefore('jwt');
await opaque();
await startedBefore('introspection');
process.exit(0);

async function keysInUse() {
  const provider = await CertifiedProvider.start();
  const api = await Api.start({ issuer: provider.issuer, mode: 'jwt', 'refresh-every': 2 });
  const [seen, unseen] = [await machineToken(provider, api.url), await machineToken(provider, api.url)];
  await report.check('stopped: JWT seen before, and not', [200, 200, 200], async () => {
    const before = await api.status(seen);
    await provider.stop();
    return [before, await api.status(seen), await api.status(unseen)];
  });

  const good = inTurn();
  good.use(seen, unseen);
  const steady = new Steady(api, 20, good.next);
  // The keys fall due, and cannot be fetched.
  await sleep(5000);
  await provider.restart();
  good.use(seen, unseen, await machineToken(provider, api.url));
  await sleep(5000);
  await report.check('stopped and back: good requests', 'all 200', () => steady.summary());

  await report.check('back with another key: its token is accepted soon', 200, async () => {
    await provider.stop();
    await sleep(3000);
    await provider.restart();
    provider.publish([signingKey('RS256', 'another')]);
    const token = await machineToken(provider, api.url);
    await eventually(200, BACK_MS, () => api.status(token));
    return api.status(token);
  });
  await api.stop();
  await provider.stop();
}

/** An API that starts while the provider is down; there is a token from before. */
async function startedBefore(mode) {
  const audience = `https://${mode}.example/shop`;
  const provider = await CertifiedProvider.start();
  provider.resources.set(audience, { format: mode === 'jwt' ? 'jwt' : 'opaque' });
  const token = await machineToken(provider, audience);
  await provider.stop();
  const api = await Api.start({
    issuer: provider.issuer,
    mode,
    audience,
    ...(mode === 'introspection' && { introspection }),
  });
  await report.check(`API started while it is down, ${mode}: 503, then 200 soon`, [503, 200], async () => {
    const before = await api.status(token);
    await provider.restart();
    await eventually(200, BACK_MS, () => api.status(token));
    return [before, await api.status(token)];
  });
  await report.check(`API started while it is down, ${mode}: from then on`, 'all 200', async () => {
    const good = inTurn();
    good.use(token, await machineToken(provider, audience));
    const steady = new Steady(api, 20, good.next);
    await sleep(2000);
    return steady.summary();
  });
  await api.stop();
  await provider.stop();
}

async function opaque() {
  const provider = await CertifiedProvider.start();
  const api = await Api.start({ issuer: provider.issuer, mode: 'introspection', introspection });
  provider.resources.set(api.url, { format: 'opaque' });
  const [seen, unseen] = [await machineToken(provider, api.url), await machineToken(provider, api.url)];
  await report.check('stopped: opaque token seen before, and not', [200, 200, 503], async () => {
    const before = await api.status(seen);
    await provider.stop();
    return [before, await api.status(seen), await api.status(unseen)];
  });
  await report.check('back: the opaque token is accepted soon', 200, async () => {
    await sleep(1000);
    await provider.restart();
    await eventually(200, BACK_MS, () => api.status(unseen));
    return api.status(unseen);
  });
  await report.check('back: opaque tokens', 'all 200', async () => {
    const good = inTurn();
    good.use(seen, unseen, await machineToken(provider, api.url));
    const steady = new Steady(api, 20, good.next);
    await sleep(2000);
    return steady.summary();
  });
  await api.stop();
  await provider.stop();
}
