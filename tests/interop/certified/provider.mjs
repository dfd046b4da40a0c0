// `oidc-provider`: an implementation certified by the OpenID Foundation, in this process.

import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

import { signingKey } from './keys.mjs';

/** The secrets have characters that the forms of RFC 6749 section 2.3.1 encode. */
export const SECRET = 's3cret: with/+ &% and more than thirty-two octets';

const life = (_, token) => token.resourceServer?.accessTokenTTL ?? 3600;

export class CertifiedProvider {
  /** Resources by their identifier: `{ format, alg, life, ordinary }`. Others get JWT signed with RS256. */
  resources = new Map();

  static async start(options = {}) {
    const provider = new CertifiedProvider();
    provider.options = options;
    provider.keys = options.keys ?? [signingKey('RS256', 'rsa')];
    provider.server = createServer((request, response) => provider.#serve(request, response));
    await provider.#listen(0);
    provider.port = provider.server.address().port;
    provider.issuer = `http://127.0.0.1:${provider.port}`;
    provider.publish(provider.keys);
    return provider;
  }

  /** Signs with the first fitting one of these keys, and publishes all. */
  publish(keys) {
    this.keys = keys;
    this.oidc = new Provider(this.issuer, this.#configuration());
    this.oidc.on('server_error', (_, error) => console.error(error));
    this.handle = this.oidc.callback();
  }

  /** Nobody answers any more, and open connections end. */
  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  restart() {
    return this.#listen(this.port);
  }

  #listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
  }

  #serve(request, response) {
    if (!request.url.startsWith('/interaction/')) return this.handle(request, response);
    // The user is ada, who signs in and consents without being asked.
    const result = { login: { accountId: 'ada' }, consent: {} };
    return this.oidc.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }

  #configuration() {
    const shopApi = (id, more) => ({
      client_id: id,
      client_secret: SECRET,
      redirect_uris: [],
      response_types: [],
      grant_types: [],
      ...more,
    });
    const machine = {
      client_secret: SECRET,
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    };
    return {
      jwks: { keys: this.keys },
      clients: [
        {
          client_id: 'web',
          client_secret: SECRET,
          redirect_uris: ['http://127.0.0.1:1/callback'],
          grant_types: ['authorization_code', 'refresh_token'],
        },
        { client_id: 'machine', ...machine },
        { client_id: 'bound', dpop_bound_access_tokens: true, ...machine },
        shopApi('api basic', { token_endpoint_auth_method: 'client_secret_basic' }),
        shopApi('api-post', { token_endpoint_auth_method: 'client_secret_post' }),
        shopApi('api-signed', { introspection_signed_response_alg: 'ES256' }),
        shopApi('api-key', {
          client_secret: undefined,
          token_endpoint_auth_method: 'private_key_jwt',
          token_endpoint_auth_signing_alg: 'ES256',
          jwks: { keys: this.options.apiKeys ?? [] },
        }),
      ].filter((client) => this.#canServe(client)),
      scopes: ['openid', 'offline_access'],
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
      // Users consent to everything.
      loadExistingGrant: async ({ oidc }) => {
        const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
        grant.addOIDCScope('openid offline_access');
        for (const resource of [oidc.params.resource ?? []].flat()) {
          grant.addResourceScope(resource, 'orders:read orders:write');
        }
        await grant.save();
        return grant;
      },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        dPoP: { enabled: true },
        introspection: { enabled: true, allowedPolicy: (_, { clientId }) => clientId.startsWith('api') },
        jwtIntrospection: { enabled: true },
        revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
        resourceIndicators: {
          enabled: true,
          defaultResource: (_, __, oneOf) => oneOf?.[0],
          useGrantedResource: () => true,
          getResourceServerInfo: (_, resource) => this.#resource(resource),
        },
      },
      enabledJWA: {
        introspectionSigningAlgValues: ['RS256', 'ES256'],
      },
      formats: {
        customizers: { jwt: (_, token, jwt) => this.#customize(token.resourceServer.identifier(), jwt) },
      },
      cookies: { keys: ['a key of the cookies'] },
      rotateRefreshToken: true,
      ttl: {
        AccessToken: life,
        ClientCredentials: life,
        RefreshToken: 3600,
        IdToken: 3600,
        Session: 3600,
        Interaction: 3600,
        Grant: 3600,
      },
    };
  }

  /** Without the keys that a client needs, there is no such client. */
  #canServe({ client_id: id }) {
    if (id === 'api-key') return this.options.apiKeys !== undefined;
    return id !== 'api-signed' || this.keys.some(({ alg }) => alg === 'ES256');
  }

  /** Most providers' tokens are not those of RFC 9068: their type is `JWT`, and claims are missing. */
  #customize(resource, jwt) {
    if (!this.resources.get(resource)?.ordinary) return;
    jwt.header = { typ: 'JWT' };
    delete jwt.payload.client_id;
    delete jwt.payload.jti;
  }

  #resource(identifier) {
    const { format = 'jwt', alg = 'RS256', life = 3600 } = this.resources.get(identifier) ?? {};
    return {
      audience: identifier,
      scope: 'orders:read orders:write',
      accessTokenTTL: life,
      accessTokenFormat: format,
      ...(format === 'jwt' && { jwt: { sign: { alg } } }),
    };
  }
}
