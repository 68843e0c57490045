// Lighthouse over the pages that people live in, on a running demo: node run.mjs DEMO_JSON CHROMIUM
// Fails when a page scores below 95 in performance, accessibility or best practices.
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import * as chromeLauncher from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const [demoFile, chromePath] = process.argv.slice(2);
const demo = JSON.parse(await readFile(demoFile, "utf8"));

// RFC 6238, as an authenticator app does.
const code = (seed) => {
  const bits = [...seed].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
};
const send = async (path, fields, cookie = "") => {
  const answer = await fetch(demo.portal + path, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: demo.portal, "sec-fetch-site": "same-origin", cookie },
    body: new URLSearchParams(fields),
  });
  return answer.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
};
const halfway = await send("/login", { email: demo.email, password: demo.password });
const cookie = await send("/login/factor", { code: code(demo.totp_secret) }, halfway);
const read = async (path, accept = "text/html") => {
  const answer = await fetch(demo.portal + path, { headers: { cookie, accept } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
};
const pending = await read("/monitoring/customer/pending-invitations");
const link = pending.match(/\/tenants\/[^"?]*\/auth-url/)[0];
const pages = {
  status: [`${demo.portal}/security/authentication-status`, cookie],
  errors: [`${demo.portal}/monitoring/msal-errors`, cookie],
  operations: [`${demo.portal}/monitoring/operations`, cookie],
  onboarding: [(await read(link, "text/plain")).trim(), ""],
};

const chrome = await chromeLauncher.launch({ chromePath, chromeFlags: ["--headless=new", "--no-sandbox"] });
let low = 0;
try {
  for (const [name, [url, cookie]] of Object.entries(pages)) {
    const extraHeaders = cookie ? { Cookie: cookie } : {};
    const { lhr } = await lighthouse(url, { port: chrome.port, onlyCategories: CATEGORIES, extraHeaders }, desktopConfig);
    const scores = CATEGORIES.map((one) => [one, Math.round(lhr.categories[one].score * 100)]);
    low += scores.filter(([, score]) => score < LEAST).length;
    console.log(name, scores.map(([one, score]) => `${one}=${score}`).join(" "), lhr.finalDisplayedUrl.replace(demo.portal, "").replace(/[^/]{40,}/, "…"));
  }
} finally {
  await chrome.kill();
}
if (low > 0) {
  console.error(`${low} scores are below ${LEAST}`);
  process.exitCode = 1;
}
