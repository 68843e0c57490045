// data-live="/address": listens there and loads the page again when something changed.
const live = document.querySelector("[data-live]");
if (live) {
  let source, wait = 5000, ended = false;
  const listen = () => {
    if (ended) return;
    source = new EventSource(live.dataset.live);
    source.addEventListener("open", () => { wait = 5000; });
    source.addEventListener("changed", () => location.reload());
    // The browser gives up for good when it is refused (503: too many at once), so come again, ever more slowly.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(listen, wait * (0.5 + Math.random()));
      wait = Math.min(2 * wait, 300000);
    });
  };
  listen();
  // A form on its way changes what is listened to: loading again now would cut off its answer, and the cookie in it.
  const end = () => { ended = true; source.close(); };
  addEventListener("submit", end);
  addEventListener("pagehide", end);
}
