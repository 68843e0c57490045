// a[data-auth-url]: shows the link in dialog[data-auth-dialog] in place; without scripts the address is a page.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-auth-url]");
  const dialog = document.querySelector("dialog[data-auth-dialog]");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { headers: { accept: "text/plain" }, redirect: "error" }).catch(() => null);
  if (!answer?.ok || !answer.headers.get("content-type")?.startsWith("text/plain")) {
    location.assign(link.href);
    return;
  }
  const field = dialog.querySelector("input");
  field.value = await answer.text();
  dialog.showModal();
  field.select();
});
