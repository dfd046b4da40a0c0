// Keys: of the provider, of its clients, and of an attacker.
//
// They are made as PEM and read again. Node 20 can wait for itself for ever when a key that it has just
// generated is exported as a JWK: garbage collection may then end the generation, under the same lock.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

import { importPKCS8, importSPKI } from 'jose';

const KINDS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
  Ed25519: ['ed25519', {}],
};

/** Both halves as PEM. */
export function pemPair(alg) {
  const [kind, options] = KINDS[alg];
  return generateKeyPairSync(kind, {
    ...options,
    publicKeyEncoding: { format: 'pem', type: 'spki' },
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
  });
}

/** A signing key as a private JWK. */
export function signingKey(alg, kid) {
  const key = createPrivateKey(pemPair(alg).privateKey);
  return { ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

/** A PEM key's public half as a JWK. */
export function publishedKey(pem, alg, kid) {
  return { ...createPublicKey(pem).export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

/** Both halves for Web Cryptography. */
export async function cryptoPair(alg) {
  const { publicKey, privateKey } = pemPair(alg);
  return {
    publicKey: await importSPKI(publicKey, alg, { extractable: true }),
    privateKey: await importPKCS8(privateKey, alg),
  };
}
