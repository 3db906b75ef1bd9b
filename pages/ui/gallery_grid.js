// Grid of case images. Everything that comes from people or files is set as text, never as markup.

const place = (card) => {
  const at = element("span", "rank", String(card.rank));
  if (card.move) {
    const [sign, words] = card.move;
    const move = element("span", `move ${{ "▲": "up", "▼": "down" }[sign[0]] ?? "still"}`, sign);
    move.title = words;
    at.append(move);
  }
  return at;
};

const THUMBNAIL = 256; // pixels of its longer side
const WIDTHS = { tiny: 90, small: 120, medium: 180, large: 300, huge: 520 }; // for a browser that cannot ask the layout

// The browser takes the smallest picture that is sharp in the place there is, on the screen there is.
const source = (image, card, { pictures, size }) => {
  if (pictures.length) {
    image.sizes = `auto, ${WIDTHS[size]}px`;
    const sharper = pictures.map(([side, url]) => `${url.replace("CASE", card.case_id)} ${side}w`);
    image.srcset = [`${card.thumbnail} ${THUMBNAIL}w`, ...sharper].join(", ");
  }
  image.src = card.thumbnail;
};

const picture = (card, offers) => {
  const frame = element("span", "frame");
  const image = element("img");
  image.loading = "lazy";
  image.decoding = "async";
  image.alt = card.alt;
  image.draggable = false;
  image.addEventListener("error", () => frame.classList.add("lost"));
  source(image, card, offers);
  frame.append(image);
  if (card.rank) frame.append(place(card));
  if (card.badges.length || card.warnings.length) {
    const badges = element("span", "badges");
    badges.append(...card.warnings.map((text) => element("span", "badge warning", text)));
    badges.append(...card.badges.map((text) => element("span", "badge", text)));
    frame.append(badges);
  }
  return frame;
};

const similarity = ({ similarity: value, standing }) => {
  const row = element("span", "similarity");
  const placed = standing !== null;
  const hundred = placed ? Math.min(99, Math.floor(standing * 100)) : 0;
  row.title = placed
    ? `cosine similarity ${value.toFixed(2)}: above that of ${hundred} of 100 pairs of one class in this library`
    : "cosine similarity of the embeddings, at most 1";
  const bar = element("span", "bar");
  const filled = element("i");
  filled.style.width = `${Math.max(0, Math.min(1, placed ? standing : value)) * 100}%`;
  bar.append(filled);
  row.append(element("span", "number", value.toFixed(2)), bar);
  if (placed) row.append(element("span", "standing", `${hundred} of 100`));
  return row;
};

const caption = (card) => {
  const text = element("span", "text");
  text.ariaHidden = "true"; // the image's alternative text says all of it
  const title = element("span", "title");
  const swatch = element("span", "swatch");
  swatch.style.background = card.colour;
  title.append(swatch, element("span", "", card.title));
  text.append(title, ...card.lines.map((line) => element("span", "line", line)));
  if (card.similarity !== null) text.append(similarity(card));
  return text;
};

const MARKS = { more: ["+", "More like this"], less: ["\u2212", "Less like this"] };

const round = (sign, words, className, pressed, act) => {
  const button = element("button", `mark ${className}`, sign);
  button.type = "button";
  button.tabIndex = -1; // reached by hovering, or by its key on the card
  button.title = words;
  button.setAttribute("aria-pressed", String(pressed));
  button.addEventListener("click", act);
  return button;
};

const marks = (card, offers, send) => {
  const all = element("span", "marks");
  const named = (words) => `${words}: ${card.title}, ${card.rank ? `result ${card.rank}` : `case ${card.case_id.slice(0, 6)}`}`;
  const made = !offers.marks ? [] : Object.entries(MARKS).map(([mark, [sign, words]]) => {
    const button = round(sign, words, `as-${mark}`, card.mark === mark, () => send("mark", `${mark}:${card.case_id}`));
    button.setAttribute("aria-label", named(words));
    return button;
  });
  if (offers.compare) {
    const button = round("", "Compare", "as-beside", card.beside, () => send("compare", card.case_id));
    button.setAttribute("aria-label", named("Compare"));
    made.push(button);
  }
  all.append(...made);
  return all;
};

const tile = (card, offers, send) => {
  const said = [card.mark && `as-${card.mark}`, (card.mark || card.beside) && "marked", card.within && "within"];
  const item = element("li", said.filter(Boolean).join(" "));
  const button = element("button", "card");
  button.type = "button";
  button.dataset.case = card.case_id;
  if (offers.size === "tiny") button.title = card.alt; // its caption is but a colour
  button.append(picture(card, offers), caption(card));
  button.addEventListener("click", () => send("open", card.case_id));
  item.append(button);
  const keys = [offers.similar && "s", offers.marks && "+ -", offers.compare && "c", card.fold && "f"].filter(Boolean);
  if (keys.length) button.setAttribute("aria-keyshortcuts", keys.join(" "));
  if (card.fold) {
    const unfold = element("button", "fold", card.fold);
    unfold.type = "button";
    unfold.tabIndex = -1;
    unfold.addEventListener("click", () => send("unfold", card.case_id));
    item.append(unfold);
  }
  if (offers.marks || offers.compare) item.append(marks(card, offers, send));
  if (offers.similar) {
    const more = element("button", "more", "Find similar");
    more.type = "button";
    more.tabIndex = -1; // reached by hovering, or by S on the card: one tab stop a grid
    more.addEventListener("click", () => send("similar", card.case_id));
    item.append(more);
  }
  return item;
};

const columns = (buttons) => {
  const top = buttons[0].getBoundingClientRect().top;
  const first = buttons.findIndex((button) => button.getBoundingClientRect().top > top + 4);
  return first < 0 ? buttons.length : first;
};

const pageOf = (buttons) => {
  const rows = Math.floor(window.innerHeight / buttons[0].parentElement.getBoundingClientRect().height);
  return Math.max(1, rows - 1) * columns(buttons);
};

const target = (key, at, buttons) => {
  const last = buttons.length - 1;
  if (key === "ArrowRight") return Math.min(at + 1, last);
  if (key === "ArrowLeft") return Math.max(at - 1, 0);
  if (key === "ArrowDown") return at + columns(buttons) <= last ? at + columns(buttons) : last;
  if (key === "ArrowUp") return at - columns(buttons) >= 0 ? at - columns(buttons) : at;
  if (key === "PageDown") return Math.min(at + pageOf(buttons), last);
  if (key === "PageUp") return Math.max(at - pageOf(buttons), 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  return -1;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid");
  const { selection, ...shown } = data;
  const drawn = JSON.stringify(shown);
  if (grid.dataset.drawn === drawn) return followSelection(grid, selection);
  grid.dataset.drawn = drawn;
  grid.className = `grid ${data.size}`;
  grid.setAttribute("aria-label", data.label);

  const buttons = () => [...grid.querySelectorAll(".card")];
  const focused = parentElement.activeElement?.dataset?.case ?? null;
  grid.replaceChildren(...data.cards.map((card) => tile(card, data, setTriggerValue)));

  const rove = (to) => buttons().forEach((button) => (button.tabIndex = button === to ? 0 : -1));
  const again = buttons().find((button) => button.dataset.case === focused);
  startSelection(grid, selection, setTriggerValue);
  returnFocus(grid);
  enterByKey(grid);
  rove(again ?? buttons()[0]);
  again?.focus();

  grid.onfocusin = (event) => event.target.classList.contains("card") && rove(event.target);
  grid.onkeydown = (event) => {
    const all = buttons();
    const at = all.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const card = data.cards[at];
    const asked = {
      s: data.similar && ["similar", card.case_id],
      "+": data.marks && ["mark", `more:${card.case_id}`],
      "=": data.marks && ["mark", `more:${card.case_id}`], // the same key without Shift
      "-": data.marks && ["mark", `less:${card.case_id}`],
      c: data.compare && ["compare", card.case_id],
      f: card.fold && ["unfold", card.case_id],
    }[event.key.toLowerCase()];
    if (asked) {
      event.preventDefault();
      event.stopPropagation();
      setTriggerValue(...asked);
      return;
    }
    const to = target(event.key, at, all);
    if (to < 0) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) extendChoice(grid, at, to);
    else endExtending(grid);
    all[to].focus();
    all[to].scrollIntoView({ block: "nearest" });
  };
  return undefined;
}
