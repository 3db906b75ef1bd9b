// The key / goes to a field, unless something is being typed, or a drawer lies over the page.

export default function ({ data }) {
  const focus = (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const [at] = event.composedPath();
    if (at.isContentEditable || at.matches?.("input, textarea, select")) return;
    const field = document.querySelector(data.selector);
    if (!field || document.querySelector('[role="dialog"]')) return;
    event.preventDefault();
    field.focus();
    field.select();
  };
  document.addEventListener("keydown", focus);
  return () => document.removeEventListener("keydown", focus);
}
