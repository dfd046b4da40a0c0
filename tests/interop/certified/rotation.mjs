// Keys of `oidc-provider` that rotate while a client never stops: no request with a good token fails,
// and tokens of a withdrawn key end.

import { Api } from '../api.mjs';
import { Report, eventually, sleep } from '../report.mjs';
import { Steady, inTurn } from '../steady.mjs';
import { forgedToken, machineToken } from './clients.mjs';
import { signingKey } from './keys.mjs';
import { CertifiedProvider } from './provider.mjs';

/** How long a token of a withdrawn key may be accepted: the refresh, and time for a busy machine. */
const WITHDRAWN_MS = 10_000;

/** So long, requests with the old token may still be under way. */
const UNDER_WAY_MS = 300;

const report = new Report('oidc-provider');
await rotate('rotation', 0);
await rotate('rotation beside forged tokens', 6);
await rotateOnce('rotation beside forged tokens, as configured by default', 6);
process.exit(0);

async function rotate(name, forgedPerSecond) {
  const [first, second, third] = ['1', '2', '3'].map((kid) => signingKey('RS256', kid));
  const provider = await CertifiedProvider.start({ keys: [first] });
  const api = await Api.start({ issuer: provider.issuer, mode: 'jwt', 'refresh-every': 2 });
  const token = () => machineToken(provider, api.url);
  const good = inTurn();

  const one = await token();
  await report.check(`${name}: before`, 200, () => api.status(one));
  let number = 0;
  const stranger = () => forgedToken(one, `unknown ${(number += 1)}`);
  const forged = forgedPerSecond > 0 && new Steady(api, 1000 / forgedPerSecond, stranger);
  good.use(one);
  const steady = new Steady(api, 20, good.next);
  // Long enough for forged tokens to have had keys fetched.
  await sleep(forged ? 5000 : 2500);

  // The old key is gone at once.
  good.use();
  await sleep(UNDER_WAY_MS);
  provider.publish([second]);
  const two = await token();
  good.use(two);
  await report.check(`${name}: old key gone at once, its token ends`, 401, async () => {
    await eventually(401, WITHDRAWN_MS, () => api.status(one));
    return api.status(one);
  });
  await sleep(2000);

  // Both keys are published for a while, as providers recommend.
  provider.publish([third, second]);
  const three = await token();
  good.use(two, three);
  await sleep(4000);
  good.use(three);
  await sleep(UNDER_WAY_MS);
  provider.publish([third]);
  await report.check(`${name}: withdrawn after an overlap, its token ends`, 401, async () => {
    await eventually(401, WITHDRAWN_MS, () => api.status(two));
    return api.status(two);
  });
  await sleep(2000);

  await report.check(`${name}: good requests`, 'all 200', () => steady.summary());
  if (forged) await report.check(`${name}: forged requests`, 'all 401', () => forged.summary());
  await api.stop();
  await provider.stop();
}

/** With the default, keys are fetched for five minutes only because tokens name unknown ones. */
async function rotateOnce(name, forgedPerSecond) {
  const [first, second] = ['1', '2'].map((kid) => signingKey('RS256', kid));
  const provider = await CertifiedProvider.start({ keys: [first] });
  const api = await Api.start({ issuer: provider.issuer, mode: 'jwt' });
  const good = inTurn();
  const one = await machineToken(provider, api.url);
  let number = 0;
  const forged = new Steady(api, 1000 / forgedPerSecond, () => forgedToken(one, `unknown ${(number += 1)}`));
  good.use(one);
  const steady = new Steady(api, 20, good.next);
  await sleep(6000);
  provider.publish([second, first]);
  good.use(one, await machineToken(provider, api.url));
  await sleep(6000);
  await report.check(`${name}: good requests`, 'all 200', () => steady.summary());
  await report.check(`${name}: forged requests`, 'all 401', () => forged.summary());
  await api.stop();
  await provider.stop();
}
