// dialog[data-modal]: rendered open by the server; shown as a modal here. [data-close] leaves to its own address.
for (const dialog of document.querySelectorAll("dialog[data-modal][open]")) {
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    const way = dialog.querySelector("a[data-close]");
    if (way) { event.preventDefault(); location.assign(way.href); }
  });
}
// The menu beside the page folds away on small screens, and is there again when the window becomes wide.
const narrow = matchMedia("(max-width: 900px)");
const fold = () => { for (const nav of document.querySelectorAll("details[data-nav]")) nav.open = !narrow.matches; };
if (narrow.matches) fold();
narrow.addEventListener("change", fold);
