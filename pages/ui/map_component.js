// The two linked maps. Everything that comes from people or files is set as text, never as markup.

const TOOLS = { lasso: "Lasso", select: "Box", pan: "Move" };
const SECONDS = 2.4; // of the way along the flow, when played

const grouped = (number) => number.toLocaleString("en").replaceAll(",", "\u202f"); // as everywhere else in the app

const backgroundOf = (element) =>
  getComputedStyle(element.closest("[data-testid=stApp]") ?? document.body)
    .backgroundColor.match(/[\d.]+/g).slice(0, 3).map(Number);

const schemeOf = ([r, g, b]) => (r * 0.3 + g * 0.6 + b * 0.1 < 110 ? "dark" : "light");

class Maps {
  constructor(root, points, data, send) {
    Object.assign(this, { root, points, data, send, rows: [], tool: "lasso", shift: false, left: new AbortController() });
    this.background = backgroundOf(root);
    this.scheme = schemeOf(this.background);
    this.bar = element("div", "bar");
    this.maps = element("div", data.titles.length > 1 ? "maps two" : "maps");
    this.card = element("div", "pointed");
    this.card.hidden = true;
    this.card.append(element("img"), element("b"), element("span"));
    this.card.firstChild.alt = "";
    this.live = element("p", "said");
    this.live.setAttribute("aria-live", "polite");
    root.replaceChildren(this.bar, this.maps, this.card, this.live);
    this.drawBar();
    this.panels = data.titles.map((title, number) => this.panel(title, number));
    this.rows = data.selected ? rowsOf(data.selected) : [];
    this.panels.forEach((panel) => panel.draw(this.colours(panel), this.rows, this.tool));
    const kept = { capture: true, signal: this.left.signal };
    root.addEventListener("pointerdown", (event) => (this.shift = event.shiftKey), kept);
    if (this.panels.length > 1) this.goTo(data.time);
    this.update(data);
  }

  // Other maps take this place: what listens outside of what is replaced does so no more.
  leave() {
    this.left.abort();
    this.panels.forEach((panel) => panel.leave());
  }

  panel(title, number) {
    const box = element("section", "map");
    const head = element("header");
    this.titles ??= [];
    this.titles[number] = head.appendChild(element("h3", "", title));
    if (number === 1) head.append(this.clock());
    const figures = element("dl", "figures");
    box.append(head);
    this.maps.append(box);
    const panel = new Panel(box, number, this.points, this);
    panel.figures = figures;
    panel.plot.setAttribute("aria-label", `${title}: arrows from point to point, Enter opens, Space selects around, plus and minus zoom`);
    box.append(figures);
    if (number === 1) this.note = box.appendChild(element("p", "of still", "These figures are those of the end, at t = 1.00."));
    return panel;
  }

  // Tools, then the legend, whose entries select.
  drawBar() {
    const tools = element("div", "tools");
    this.toolButtons = Object.entries(TOOLS).map(([tool, name]) => {
      const button = tools.appendChild(element("button", "tool", name));
      button.type = "button";
      button.addEventListener("click", () => this.use(tool));
      return [tool, button];
    });
    const home = tools.appendChild(element("button", "tool plain", "Whole map"));
    home.type = "button";
    home.addEventListener("click", () => this.panels.forEach((panel) => panel.change((view) => view.home())));
    this.legend = element("div", "legend");
    this.legend.setAttribute("role", "group");
    this.bar.append(this.legend, tools);
    this.showTool();
  }

  drawLegend() {
    const field = this.points.field(this.data.colour);
    this.legend.setAttribute("aria-label", `${field.title}: select the cases of a value`);
    const values = this.points.values(field.field, this.panels.length - 1);
    const counts = new Array(field.values.length).fill(0);
    for (const value of values) counts[value] += 1;
    const buttons = field.values.map((value, code) => {
      const button = element("button", "value");
      button.type = "button";
      const swatch = element("i", "swatch");
      swatch.style.background = value[this.scheme];
      button.append(swatch, element("span", "", value.name), element("span", "n", grouped(counts[code])));
      button.addEventListener("click", (event) => {
        this.shift = event.shiftKey;
        const rows = [];
        values.forEach((own, row) => own === code && rows.push(row));
        this.select(rows);
      });
      return counts[code] ? button : null;
    });
    this.legend.replaceChildren(...buttons.filter(Boolean));
  }

  clock() {
    const clock = element("div", "clock");
    this.play = element("button", "tool", "Play");
    this.play.type = "button";
    this.play.addEventListener("click", () => this.run());
    this.slider = element("input");
    Object.assign(this.slider, { type: "range", min: 0, max: 1, step: 0.01, value: 1 });
    this.slider.setAttribute("aria-label", "Time along the flow, from 0 (before) to 1 (after)");
    this.slider.addEventListener("input", () => this.goTo(Number(this.slider.value)));
    this.slider.addEventListener("change", () => this.send("time", Number(this.slider.value)));
    this.told = element("output", "", "t = 1.00");
    clock.append(this.play, this.slider, this.told);
    return clock;
  }

  colours(panel) {
    return {
      background: this.background,
      grey: rgbOf(GREY[this.scheme]),
      colours: this.points.field(this.data.colour).values.map((value) => rgbOf(value[this.scheme])),
      codes: this.points.values(this.data.colour, panel.number),
    };
  }

  // The same map with what came, went or was labelled since.
  renew(points, data) {
    this.points = points;
    this.rows = data.selected ? rowsOf(data.selected) : [];
    this.card.hidden = true;
    this.panels.forEach((panel) => {
      panel.mark("point", null);
      panel.renew(points, this.colours(panel), this.rows);
    });
    this.update(data);
  }

  update(data) {
    const before = this.data;
    this.data = data;
    const background = backgroundOf(this.root);
    if (data.colour !== before.colour || String(background) !== String(this.background)) {
      this.background = background;
      this.scheme = schemeOf(background);
      this.panels.forEach((panel) => panel.recolour(this.colours(panel)));
    }
    this.drawLegend();
    this.panels.forEach((panel, number) => this.drawFigures(panel.figures, data.figures[number] ?? []));
    if (data.selected !== bitsOf(this.rows, this.points.count)) this.show(data.selected ? rowsOf(data.selected) : []);
    if (this.slider && data.time !== before.time && !this.running) this.goTo(data.time);
    this.markAll();
  }

  drawFigures(list, figures) {
    list.replaceChildren(
      ...figures.flatMap((figure) => {
        const name = element("dt", "", figure.title);
        name.title = figure.help;
        const value = element("dd");
        const bar = element("span", "share");
        bar.appendChild(element("i")).style.width = `${100 * figure.share}%`;
        value.append(element("b", "", figure.shown), bar, element("span", "", figure.word), element("em", "", figure.tested));
        return [name, value];
      }),
    );
  }

  use(tool) {
    this.tool = tool;
    this.panels.forEach((panel) => panel.use(tool));
    this.showTool();
  }

  showTool() {
    this.toolButtons.forEach(([tool, button]) => button.setAttribute("aria-pressed", String(tool === this.tool)));
  }

  // What a panel tells: a point was reached, cases were chosen, a case is to be opened.
  point(panel, row, byKey = false) {
    if (panel.current === row) return;
    this.panels.forEach((each) => {
      each.current = row;
      each.mark("point", each.place(row));
    });
    this.card.hidden = row < 0;
    if (row >= 0) this.showCard(panel, row, byKey);
  }

  showCard(panel, row, byKey) {
    const [image, title, line] = this.card.children;
    image.src = this.data.thumbs.replace("CASE", this.points.id(row));
    title.textContent = this.points.said("class", row, 0);
    const finding = this.points.said("finding", row, 0);
    const side = this.data.colour === "class" ? "" : this.points.said(this.data.colour, row, panel.number);
    line.textContent = [...new Set([finding, side])].filter((text) => !["", "Others", "None recorded", title.textContent].includes(text)).join(", ");
    const [left, top] = panel.pixel(panel.place(row));
    const box = panel.stage.getBoundingClientRect();
    const outer = this.root.getBoundingClientRect();
    const right = left + 190 > box.width ? left - 176 : left + 14;
    const down = top + 190 > box.height ? top - 176 : top + 14;
    this.card.style.transform = `translate(${box.left - outer.left + right}px, ${box.top - outer.top + down}px)`;
    if (byKey) this.live.textContent = `${title.textContent}. ${line.textContent}`;
  }

  select(rows) {
    const chosen = this.shift ? [...new Set([...this.rows, ...rows])].sort((a, b) => a - b) : rows;
    this.show(chosen);
    this.send("select", bitsOf(chosen, this.points.count));
  }

  clear() {
    if (!this.rows.length) return;
    this.shift = false;
    this.select([]);
  }

  show(rows) {
    this.rows = rows;
    this.panels.forEach((panel) => panel.select(rows));
  }

  open(row) {
    this.send("open", this.points.id(row));
  }

  markAll() {
    this.panels.forEach((panel) => {
      panel.mark("case", panel.place(this.data.marked));
      panel.mark("query", this.queryAt(panel.time));
    });
  }

  queryAt(time) {
    const places = this.data.query;
    if (!places.length || (this.data.query_before && time > 0)) return null;
    const step = Math.min(time * (places.length - 1), places.length - 1);
    const [a, b] = [places[Math.floor(step)], places[Math.ceil(step)]];
    return [0, 1].map((axis) => a[axis] + (step - Math.floor(step)) * (b[axis] - a[axis]));
  }

  goTo(time) {
    this.panels[1].moveTo(time);
    this.slider.value = time;
    this.told.textContent = `t = ${time.toFixed(2)}`;
    this.note.classList.toggle("still", time >= 1);
    this.titles[1].textContent = time >= 1 ? "After the flow" : time <= 0 ? "Before the flow" : "Along the flow";
    this.point(this.panels[1], -1);
    this.markAll();
  }

  run() {
    if (this.running) return this.stop();
    const from = this.panels[1].time >= 1 ? 0 : this.panels[1].time;
    const started = performance.now();
    this.play.textContent = "Stop";
    const frame = (now) => {
      if (!this.root.isConnected || !this.running) return;
      const passed = Math.max(0, now - started) / 1000; // a frame's clock may be a little behind
      const time = Math.min(1, from + passed / SECONDS);
      this.goTo(time);
      if (time < 1) this.running = requestAnimationFrame(frame);
      else this.stop();
    };
    this.running = requestAnimationFrame(frame);
    return undefined;
  }

  stop() {
    cancelAnimationFrame(this.running);
    this.running = 0;
    this.play.textContent = "Play";
    this.send("time", Number(this.panels[1].time.toFixed(2)));
  }
}

const fetched = (url) =>
  fetch(url).then((answer) => {
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.arrayBuffer();
  });

// Points are fetched once a map, marks whenever something has changed; what is asked meanwhile waits for them.
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".ent-map");
  const send = (name, value) => (name === "time" ? setStateValue(name, value) : setTriggerValue(name, value));
  const [ground, marks] = [data.points, data.marks].map((url) => url.split("?")[0]);
  root.data = data;
  if (root.ground === ground && root.marks === marks) {
    if (root.maps && !root.loading) root.maps.update(data);
    return undefined;
  }
  if (root.ground !== ground) {
    root.points = fetched(data.points);
    root.drawn = false;
  }
  Object.assign(root, { ground, marks, loading: true });
  Promise.all([root.points, fetched(data.marks)])
    .then(([before, since]) => {
      if (root.ground !== ground || root.marks !== marks) return;
      const points = new Points(before, since);
      root.loading = false;
      if (root.drawn) return root.maps.renew(points, root.data);
      root.maps?.leave();
      root.maps = new Maps(root, points, root.data, send);
      root.drawn = true;
    })
    .catch(() => {
      if (root.ground !== ground || root.marks !== marks) return;
      root.ground = undefined;
      root.replaceChildren(element("p", "lost", "The map could not be loaded. Reload the page to try again."));
    });
  return undefined;
}
