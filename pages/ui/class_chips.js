// Class chips: toggle buttons, arrows move between them. Text is set as text, never as markup.

const chip = (entry, chosen, toggle) => {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.label = entry.label;
  button.setAttribute("aria-pressed", String(chosen));
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.background = entry.colour;
  const title = document.createElement("span");
  title.textContent = entry.title;
  const count = document.createElement("span");
  count.className = "count";
  count.textContent = entry.count;
  button.append(swatch, title, count);
  button.addEventListener("click", () => toggle(button));
  return button;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const chips = parentElement.querySelector(".chips");
  chips.setAttribute("aria-label", "Classes");
  const focused = parentElement.activeElement?.dataset?.label ?? null;
  const all = () => [...chips.querySelectorAll("button")];

  const toggle = (button) => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    const chosen = all().filter((other) => other.getAttribute("aria-pressed") === "true");
    setTriggerValue("choose", chosen.map((other) => other.dataset.label));
  };
  chips.replaceChildren(...data.chips.map((entry) => chip(entry, data.chosen.includes(entry.label), toggle)));
  all().find((button) => button.dataset.label === focused)?.focus();

  chips.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = all().indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    all()[(at + step + all().length) % all().length].focus();
  };
  return undefined;
}
