// The key G goes into the grid, past all that stands before it, unless something is being typed or a drawer lies over
// the page. Goes before gallery_grid.js.

const enterByKey = (grid) => {
  if (grid.dataset.enters) return;
  grid.dataset.enters = "yes";
  const onKey = (event) => {
    if (!grid.isConnected) {
      document.removeEventListener("keydown", onKey);
      return;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.defaultPrevented;
    if (event.key.toLowerCase() !== "g" || !plain) return;
    const [at] = event.composedPath();
    if (at.isContentEditable || at.matches?.("input:not([type=checkbox]), textarea, select")) return;
    if (document.querySelector(DRAWER) || grid.contains(at)) return;
    const card = grid.querySelector('.card[tabindex="0"]');
    if (!card) return;
    event.preventDefault(); // the next grid of the page leaves it alone then
    card.focus();
    card.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", onKey);
};

