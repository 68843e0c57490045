// Listens to what the portal tells, and comes again when it was refused.
const listen = (address, on) => {
  let source, wait = 5000, ended = false;
  const begin = () => {
    if (ended) return;
    source = new EventSource(address);
    source.addEventListener("open", () => { wait = 5000; });
    for (const [name, act] of Object.entries(on)) source.addEventListener(name, act);
    // The browser gives up for good when it is refused (503: too many at once), so come again, ever more slowly.
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(begin, wait * (0.5 + Math.random()));
      wait = Math.min(2 * wait, 300000);
    });
  };
  begin();
  const end = () => { ended = true; source.close(); };
  addEventListener("pagehide", end);
  return end;
};
// Other scripts ask for it by this event; the content policy lets none import another.
addEventListener("listen", ({ detail: { address, on } }) => listen(address, on));

// data-live="/address": loads the page again when something changed.
const live = document.querySelector("[data-live]");
if (live) {
  const end = listen(live.dataset.live, { changed: () => location.reload() });
  // A form on its way changes what is listened to: loading again now would cut off its answer, and the cookie in it.
  addEventListener("submit", end);
}
