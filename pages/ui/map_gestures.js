// What the mouse, a finger or a pen does on a map: lasso, box, move, zoom, point, open. The panel says what comes of it.

const NEAR = 14; // pixels from a point that still mean it
const STILL = 4; // pixels that a click may wander

const inside = (path, left, top) => {
  let within = false;
  for (let at = 0, before = path.length - 1; at < path.length; before = at++) {
    const [x, y] = path[at];
    const [other, down] = path[before];
    if (y > top !== down > top && left < ((other - x) * (top - y)) / (down - y) + x) within = !within;
  }
  return within;
};

const cornersOf = ([left, top], [right, bottom]) => [[left, top], [right, top], [right, bottom], [left, bottom]];

class Gestures {
  constructor(panel) {
    this.panel = panel;
    this.plot = panel.plot;
    this.outline = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.outline.classList.add("outline");
    this.outline.ariaHidden = "true";
    this.shape = this.outline.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "polygon"));
    panel.stage.append(this.outline);
    const on = (name, act, options) => this.plot.addEventListener(name, act, options);
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", () => this.end());
    on("pointerleave", () => this.path || panel.tell.point(panel, -1));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("dblclick", () => panel.tell.clear());
  }

  at(event) {
    const box = this.plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (event.button !== 0) return;
    this.plot.setPointerCapture(event.pointerId);
    this.path = [this.at(event)];
    this.last = this.path[0];
    this.far = false;
  }

  move(event) {
    const at = this.at(event);
    if (!this.path) return this.panel.tell.point(this.panel, this.panel.nearest(...at, NEAR));
    const [first] = this.path;
    if (!this.far && Math.hypot(at[0] - first[0], at[1] - first[1]) <= STILL) return undefined;
    if (!this.far) this.panel.tell.point(this.panel, -1);
    this.far = true;
    if (this.panel.tool === "pan") this.panel.change((view) => view.move(at[0] - this.last[0], at[1] - this.last[1]));
    else this.path = this.panel.tool === "select" ? [first, at] : [...this.path, at];
    this.last = at;
    this.draw();
    return undefined;
  }

  up(event) {
    if (!this.path) return;
    const [path, far, at] = [this.around(), this.far, this.at(event)];
    this.end();
    if (!far) this.press(this.panel.nearest(...at, NEAR));
    else if (this.panel.tool !== "pan") this.panel.tell.select(this.panel.within((left, top) => inside(path, left, top), path));
  }

  press(row) {
    if (row >= 0) this.panel.tell.open(row);
  }

  around() {
    return this.panel.tool === "select" && this.path.length > 1 ? cornersOf(...this.path) : this.path;
  }

  draw() {
    this.shape.setAttribute("points", this.panel.tool === "pan" || !this.path ? "" : this.around().join(" "));
  }

  // Also by Escape, which takes nothing of what is drawn.
  end() {
    const under = Boolean(this.path && this.far);
    this.path = null;
    this.draw();
    return under;
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    this.panel.change((view) => view.zoom(Math.exp(-event.deltaY * lines * 0.0016), ...this.at(event)));
  }
}
