// One map: its points, marks over them, and the keyboard's way from point to point.

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const CLOSER = { "+": 1.4, "=": 1.4, "-": 1 / 1.4 };

class Panel {
  constructor(root, number, points, tell) {
    Object.assign(this, { number, points, tell, current: -1, time: number, rows: [], tool: "lasso" });
    this.plot = element("div", "plot");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "application");
    this.dots = new Dots(this.plot.appendChild(element("canvas")));
    this.marks = element("div", "marks");
    this.marks.ariaHidden = "true";
    this.stage = element("div", "stage");
    this.stage.append(this.plot, this.marks);
    root.append(this.stage);
    this.positions = points.at(this.time);
    this.view = new View(points.low, points.high);
    this.shown = {};
    this.gestures = new Gestures(this);
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("blur", () => this.tell.point(this, -1));
  }

  draw(colours, selected, tool) {
    Object.assign(this, { colours, tool });
    this.choose(selected);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.plot);
    this.resize();
  }

  leave() {
    this.watch?.disconnect();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (!width || !height) return;
    this.view.resize(width, height);
    this.dots.resize(width, height, window.devicePixelRatio || 1);
    this.paint();
  }

  // Once, however much has changed by the end of what is being done.
  repaint() {
    if (this.waiting) return;
    this.waiting = true;
    queueMicrotask(() => this.paint());
  }

  paint() {
    this.waiting = false;
    const many = this.points.count;
    const look = {
      ...this.colours,
      size: many > 20000 ? 3 : many > 3000 ? 4.5 : many > 600 ? 6.5 : 8,
      opacity: many > 20000 ? 0.7 : 0.85,
      faded: many > 2500 ? 0.25 : 0.4,
    };
    this.dots.draw(this.positions, this.colours.codes, this.chosen, look, this.view);
    this.placeMarks();
  }

  choose(rows) {
    this.rows = rows;
    this.chosen = rows.length ? new Uint8Array(this.points.count) : null;
    for (const row of rows) this.chosen[row] = 1;
  }

  // Other points, in the same window: how far it is zoomed in, and what the mouse does, stay as they are.
  renew(points, colours, selected) {
    Object.assign(this, { points, colours, current: -1, positions: points.at(this.time) });
    this.select(selected);
  }

  recolour(colours) {
    this.colours = colours;
    this.repaint();
  }

  select(rows) {
    this.choose(rows);
    this.repaint();
  }

  use(tool) {
    this.tool = tool;
    this.plot.dataset.tool = tool;
  }

  change(act) {
    act(this.view);
    this.repaint();
  }

  moveTo(time) {
    if (time === this.time) return;
    this.time = time;
    this.positions = this.points.at(time);
    this.repaint();
  }

  // Marks are named: "point", "case", "query"; each is a place in the map's own numbers, or nothing.
  mark(name, place) {
    this.shown[name] ??= this.marks.appendChild(element("i", `mark ${name}`));
    this.shown[name].place = place;
    this.placeMark(this.shown[name]);
  }

  place(row) {
    return row < 0 ? null : [this.positions.x[row], this.positions.y[row]];
  }

  pixel([x, y]) {
    return [this.view.left(x), this.view.top(y)];
  }

  placeMarks() {
    Object.values(this.shown).forEach((mark) => this.placeMark(mark));
  }

  placeMark(mark) {
    mark.hidden = !mark.place;
    if (!mark.place) return;
    const [left, top] = this.pixel(mark.place);
    mark.style.transform = `translate(${left}px, ${top}px)`;
  }

  // The nearest point to a place in the window, no farther than `most` pixels; -1 where there is none.
  nearest(left, top, most) {
    const { x, y } = this.positions;
    let [best, least] = [-1, most * most];
    for (let row = 0; row < x.length; row++) {
      const far = (this.view.left(x[row]) - left) ** 2 + (this.view.top(y[row]) - top) ** 2;
      if (far <= least) [best, least] = [row, far];
    }
    return best;
  }

  // The points whose place in the window passes a test; those outside the box around `path` are not asked.
  within(test, path) {
    const { x, y } = this.positions;
    const [lefts, tops] = [0, 1].map((axis) => path.map((corner) => corner[axis]));
    const [west, east, north, south] = [Math.min(...lefts), Math.max(...lefts), Math.min(...tops), Math.max(...tops)];
    const rows = [];
    for (let row = 0; row < x.length; row++) {
      const [left, top] = [this.view.left(x[row]), this.view.top(y[row])];
      if (left >= west && left <= east && top >= north && top <= south && test(left, top)) rows.push(row);
    }
    return rows;
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = ARROWS[event.key];
    const used = way || CLOSER[event.key] || event.key === "0" || (this.current >= 0 && ["Enter", " "].includes(event.key));
    if (event.key === "Escape" && !this.gestures.end()) this.tell.clear();
    if (!used) return;
    event.preventDefault();
    event.stopPropagation();
    if (way) this.tell.point(this, this.next(way), true);
    else if (CLOSER[event.key]) this.zoom(CLOSER[event.key]);
    else if (event.key === "0") this.change((view) => view.home());
    else if (event.key === "Enter") this.tell.open(this.current);
    else this.tell.select(this.around(this.current));
  }

  zoom(times) {
    const around = this.current < 0 ? [this.view.width / 2, this.view.height / 2] : this.pixel(this.place(this.current));
    this.change((view) => view.zoom(times, ...around));
  }

  // The nearest point in a direction: what lies aside counts three times as far.
  next([dx, dy]) {
    const { x, y } = this.positions;
    const from = this.current < 0 ? [(x[0] + x.at(-1)) / 2, (y[0] + y.at(-1)) / 2] : this.place(this.current);
    let [best, least] = [this.current, Infinity];
    for (let row = 0; row < this.points.count; row++) {
      const [right, up] = [x[row] - from[0], y[row] - from[1]];
      const ahead = right * dx + up * dy;
      if (ahead <= 1e-6 || row === this.current) continue;
      const far = ahead + 3 * Math.abs(right * dy + up * dx);
      if (far < least) [best, least] = [row, far];
    }
    return best;
  }

  around(row, many = 25) {
    const { x, y } = this.positions;
    const far = x.map((value, other) => (value - x[row]) ** 2 + (y[other] - y[row]) ** 2);
    const most = far.slice().sort()[Math.min(many, far.length) - 1];
    const rows = [];
    far.forEach((value, other) => value <= most && rows.push(other));
    return rows.sort((a, b) => far[a] - far[b]).slice(0, many);
  }
}
