// When the drawer that a card opened closes, the focus goes back to the grid: to the case that was seen last, where
// it is on this page, so that one goes on by keyboard from there. Goes before gallery_grid.js.

const DRAWER = '[role="dialog"]';
const SETTLE = 60;

const comeBackAfter = (grid, opened) => {
  let seen = null;
  const watch = new MutationObserver(() => {
    if (document.querySelector(DRAWER)) {
      seen = new URLSearchParams(window.location.search).get("case") ?? seen ?? opened;
      return;
    }
    if (seen === null) return; // not open yet
    watch.disconnect();
    setTimeout(() => {
      const find = (id) => [...grid.querySelectorAll(".card")].find((card) => card.dataset.case === id);
      if (grid.isConnected && !document.querySelector(DRAWER)) (find(seen) ?? find(opened))?.focus();
    }, SETTLE);
  });
  watch.observe(document.body, { childList: true, subtree: true });
};

const returnFocus = (grid) => {
  grid.onclick = (event) => {
    const card = event.target.closest(".card");
    if (card && !document.querySelector(DRAWER)) comeBackAfter(grid, card.dataset.case);
  };
};

