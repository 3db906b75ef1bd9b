// A box on an image: drag to draw, move or resize it; by keyboard Enter, arrows, Shift and arrows, Escape.

const LEAST = 0.04; // of width and height: anything smaller was a click
const STEP = 0.02;
const FIRST = [0.25, 0.25, 0.75, 0.75];
const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const HELP = "Press Enter to set a box, arrows to move it, Shift and arrows to change its size, Enter to search with it, Escape for the whole image.";

const within = (value, low, high) => Math.min(high, Math.max(low, value));
const ordered = ([x0, y0, x1, y1]) => [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
const rounded = (region) => region.map((edge) => Math.round(edge * 1000) / 1000);
const moved = ([x0, y0, x1, y1], dx, dy) => {
  const right = within(dx, -x0, 1 - x1);
  const down = within(dy, -y0, 1 - y1);
  return [x0 + right, y0 + down, x1 + right, y1 + down];
};
const resized = ([x0, y0, x1, y1], dx, dy) => [x0, y0, within(x1 + dx, x0 + LEAST, 1), within(y1 + dy, y0 + LEAST, 1)];
const large = ([x0, y0, x1, y1]) => x1 - x0 >= LEAST && y1 - y0 >= LEAST;

export default function ({ data, parentElement, setTriggerValue }) {
  const stage = parentElement.querySelector(".stage");
  const image = stage.querySelector("img");
  const box = stage.querySelector(".box");
  const live = parentElement.querySelector(".live");
  stage.setAttribute("aria-label", `Region of the query image. ${HELP}`);
  stage.classList.toggle("mirrored", data.mirrored);
  image.alt = `Query image ${data.name}${data.mirrored ? ", mirrored" : ""}`;
  if (image.getAttribute("src") !== data.url) image.src = data.url;

  let region = data.region;
  const draw = (shown) => {
    box.hidden = !shown;
    if (!shown) return;
    const [x0, y0, x1, y1] = ordered(shown);
    Object.assign(box.style, {
      left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`, height: `${100 * (y1 - y0)}%`,
    });
  };
  const say = () => {
    const edges = ["left", "top", "right", "bottom"];
    live.textContent = region ? edges.map((edge, at) => `${edge} ${Math.round(100 * region[at])} percent`).join(", ") : "";
  };
  const send = () => setTriggerValue("region", region ? rounded(region) : "none");
  draw(region);

  const at = (event) => {
    const edge = image.getBoundingClientRect();
    const x = within((event.clientX - edge.left) / edge.width, 0, 1);
    return [data.mirrored ? 1 - x : x, within((event.clientY - edge.top) / edge.height, 0, 1)];
  };

  stage.onpointerdown = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    const [x, y] = at(event);
    const before = region;
    const inside = before && event.composedPath()[0] === box;
    const handle = before && event.composedPath()[0].classList.contains("handle");
    let next = before;
    stage.onpointermove = (move) => {
      const [to, down] = at(move);
      if (handle) next = resized(before, to - x, down - y);
      else if (inside) next = moved(before, to - x, down - y);
      else next = ordered([x, y, to, down]);
      draw(next);
    };
    stage.onpointerup = stage.onpointercancel = () => {
      stage.onpointermove = stage.onpointerup = stage.onpointercancel = null;
      if (next === before || !next || !large(next)) {
        draw(before);
        return;
      }
      region = next;
      say();
      send();
    };
  };

  stage.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (region) return send();
      region = FIRST;
    } else if (event.key === "Escape" && region) {
      region = null;
      send();
    } else if (KEYS[event.key] && region) {
      event.preventDefault();
      const [dx, dy] = KEYS[event.key];
      region = (event.shiftKey ? resized : moved)(region, data.mirrored ? -dx : dx, dy);
    } else return;
    event.stopPropagation();
    draw(region);
    say();
  };
  return undefined;
}
