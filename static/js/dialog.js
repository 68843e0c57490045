// dialog[data-modal]: rendered open by the server; shown as a modal here. [data-close] leaves to its own address.
for (const dialog of document.querySelectorAll("dialog[data-modal][open]")) {
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    const way = dialog.querySelector("a[data-close]");
    if (way) { event.preventDefault(); location.assign(way.href); }
  });
}
// The menu beside the page folds away on small screens.
if (matchMedia("(max-width: 900px)").matches) {
  for (const nav of document.querySelectorAll("details[data-nav]")) nav.open = false;
}
