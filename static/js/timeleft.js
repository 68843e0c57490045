// data-until: counts down data-seconds; at zero the page is loaded again, which shows what comes next. "quiet" stays, since
// somebody may be typing.
for (const element of document.querySelectorAll("[data-until]")) {
  // Measured from the server's idea of how long is left, so that a wrong clock here does not matter.
  const end = performance.now() + Number(element.dataset.seconds) * 1000;
  const show = () => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    element.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) return;
    clearInterval(timer);
    if (element.dataset.until !== "quiet") again = setTimeout(() => location.reload(), 1500);
  };
  let again;
  const timer = setInterval(show, 1000);
  // A form on its way brings the next page by itself; loading again now would cut off its answer.
  addEventListener("submit", () => { clearInterval(timer); clearTimeout(again); });
  show();
}
