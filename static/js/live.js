// data-live="/address": listens there and loads the page again when something changed.
const live = document.querySelector("[data-live]");
if (live) {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("changed", () => location.reload());
  addEventListener("pagehide", () => source.close());
}
