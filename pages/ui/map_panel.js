// One map: a plotly.js scatter plot, marks over it, and the keyboard's way from point to point.

const GL_FROM = 2500; // points that SVG still draws smoothly
const GREY = { light: "#b4bec3", dark: "#4c585e" };
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

class Panel {
  constructor(root, number, points, tell) {
    Object.assign(this, { number, points, tell, current: -1, time: number });
    this.plot = element("div", "plot");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "application");
    this.marks = element("div", "marks");
    this.marks.ariaHidden = "true";
    this.stage = element("div", "stage");
    this.stage.append(this.plot, this.marks);
    root.append(this.stage);
    this.positions = points.at(this.time);
    this.shown = {};
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("blur", () => this.tell.point(this, -1));
  }

  draw(colours, selected, scheme, tool) {
    const { x, y } = this.positions;
    const many = this.points.count;
    const size = many > 20000 ? 3 : many > 3000 ? 4.5 : many > 600 ? 6.5 : 8;
    const trace = {
      type: many > GL_FROM ? "scattergl" : "scatter",
      mode: "markers",
      x,
      y,
      hoverinfo: "none",
      marker: { color: colours, size, opacity: many > 20000 ? 0.7 : 0.85, line: { width: 0 } },
      selectedpoints: selected.length ? selected : null,
      selected: { marker: { opacity: 1 } },
      unselected: { marker: { color: GREY[scheme], opacity: many > GL_FROM ? 0.25 : 0.4 } },
    };
    const axis = { visible: false, zeroline: false, showgrid: false };
    const layout = {
      margin: { l: 0, r: 0, t: 0, b: 0 },
      showlegend: false,
      hovermode: "closest",
      hoverdistance: 14,
      dragmode: tool,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: { ...axis, range: this.range(0), scaleanchor: "y" },
      yaxis: { ...axis, range: this.range(1) },
      newselection: { line: { color: scheme === "dark" ? "#e3e9eb" : "#1a2226", width: 1.5, dash: "dot" } },
    };
    const config = { displayModeBar: false, scrollZoom: true, responsive: true, doubleClick: false };
    window.Plotly.newPlot(this.plot, [trace], layout, config);
    this.plot.on("plotly_hover", (event) => this.tell.point(this, event.points[0].pointIndex));
    this.plot.on("plotly_unhover", () => this.tell.point(this, -1));
    this.plot.on("plotly_click", (event) => this.tell.open(event.points[0].pointIndex));
    this.plot.on("plotly_selected", (event) => event && this.selected(event.points.map((p) => p.pointIndex)));
    this.plot.on("plotly_doubleclick", () => this.tell.clear());
    this.plot.on("plotly_deselect", () => this.clearing || this.tell.clear());
    this.plot.on("plotly_relayout", () => this.placeMarks());
    this.plot.on("plotly_relayouting", () => this.placeMarks());
  }

  range(axis) {
    const pad = 0.04 * Math.max(this.points.high[0] - this.points.low[0], this.points.high[1] - this.points.low[1]);
    return [this.points.low[axis] - pad, this.points.high[axis] + pad];
  }

  selected(rows) {
    if (!this.clearing) this.tell.select(rows);
  }

  // Other points, in the same plot: how far it is zoomed in, and what the mouse does, stay as they are.
  renew(points, colours, selected) {
    this.points = points;
    this.current = -1;
    this.positions = points.at(this.time);
    const { x, y } = this.positions;
    const selectedpoints = [selected.length ? selected : null];
    window.Plotly.restyle(this.plot, { x: [x], y: [y], "marker.color": [colours], selectedpoints }, [0]);
    this.placeMarks();
  }

  recolour(colours, scheme) {
    window.Plotly.restyle(this.plot, { "marker.color": [colours], "unselected.marker.color": GREY[scheme] }, [0]);
  }

  select(rows) {
    this.clearing = true; // taking the drawn outline away tells of another selection
    const points = { selectedpoints: [rows.length ? rows : null] };
    window.Plotly.update(this.plot, points, { selections: [] }, [0]).finally(() => (this.clearing = false));
  }

  use(tool) {
    window.Plotly.relayout(this.plot, { dragmode: tool });
  }

  home() {
    window.Plotly.relayout(this.plot, { "xaxis.range": this.range(0), "yaxis.range": this.range(1) });
  }

  moveTo(time) {
    if (time === this.time) return;
    this.time = time;
    this.positions = this.points.at(time);
    window.Plotly.restyle(this.plot, { x: [this.positions.x], y: [this.positions.y] }, [0]);
    this.placeMarks();
  }

  // Marks are named: "point", "case", "query"; each is a place in the map's own numbers, or nothing.
  mark(name, place) {
    this.shown[name] ??= this.marks.appendChild(element("i", `mark ${name}`));
    this.shown[name].place = place;
    this.placeMarks();
  }

  place(row) {
    return row < 0 ? null : [this.positions.x[row], this.positions.y[row]];
  }

  pixel([x, y]) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
  }

  placeMarks() {
    if (!this.plot._fullLayout) return;
    for (const mark of Object.values(this.shown)) {
      mark.hidden = !mark.place;
      if (mark.place) {
        const [left, top] = this.pixel(mark.place);
        mark.style.transform = `translate(${left}px, ${top}px)`;
      }
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const way = ARROWS[event.key];
    const used = way || (this.current >= 0 && ["Enter", " "].includes(event.key));
    if (event.key === "Escape") this.tell.clear();
    if (!used) return;
    event.preventDefault();
    event.stopPropagation();
    if (way) this.tell.point(this, this.next(way), true);
    else if (event.key === "Enter") this.tell.open(this.current);
    else this.tell.select(this.around(this.current));
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
    const far = (other) => (x[other] - x[row]) ** 2 + (y[other] - y[row]) ** 2;
    const rows = Array.from({ length: this.points.count }, (_, other) => other);
    return rows.map((other) => [far(other), other]).sort((a, b) => a[0] - b[0]).slice(0, many).map(([, other]) => other);
  }
}
