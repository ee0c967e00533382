import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const HEADER = 'the-secret-of-this-machine';
const TENANT = '0198c0de-0000-7000-8000-00000000000a';

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Where a machine in Azure gets the tokens of its identity. */
export class IdentityHost {
  asked = 0;
  refuses = false;
  private readonly server = createServer((call, reply) => {
    this.asked++;
    const { searchParams } = new URL(call.url ?? '', 'http://host');
    const isRight = call.headers['x-identity-header'] === HEADER && !this.refuses;
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const resource = searchParams.get('resource') ?? '';
    const answer = isRight
      ? { access_token: token(resource, expires), expires_on: String(expires), resource, token_type: 'Bearer' }
      : { error: 'invalid_request', error_description: 'Identity not found' };
    reply.writeHead(isRight ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });

  async listen(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  /** What tells Azure's library of it. */
  get env(): Record<string, string> {
    const { port } = this.server.address() as AddressInfo;
    return {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
      IDENTITY_HEADER: HEADER,
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}

/** Signed by nobody: Azurite reads what it says. */
function token(aud: string, exp: number): string {
  const claims = { aud, iss: `https://sts.windows.net/${TENANT}/`, oid: TENANT, tid: TENANT };
  const times = { iat: exp - 3600, nbf: exp - 3600, exp };
  return [encoded({ alg: 'none', typ: 'JWT' }), encoded({ ...claims, ...times }), 'none'].join('.');
}
