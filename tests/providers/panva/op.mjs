// panva's oidc-provider for the tests: node op.mjs PORT CONFIG.json (written by tests/providers/real.py).
// Its keys come from there too: node 20's generateKeyPairSync with a JWK export can hang: seen about once in 200 starts.
import { readFileSync } from 'node:fs';
import { Provider, errors } from 'oidc-provider';

const port = Number(process.argv[2]);
const config = JSON.parse(readFileSync(process.argv[3], 'utf8'));

const people = (ctx, id) => {
  const person = config.people[id] ?? { email: `${id}@example.com`, email_verified: true, name: id };
  return { accountId: id, claims: () => ({ sub: id, ...person }) };
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: config.clients,
  cookies: { keys: ['only-for-tests'] },
  jwks: config.jwks,
  // Tests only: the provider's own fetch refuses loopback, where back-channel logout must go here.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'], groups: ['groups'] },
  scopes: ['openid', 'offline_access', 'groups', ...Object.values(config.resources ?? {})],
  conformIdTokenClaims: config.conformIdTokenClaims,
  findAccount: people,
  enabledJWA: {
    idTokenSigningAlgValues: [
      'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'HS256',
    ],
    userinfoSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    userinfoEncryptionAlgValues: ['RSA-OAEP-256', 'ECDH-ES'],
    userinfoEncryptionEncValues: ['A256GCM'],
    clientAuthSigningAlgValues: ['HS256', 'HS512', 'RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'],
    idTokenEncryptionAlgValues: ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'],
    idTokenEncryptionEncValues: ['A128GCM', 'A256GCM', 'A128CBC-HS256', 'A256CBC-HS512'],
  },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  ttl: { AccessToken: config.accessTokenSeconds, IdToken: 3600, RefreshToken: 86400, Session: 86400, Grant: 86400, Interaction: 3600 },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    encryption: { enabled: true },
    jwtUserinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    // The client "fapi2" is held to FAPI 2.0, and to nonces in its proofs; the others to neither.
    dPoP: {
      enabled: true,
      nonceSecret: Buffer.alloc(32, 'only-for-tests'),
      requireNonce: (ctx) => ctx.oidc.client?.clientId === 'fapi2',
    },
    fapi: { enabled: true, profile: (ctx, client) => (client?.clientId === 'fapi2' ? '2.0' : undefined) },
    revocation: { enabled: true },
    introspection: { enabled: true },
    // Whoever comes may register, as MCP clients do; access tokens for a resource (RFC 8707) are JWTs (RFC 9068).
    registration: { enabled: config.resources !== undefined },
    resourceIndicators: {
      enabled: config.resources !== undefined,
      getResourceServerInfo: (ctx, resource) => {
        const scope = config.resources[resource];
        if (scope === undefined) throw new errors.InvalidTarget();
        return { scope, audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
      },
    },
    rpInitiatedLogout: { enabled: true },
  },
});

// What went wrong is written down; the tests show it when they fail.
provider.on('backchannel.error', (ctx, error, client) => console.log('backchannel.error', client.clientId, error.message));
provider.on('backchannel.success', (ctx, client) => console.log('backchannel.success', client.clientId));
for (const event of ['authorization.error', 'grant.error', 'userinfo.error', 'end_session.error', 'server_error']) {
  provider.on(event, (ctx, error) => console.log(event, error.error ?? error.message, error.error_description ?? error.stack));
}
provider.listen(port, '127.0.0.1', () => console.log('listening'));
