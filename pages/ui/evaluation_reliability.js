// A reliability curve whose dots can be picked, by mouse and by keyboard. Text is set as text, never as markup.

const WIDTH = 560;
const HEIGHT = 320;
const LEFT = 52;
const RIGHT = 18;
const TOP = 14;
const BOTTOM = 44;
const REACH = 13; // so that the least dot is as wide as a finger's or a mouse's target
const ENDS = { x: [0, 1.02], y: [-0.03, 1.03] };

const drawn = (name, attributes, text) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  if (text !== undefined) made.textContent = text;
  return made;
};

const along = ([low, high], value) => (value - low) / (high - low);
const across = (x) => LEFT + along(ENDS.x, x) * (WIDTH - LEFT - RIGHT);
const up = (y) => HEIGHT - BOTTOM - along(ENDS.y, y) * (HEIGHT - TOP - BOTTOM);

const axes = (data) => {
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  const parts = [0, 0.25, 0.5, 0.75, 1].flatMap((value) => [
    drawn("line", { class: "grid", x1: across(0), x2: across(ENDS.x[1]), y1: up(value), y2: up(value) }),
    drawn("text", { class: "tick", x: LEFT - 8, y: up(value) + 4, "text-anchor": "end" }, String(value)),
    drawn("text", { class: "tick", x: across(value), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, String(value)),
  ]);
  const turned = `translate(13 ${middle}) rotate(-90)`;
  parts.push(
    drawn("text", { class: "axis", x: across(0.5), y: HEIGHT - 6, "text-anchor": "middle" }, data.x),
    drawn("text", { class: "axis", transform: turned, "text-anchor": "middle" }, data.y),
    drawn("line", { class: "belief", x1: across(0), y1: up(0), x2: across(1), y2: up(1) }),
  );
  const points = data.dots.map((dot) => `${across(dot.x)},${up(dot.y)}`).join(" ");
  parts.push(drawn("polyline", { class: "curve", points }));
  parts.forEach((part) => part.setAttribute("aria-hidden", "true"));
  return parts;
};

const dotOf = (dot, data, tell, pick) => {
  const [cx, cy, r] = [across(dot.x), up(dot.y), 4 + 7 * dot.size];
  const group = drawn("g", { "aria-label": dot.pick ? `${dot.said}: show the queries` : dot.said, role: "img" });
  group.append(
    drawn("circle", { class: "reach", cx, cy, r: Math.max(r, REACH) }),
    drawn("circle", { class: "dot", cx, cy, r }),
    drawn("circle", { class: "ring", cx, cy, r: r + 3.5 }),
  );
  group.addEventListener("pointerenter", () => tell(dot.said));
  group.addEventListener("pointerleave", () => tell());
  if (!dot.pick) return group;
  group.setAttribute("role", "button");
  group.setAttribute("tabindex", "0");
  group.setAttribute("aria-pressed", String(dot.pick === data.picked));
  group.dataset.pick = dot.pick;
  group.addEventListener("focus", () => tell(dot.said));
  group.addEventListener("blur", () => tell());
  group.addEventListener("click", () => pick(dot.pick));
  return group;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const svg = parentElement.querySelector("svg");
  const told = parentElement.querySelector(".told");
  const focused = parentElement.activeElement?.dataset?.pick ?? null;
  const pick = (what) => setTriggerValue("pick", what);
  const tell = (said) => {
    told.textContent = said ?? data.dots.find((dot) => dot.pick && dot.pick === data.picked)?.said ?? data.hint;
  };
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("aria-label", data.label);
  svg.style.setProperty("--curve", data.colour);
  svg.replaceChildren(...axes(data), ...data.dots.map((dot) => dotOf(dot, data, tell, pick)));
  tell();
  const buttons = [...svg.querySelectorAll('[role="button"]')];
  buttons.find((button) => button.dataset.pick === focused)?.focus();
  svg.onkeydown = (event) => {
    const at = buttons.indexOf(event.target);
    if (at < 0) return;
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (step) buttons[at + step]?.focus();
    else if (event.key === "Enter" || event.key === " ") pick(buttons[at].dataset.pick);
    else return;
    event.preventDefault();
  };
  return undefined;
}
