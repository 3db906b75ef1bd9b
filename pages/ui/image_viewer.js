// One image to look at closely. The view is changed, never the image; nothing of it is sent anywhere.

const MOST = 8;
const STEP = 1.25;
const NUDGE = 60;
const PLAIN = { zoom: 1, x: 0, y: 0, turned: 0, mirrored: false, light: 100 };
const KEYS = { "+": "in", "=": "in", "-": "out", 0: "reset", t: "turn", m: "mirror", f: "full" };
const WAYS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

const said = (view) => [
  view.mirrored && ["mirrored", "Mirrored view"],
  view.turned && ["", `Turned ${view.turned}°`],
  view.zoom > 1 && ["", `${view.zoom.toFixed(1)} × zoom`],
  view.light !== 100 && ["", `Brightness ${view.light} %`],
].filter(Boolean);

class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.image = root.querySelector("img");
    this.states = root.querySelector(".states");
    this.slider = root.querySelector("input");
    this.mirror = root.querySelector('[data-do="mirror"]');
    this.download = root.querySelector(".download");
    this.view = { ...PLAIN };
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.stage);
  }

  show({ url, alt, width, height, name }) {
    this.size = [width, height];
    if (this.url === url) return;
    if (this.url) this.root.scrollIntoView({ block: "nearest" }); // another case, from further down the drawer
    this.url = url;
    this.view = { ...PLAIN };
    this.stage.classList.remove("lost");
    this.image.alt = alt;
    this.image.src = url;
    this.download.href = url;
    this.download.download = name;
    this.draw();
  }

  fit() {
    const [wide, high] = this.view.turned % 180 ? [...this.size].reverse() : this.size;
    return Math.min(this.stage.clientWidth / wide, this.stage.clientHeight / high);
  }

  draw() {
    if (!this.size || !this.stage.clientWidth) return;
    const { view, stage, image } = this;
    const [wide, high] = this.size.map((side) => side * this.fit());
    const shown = view.turned % 180 ? [high, wide] : [wide, high];
    const room = [stage.clientWidth, stage.clientHeight].map((side, at) => Math.max(0, (shown[at] * view.zoom - side) / 2));
    view.x = clamp(view.x, -room[0], room[0]);
    view.y = clamp(view.y, -room[1], room[1]);
    image.style.width = `${wide}px`;
    image.style.height = `${high}px`;
    image.style.filter = view.light === 100 ? "" : `brightness(${view.light}%)`;
    image.style.transform =
      `translate(-50%, -50%) translate(${view.x}px, ${view.y}px) scale(${view.mirrored ? -1 : 1}, 1) ` +
      `rotate(${view.turned}deg) scale(${view.zoom})`;
    stage.classList.toggle("zoomed", view.zoom > 1);
    this.mirror.setAttribute("aria-pressed", String(view.mirrored));
    this.slider.value = String(view.light);
    this.states.replaceChildren(...said(view).map(([className, text]) => {
      const chip = document.createElement("span");
      chip.className = className;
      chip.textContent = text;
      return chip;
    }));
  }

  // what lies `dx`, `dy` from the middle of the stage stays where it is
  zoomTo(zoom, dx = 0, dy = 0) {
    const { view } = this;
    const to = clamp(zoom, 1, MOST);
    const by = to / view.zoom;
    view.x = dx - (dx - view.x) * by;
    view.y = dy - (dy - view.y) * by;
    view.zoom = to < 1.01 ? 1 : to;
    this.draw();
  }

  act(what) {
    const { view } = this;
    if (what === "in") return this.zoomTo(view.zoom * STEP);
    if (what === "out") return this.zoomTo(view.zoom / STEP);
    if (what === "full") return document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen();
    if (what === "reset") this.view = { ...PLAIN };
    if (what === "turn") Object.assign(view, { turned: (view.turned + 90) % 360, x: 0, y: 0 });
    if (what === "mirror") Object.assign(view, { mirrored: !view.mirrored, x: -view.x });
    return this.draw();
  }

  pan(dx, dy) {
    this.view.x += dx;
    this.view.y += dy;
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const [from] = event.composedPath();
    const inTools = from === this.slider;
    if (!inTools && /^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName ?? "")) return false;
    const way = WAYS[event.key];
    if (way && inTools) return "native";
    if (way) {
      const elsewhere = from.closest?.(".card, [role='listbox'], [role='combobox'], [role='tab'], [role='radio']");
      if (this.view.zoom <= 1 || elsewhere) return false;
      this.pan(way[0] * NUDGE, way[1] * NUDGE);
      return true;
    }
    const what = KEYS[event.key.toLowerCase()];
    if (what) this.act(what);
    return Boolean(what);
  }

  listen() {
    const { stage, root, slider } = this;
    root.querySelectorAll("[data-do]").forEach((button) => (button.onclick = () => this.act(button.dataset.do)));
    slider.oninput = () => {
      this.view.light = Number(slider.value);
      this.draw();
    };
    this.image.onerror = () => stage.classList.add("lost");
    const middle = (event) => {
      const box = stage.getBoundingClientRect();
      return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
    };
    stage.addEventListener("wheel", (event) => {
      if (this.view.zoom <= 1 && !event.ctrlKey && !document.fullscreenElement) return; // the drawer scrolls
      event.preventDefault();
      this.zoomTo(this.view.zoom * STEP ** (-Math.sign(event.deltaY) / 2), ...middle(event));
    }, { passive: false });
    stage.ondblclick = (event) => this.zoomTo(this.view.zoom > 1 ? 1 : 2.5, ...middle(event));
    stage.onpointerdown = (event) => {
      root.focus({ preventScroll: true });
      if (this.view.zoom > 1 && event.button === 0) stage.setPointerCapture(event.pointerId);
    };
    stage.onpointermove = (event) => {
      if (stage.hasPointerCapture(event.pointerId)) this.pan(event.movementX, event.movementY);
    };
  }
}

const viewers = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".viewer");
  const viewer = viewers.get(root) ?? new Viewer(root);
  if (!viewers.has(root)) {
    viewers.set(root, viewer);
    // wherever the focus is in the dialog around it, or nowhere: its keys are its own, before the page sees them
    const around = parentElement.getRootNode().host?.closest('[role="dialog"]') ?? root;
    const pressed = (event) => {
      if (!root.isConnected) return document.removeEventListener("keydown", pressed, true);
      if (event.target !== document.body && !around.contains(event.target)) return undefined;
      const taken = viewer.key(event);
      if (taken) event.stopPropagation();
      if (taken === true) event.preventDefault();
      return undefined;
    };
    document.addEventListener("keydown", pressed, true);
  }
  viewer.show(data);
  return undefined;
}
