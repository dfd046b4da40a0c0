// The API that is secured by the library: `interop_server`, one process each.

import { firstLine, place, start } from './processes.mjs';

export class Api {
  /** `configuration` is that of `tests/src/bin/interop_server/configuration.rs`. */
  static async start(configuration) {
    const api = new Api();
    const input = `${JSON.stringify(configuration)}\n`;
    api.program = start(place('SERVER'), [], { input, lines: true });
    api.url = await firstLine(api.program);
    return api;
  }

  stop() {
    return this.program.stop();
  }

  request(path, token, { method = 'GET', scheme = 'Bearer', headers = {} } = {}) {
    const credentials = token === undefined ? {} : { authorization: `${scheme} ${token}` };
    return fetch(this.url + path, { method, headers: { ...credentials, ...headers } });
  }

  /** The status of `GET /me`, which any caller gets. */
  async status(token, options) {
    const response = await this.request('/me', token, options);
    await response.arrayBuffer();
    return response.status;
  }

  /** Whose token it is, or the status if it is not accepted. */
  async subject(token) {
    const response = await this.request('/me', token);
    return response.status === 200 ? (await response.json()).subject : response.status;
  }

  /** The statuses of reading and of writing, each of which has a scope of its own. */
  async scopes(token) {
    const read = await this.request('/orders', token);
    const write = await this.request('/orders', token, { method: 'POST' });
    const challenge = (response) => {
      const found = /scope="([^"]*)"/.exec(response.headers.get('www-authenticate') ?? '');
      return found ? `${response.status} ${found[1]}` : String(response.status);
    };
    return [challenge(read), challenge(write)];
  }
}
