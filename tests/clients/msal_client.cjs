// Microsoft's MSAL for Node.js against the Entra simulator.
//
// Reads one JSON object on standard input (addresses, application, people), goes through every flow, and prints what the
// library made of it as one JSON object. The Rust test judges.
"use strict";

const fs = require("node:fs");
const msal = require("@azure/msal-node");

const SCOPES = ["https://graph.microsoft.com/User.Read"];
const DEFAULT = ["https://graph.microsoft.com/.default"];

const given = JSON.parse(fs.readFileSync(0, "utf8"));
const base = given.url.replace(/\/$/, "");
const host = new URL(base).host;

async function control(path, body) {
  const answer = await fetch(`${base}/control/api/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

function auth(segment, more) {
  return {
    auth: {
      clientId: given.client_id,
      authority: `${base}/${segment}`,
      knownAuthorities: [host],
      ...more,
    },
  };
}

function confidential(credential) {
  return new msal.ConfidentialClientApplication(auth(given.tenant, credential));
}

// What the test looks at; never a token.
async function brief(work) {
  try {
    const answer = await work;
    return {
      access_token: Boolean(answer.accessToken),
      from_cache: answer.fromCache,
      username: answer.account?.username,
      tenant: answer.tenantId,
    };
  } catch (error) {
    return {
      exception: error.constructor.name,
      interaction: error instanceof msal.InteractionRequiredAuthError,
      server: error instanceof msal.ServerError,
      error: error.errorCode,
      suberror: error.subError,
      number: error.errorNo,
      message: error.message,
    };
  }
}

async function deviceCode(seen) {
  const app = new msal.PublicClientApplication(auth("organizations"));
  const begin = (answer) =>
    app.acquireTokenByDeviceCode({
      scopes: SCOPES,
      deviceCodeCallback: (code) => void answer(code.userCode),
    });
  seen.device_code = await brief(
    begin((user_code) => control("device/approve", { user_code, upn: given.upn })),
  );
  const [account] = await app.getTokenCache().getAllAccounts();
  seen.cached = await brief(app.acquireTokenSilent({ account, scopes: SCOPES }));
  seen.silent = await brief(
    app.acquireTokenSilent({ account, scopes: SCOPES, forceRefresh: true }),
  );
  await control("kill", { user: given.upn, cause: "sessions_revoked" });
  seen.killed = await brief(
    app.acquireTokenSilent({ account, scopes: SCOPES, forceRefresh: true }),
  );
  seen.declined = await brief(
    begin((user_code) => control("device/decline", { user_code })),
  );
}

async function appOnly(seen) {
  const ask = (app) => brief(app.acquireTokenByClientCredential({ scopes: DEFAULT }));
  seen.secret = await ask(confidential({ clientSecret: given.secret }));
  seen.wrong_secret = await ask(confidential({ clientSecret: "not-the-secret" }));
  seen.certificate = await ask(
    confidential({
      clientCertificate: {
        thumbprintSha256: given.thumbprint_sha256,
        privateKey: given.private_key,
      },
    }),
  );
}

async function authorizationCode(seen) {
  const app = confidential({ clientSecret: given.secret });
  const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes();
  const request = { scopes: SCOPES, redirectUri: given.redirect_uri };
  const url = await app.getAuthCodeUrl({
    ...request,
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  const landed = await control("authorize", { url, upn: given.upn });
  const code = new URL(landed.redirect).searchParams.get("code");
  seen.code = await brief(app.acquireTokenByCode({ ...request, code, codeVerifier: verifier }));
}

async function main() {
  const seen = { version: msal.version };
  await deviceCode(seen);
  await appOnly(seen);
  await authorizationCode(seen);
  process.stdout.write(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
