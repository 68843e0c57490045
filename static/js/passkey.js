// form[data-passkey]: asks data-options, lets the browser create or get a passkey, and sends its answer as a field.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask(form) {
  const answer = await fetch(form.dataset.options, { method: "POST", redirect: "manual" });
  if (answer.type === "opaqueredirect") {
    // The login has ended, or its proof is too old: the page itself says so, or asks for a fresh one.
    const here = location.pathname;
    location.assign(here.startsWith("/login") ? here + location.search : `/login/step-up?next=${encodeURIComponent(here)}`);
    return new Promise(() => {});
  }
  if (!answer.ok) throw new Error("no challenge");
  const { publicKey } = await answer.json();
  publicKey.challenge = bytes(publicKey.challenge);
  publicKey.excludeCredentials = named(publicKey.excludeCredentials);
  publicKey.allowCredentials = named(publicKey.allowCredentials);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  const made = await navigator.credentials[form.dataset.passkey]({ publicKey });
  const response = {};
  for (const part of ["attestationObject", "clientDataJSON", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) response[part] = text(made.response[part]);
  }
  if (made.response.getTransports) response.transports = made.response.getTransports();
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, extensions: made.getClientExtensionResults(), response });
}

if (globalThis.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.hidden = false;
  for (const hint of document.querySelectorAll("[data-passkey-missing]")) hint.hidden = true;
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-passkey]");
  if (!form) return;
  event.preventDefault();
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("button");
  problem.hidden = true;
  button.disabled = true;
  try {
    form.elements.credential.value = await ask(form);
    form.submit();
  } catch (error) {
    problem.textContent = error.name === "InvalidStateError"
      ? "This device has a passkey of yours already."
      : "No passkey was used. Try again, or use another of your factors.";
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
});
