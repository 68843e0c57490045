// data-live="/address": listens there and loads the page again when something changed.
const live = document.querySelector("[data-live]");
if (live) {
  const source = new EventSource(live.dataset.live);
  source.addEventListener("changed", () => location.reload());
  // A form on its way changes what is listened to: loading again now would cut off its answer, and the cookie in it.
  addEventListener("submit", () => source.close());
  addEventListener("pagehide", () => source.close());
}
