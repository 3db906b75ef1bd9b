// A table of cells that can be picked. Text is set as text, never as markup.

const HEAT = 0.5; // of the full colour at most, so that the number on it stays readable

const percent = (share) => `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;

const bar = (cell) => {
  const track = element("span", "track");
  track.setAttribute("aria-hidden", "true");
  const fill = element("i");
  fill.style.width = percent(cell.bar);
  if (cell.colour) fill.style.background = cell.colour;
  track.append(fill);
  if (cell.low !== undefined) {
    const whisker = element("b");
    whisker.style.left = percent(cell.low);
    whisker.style.width = percent(cell.high - cell.low);
    track.append(whisker);
  }
  return track;
};

const fill = (holder, cell) => {
  const line = element("span", "line");
  if (cell.swatch) {
    const swatch = element("span", "swatch");
    swatch.style.background = cell.swatch;
    line.append(swatch);
  }
  line.append(element("span", "text", cell.text));
  if (cell.tag) line.append(element("span", "tag", cell.tag));
  if (cell.note) line.append(element("span", "note", cell.note));
  holder.append(line);
  if (cell.bar !== undefined) holder.append(bar(cell));
};

const content = (cell, data, pick) => {
  if (!cell.pick) {
    const holder = element("span", "plain");
    fill(holder, cell);
    return holder;
  }
  const button = element("button");
  button.type = "button";
  button.dataset.pick = cell.pick;
  button.setAttribute("aria-pressed", String(data.picked.includes(cell.pick)));
  if (cell.said) button.setAttribute("aria-label", cell.said);
  fill(button, cell);
  button.addEventListener("click", () => pick(cell.pick));
  return button;
};

const body = (data, pick) =>
  data.rows.map((row) => {
    const line = element("tr");
    if (data.picked.includes(row[0].pick)) line.className = "picked";
    row.forEach((cell, at) => {
      const place = element(at ? "td" : "th", data.columns[at].align);
      if (!at) place.scope = "row";
      if (cell.heat !== undefined) {
        place.classList.add(cell.right ? "right" : "wrong");
        place.style.setProperty("--heat", percent(HEAT * cell.heat));
      }
      place.append(content(cell, data, pick));
      line.append(place);
    });
    return line;
  });

// Whether columns lie beyond the edges; then the table can be scrolled by keyboard too.
const edges = (wide) => {
  const most = wide.scrollWidth - wide.clientWidth;
  wide.classList.toggle("on-left", wide.scrollLeft > 4);
  wide.classList.toggle("on-right", wide.scrollLeft < most - 4);
  if (most > 4) wide.tabIndex = 0;
  else wide.removeAttribute("tabindex");
};

export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  const focused = parentElement.activeElement?.dataset?.pick ?? null;
  table.className = data.square ? "square" : "";
  table.setAttribute("aria-label", data.label);
  const head = element("tr");
  data.columns.forEach((column) => {
    const place = element("th", column.align, column.title);
    place.scope = "col";
    if (column.hint) place.title = column.hint;
    head.append(place);
  });
  const top = element("thead");
  top.append(head);
  const rows = element("tbody");
  rows.append(...body(data, (pick) => setTriggerValue("pick", pick)));
  table.replaceChildren(top, rows);
  const buttons = [...table.querySelectorAll("button")];
  buttons.find((button) => button.dataset.pick === focused)?.focus();

  const wide = table.parentElement;
  wide.setAttribute("role", "group");
  wide.setAttribute("aria-label", data.label);
  wide.onscroll = () => edges(wide);
  wide.watch?.disconnect();
  wide.watch = new ResizeObserver(() => edges(wide));
  wide.watch.observe(wide);
  wide.watch.observe(table);

  const place = (button) => button.getBoundingClientRect();
  table.onkeydown = (event) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (!way || !buttons.includes(event.target)) return;
    event.preventDefault();
    const from = place(event.target);
    const ahead = buttons
      .map((button) => ({ button, x: place(button).left - from.left, y: place(button).top - from.top }))
      .filter(({ x, y }) => (way[0] ? way[0] * x > 4 && Math.abs(y) < 8 : way[1] * y > 4))
      .sort((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y));
    ahead[0]?.button.focus();
  };
  return undefined;
}
