// The OpenID provider of npm `oidc-provider` with sign-in pages of its own, for the tests of single sign-on.
// Reads one line of JSON from standard input, prints one with the issuer, and ends with its standard input.
//   { modules, host, algorithm, client_id, client_secret, auth_method, redirect_uri, people: { login: { claims } } }
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const line = await new Promise((resolve) => createInterface({ input: process.stdin }).once('line', resolve));
const told = JSON.parse(line);
process.stdin.on('end', () => process.exit(0)).resume();
// Its advice to operators goes where nobody reads: standard output is for the one line.
console.info = console.warn = () => {};
const { Provider } = await import(pathToFileURL(`${told.modules}/oidc-provider/lib/index.js`));

const jwk = (pair, more) => ({ ...pair.privateKey.export({ format: 'jwk' }), use: 'sig', ...more });
const keys = [
  jwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), { kid: 'rsa' }),
  jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }), { kid: 'ec' }),
];

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://${told.host}:${server.address().port}`;

const provider = new Provider(issuer, {
  jwks: { keys },
  cookies: { keys: ['only for tests'] },
  clients: [{
    client_id: told.client_id,
    client_secret: told.client_secret,
    redirect_uris: [told.redirect_uri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: told.auth_method,
    id_token_signed_response_alg: told.algorithm,
  }],
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'amr'], profile: ['name'], email: ['email'], groups: ['groups'] },
  scopes: ['openid', 'profile', 'email', 'groups'],
  pkce: { methods: ['S256'], required: () => true },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...told.people[id] }) }),
  // Nobody is asked for consent: the organisation has given it.
  async loadExistingGrant(ctx) {
    if (!ctx.oidc.session.accountId) return undefined;
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile email groups');
    await grant.save();
    return grant;
  },
});

const form = `<!doctype html><html lang="en"><title>Provider</title><form method="post">
  <input name="login"><label><input type="checkbox" name="mfa" value="1"> with a second factor</label>
  <button name="act" value="in">Sign in</button><button name="act" value="no">Decline</button></form>`;

async function interaction(req, res) {
  if (req.method === 'GET') {
    res.setHeader('content-type', 'text/html');
    return res.end(form);
  }
  let body = '';
  for await (const chunk of req) body += chunk;
  const typed = new URLSearchParams(body);
  if (typed.get('act') === 'no') {
    const declined = { error: 'access_denied', error_description: '<script>alert(1)</script>' };
    return provider.interactionFinished(req, res, declined, { mergeWithLastSubmission: false });
  }
  const amr = typed.get('mfa') ? ['pwd', 'mfa'] : ['pwd'];
  const login = { accountId: typed.get('login'), amr, remember: false };
  return provider.interactionFinished(req, res, { login }, { mergeWithLastSubmission: false });
}

const callback = provider.callback();
server.on('request', (req, res) => {
  if (!req.url.startsWith('/interaction/')) return callback(req, res);
  interaction(req, res).catch((error) => {
    res.statusCode = 500;
    res.end(String(error));
  });
});
console.log(JSON.stringify({ issuer }));
