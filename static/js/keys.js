// A list by keyboard: arrows move along the rows, Enter opens, the space bar ticks. And the boxes: all at once, and how many.
const rows = [...document.querySelectorAll("table tr[data-tenant]")];
const row = () => document.activeElement?.closest("tr[data-tenant]");
const go = (to) => { if (to) { to.tabIndex = -1; to.focus(); to.scrollIntoView({ block: "nearest" }); } };
document.addEventListener("keydown", (event) => {
  if (!rows.length || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest("select, textarea, input:not([type=checkbox])")) return;
  const at = rows.indexOf(row());
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    go(rows[Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), rows.length - 1)]);
  } else if (at >= 0 && event.target === rows[at] && event.key === "Enter") {
    rows[at].querySelector("a[href]")?.click();
  } else if (at >= 0 && event.target === rows[at] && event.key === " ") {
    const box = rows[at].querySelector("input[type=checkbox]");
    if (box) { event.preventDefault(); box.click(); }
  }
});
const form = document.querySelector("form[data-selection]");
const all = form?.querySelector("[data-choose-all]");
if (all) {
  const boxes = [...form.querySelectorAll("input[name=tenant]")];
  const word = form.querySelector("[data-chosen]");
  const tell = () => {
    const n = boxes.filter((box) => box.checked).length;
    all.checked = n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
    if (word) word.textContent = n === 0 ? "Tick rows to" : `${n} chosen:`;
  };
  all.hidden = false;
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; tell(); });
  form.addEventListener("change", tell);
  tell();
}
