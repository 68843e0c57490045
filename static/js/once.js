// form[data-once]: a second click while the first is on its way sends nothing; its answer may show what is shown once. The
// button works again after a while, or after "Back": the server knows a form that it has had.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]") || event.defaultPrevented) return;
  if (form.dataset.once === "sent") { event.preventDefault(); return; }
  form.dataset.once = "sent";
  setTimeout(() => { form.dataset.once = ""; }, 100000);
});
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-once]")) form.dataset.once = ""; });
