// The key / goes to a field, unless something is being typed, or a drawer lies over the page. From a page without the
// field it goes through a link to the page that has it.

const PATIENCE = 5000; // ms in which that page must have come up
// a box that keeps the focus after something was chosen in it: nothing is being typed there
const CLOSED_LIST = '[data-testid="stSelectbox"] input[aria-expanded="false"]';

export default function ({ data }) {
  let waiting = 0;

  const focusField = () => {
    const field = document.querySelector(data.selector);
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  };

  const focusWhenThere = (until) => {
    if (!focusField() && performance.now() < until) waiting = setTimeout(() => focusWhenThere(until), 50);
  };

  const giveUp = () => clearTimeout(waiting);

  const onKey = (event) => {
    if (event.repeat) return;
    giveUp();
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const [at] = event.composedPath();
    if (at.isContentEditable || (at.matches?.("input, textarea, select") && !at.matches(CLOSED_LIST))) return;
    if (document.querySelector('[role="dialog"]')) return;
    const link = document.querySelector(data.link);
    if (!link && !document.querySelector(data.selector)) return;
    event.preventDefault();
    if (focusField()) return;
    link.click();
    focusWhenThere(performance.now() + PATIENCE);
  };

  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", giveUp);
  return () => {
    giveUp();
    document.removeEventListener("keydown", onKey);
    document.removeEventListener("pointerdown", giveUp);
  };
}
