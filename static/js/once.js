// A second click on a form that is on its way sends nothing: the first answer may show what is shown once, and tells what was
// done. The button works again after "Back", or after a while: the server knows what it has had.
const LONGEST_MS = 100000;
const is_change = (form, button) => (button?.getAttribute("formmethod") ?? form.getAttribute("method"))?.toLowerCase() === "post";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !is_change(form, event.submitter)) return;
  if (form.hasAttribute("data-sent")) { event.preventDefault(); return; }
  form.setAttribute("data-sent", "");
  setTimeout(() => form.removeAttribute("data-sent"), LONGEST_MS);
});
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent"); });
