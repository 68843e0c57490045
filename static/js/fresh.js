// data-fresh="15" on an element with an id: every so many seconds the page is fetched behind the scenes and the element's
// content replaced where it changed. Not while the tab is hidden or somebody has marked text; what was opened stays open.
const fresh = document.querySelector("[data-fresh][id]");
if (fresh) {
  const opened = () => [...fresh.querySelectorAll("details")].map((one) => one.open);
  const replace = (page) => {
    const next = page?.getElementById(fresh.id);
    if (!next) return;
    // Piece by piece, so that what is the same keeps its place, its focus and its scrolling.
    const [now, then] = [[...fresh.children], [...next.children]];
    const open = opened();
    if (now.length !== then.length) fresh.replaceChildren(...then);
    else now.forEach((piece, place) => {
      const used = piece.contains(document.activeElement);
      if (!used && plain(piece) !== plain(then[place])) piece.replaceWith(then[place]);
    });
    fresh.querySelectorAll("details").forEach((one, place) => { one.open = open[place] ?? one.open; });
  };
  const plain = (piece) => piece.outerHTML.replaceAll(/<details[^>]*>/g, "<details>");
  const look = () => {
    if (document.hidden || !getSelection().isCollapsed) return;
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.addEventListener("load", () => {
      // Elsewhere after the login has ended: then the page shows it at the next click.
      if (request.status === 200 && request.responseURL === location.href) replace(request.response);
    });
    request.open("GET", location.href);
    request.send();
  };
  setInterval(look, Number(fresh.dataset.fresh) * 1000);
}
