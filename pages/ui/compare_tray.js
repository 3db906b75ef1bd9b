// Images beside each other that zoom and move together. Text is set as text, never as markup.

const MOST = 8;
const PAN = 0.06;
const within = (value, low, high) => Math.min(high, Math.max(low, value));

const figure = (tile) => {
  const made = element("figure", tile.pinned ? "pinned" : "");
  const view = element("div", "view");
  const image = element("img");
  image.alt = tile.alt;
  image.draggable = false;
  image.src = tile.url;
  view.append(image);
  const title = element("span", "title");
  if (tile.colour) {
    const swatch = element("span", "swatch");
    swatch.style.background = tile.colour;
    title.append(swatch);
  }
  title.append(element("span", "", tile.title));
  const caption = element("figcaption");
  caption.append(title, ...tile.lines.map((line) => element("span", "line", line)));
  made.append(view, caption);
  return made;
};

export default function ({ data, parentElement }) {
  const tiles = parentElement.querySelector(".tiles");
  const drawn = JSON.stringify(data);
  if (tiles.dataset.drawn === drawn) return undefined;
  tiles.dataset.drawn = drawn;
  tiles.setAttribute("aria-label", "Images beside each other; they zoom and move together");
  tiles.replaceChildren(...data.tiles.map(figure));

  // the same for every image: scale, and the way of the centre in shares of a tile
  const at = { scale: 1, x: 0, y: 0 };
  const draw = () => {
    const room = (at.scale - 1) / 2;
    at.x = within(at.x, -room, room);
    at.y = within(at.y, -room, room);
    for (const image of tiles.querySelectorAll("img")) {
      image.style.transform = `translate(${100 * at.x}%, ${100 * at.y}%) scale(${at.scale})`;
    }
  };
  const zoom = (factor, x = 0, y = 0) => {
    const before = at.scale;
    at.scale = within(before * factor, 1, MOST);
    const grown = at.scale / before;
    at.x = x - (x - at.x) * grown; // what is under the pointer stays there
    at.y = y - (y - at.y) * grown;
    draw();
  };
  const move = (x, y) => {
    at.x += x;
    at.y += y;
    draw();
  };
  const whole = () => {
    Object.assign(at, { scale: 1, x: 0, y: 0 });
    draw();
  };

  for (const view of tiles.querySelectorAll(".view")) {
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      const edge = view.getBoundingClientRect();
      const x = (event.clientX - edge.left) / edge.width - 0.5;
      zoom(Math.exp(-event.deltaY / 400), x, (event.clientY - edge.top) / edge.height - 0.5);
    }, { passive: false });
    view.addEventListener("pointerdown", (event) => view.setPointerCapture(event.pointerId));
    view.addEventListener("pointermove", (event) => {
      if (!view.hasPointerCapture(event.pointerId)) return;
      move(event.movementX / view.clientWidth, event.movementY / view.clientHeight);
    });
    view.addEventListener("dblclick", whole);
  }

  const keys = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": whole,
    ArrowLeft: () => move(PAN, 0), ArrowRight: () => move(-PAN, 0), ArrowUp: () => move(0, PAN), ArrowDown: () => move(0, -PAN),
  };
  // wherever in the dialog the focus is: it opens with that on its own button
  const dialog = tiles.getRootNode().host?.closest('[role="dialog"]') ?? tiles.closest('[role="dialog"]') ?? tiles;
  setTimeout(() => tiles.focus({ preventScroll: true }), 150);
  dialog.onkeydown = (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };

  const tools = [["Zoom in", () => zoom(1.5)], ["Zoom out", () => zoom(1 / 1.5)], ["Whole image", whole]];
  parentElement.querySelector(".tools").replaceChildren(...tools.map(([words, act]) => {
    const button = element("button", "", words);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }));
  draw();
  return undefined;
}
