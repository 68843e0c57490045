// table[data-live-rows="/address"]: listens there for rows and counts that changed, and writes them into the page.
const table = document.querySelector("table[data-live-rows]");
const make = (name, className, text) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const time = (when) => {
  if (!when) return make("span", "muted", "–");
  const node = make("time", "", when.distance);
  node.dateTime = when.machine;
  node.title = when.exact;
  return node;
};
const cells = {
  admin: (row) => [row.admin ? document.createTextNode(row.admin) : make("span", "muted", "not known yet")],
  mode: (row) => [document.createTextNode(row.mode)],
  state: (row) => [make("span", `badge badge-${row.class}`, row.label), ...row.lines.map((line) => make("span", "sub", line))],
  since: (row) => [time(row.since)],
  tokens: (row, cell) => { cell.classList.toggle("short", row.short); return [document.createTextNode(row.tokens)]; },
  expires: (row) => [time(row.expires)],
  last_ok: (row) => [time(row.last_ok)],
  error: (row) => {
    if (!row.error_href) return [];
    const link = make("a", "mono", row.error);
    link.href = row.error_href;
    return [document.createTextNode("Last error "), link];
  },
};
const show = (row) => {
  const line = table.querySelector(`tr[data-tenant="${CSS.escape(row.id)}"]`);
  for (const cell of line?.querySelectorAll("[data-cell]") ?? []) cell.replaceChildren(...cells[cell.dataset.cell](row, cell));
};
const count = (one) => {
  const link = document.querySelector(`[data-count="${CSS.escape(one.class)}"]`);
  const bar = document.querySelector(`[data-bar="${CSS.escape(one.class)}"]`);
  if (link) { link.querySelector("strong").textContent = one.count; link.classList.toggle("zero", one.count === 0 && one.class !== "all"); }
  if (bar) { bar.setAttribute("x", one.x); bar.setAttribute("width", one.width); }
};
if (table) {
  const query = new URLSearchParams(table.dataset.liveQuery);
  for (const line of table.querySelectorAll("tr[data-tenant]")) query.append("tenant", line.dataset.tenant);
  dispatchEvent(new CustomEvent("listen", { detail: {
    address: `${table.dataset.liveRows}?${query}`,
    on: {
      rows: (event) => JSON.parse(event.data).forEach(show),
      counts: (event) => JSON.parse(event.data).forEach(count),
      moved: () => { const word = document.querySelector("[data-live-moved]"); if (word) word.hidden = false; },
    },
  } }));
}
