// Choosing several cards of a grid. What is chosen is shown at once and told to the page soon after, as changes:
// all of those that it has not confirmed, so that none is lost however fast one is. Goes before gallery_grid.js.

const TELL_AFTER = 180;
const choosing = new WeakMap();

const cardsOf = (grid) => [...grid.querySelectorAll(".card")];

const drawChosen = (grid, own) => {
  const chosen = new Set(own.known);
  own.changes.forEach((on, id) => (on ? chosen.add(id) : chosen.delete(id)));
  grid.classList.toggle("choosing", chosen.size > 0 || own.elsewhere > 0);
  cardsOf(grid).forEach((card) => {
    const item = card.parentElement;
    item.classList.toggle("chosen", chosen.has(card.dataset.case));
    const box = item.querySelector(".choose");
    if (box) box.checked = chosen.has(card.dataset.case);
  });
};

const followSelection = (grid, selection) => {
  const own = choosing.get(grid);
  if (!selection || !own) return;
  own.known = selection.selected;
  own.elsewhere = selection.elsewhere;
  if (selection.echo >= own.told) own.changes.clear(); // a change after that is told again below
  own.told = Math.max(own.told, selection.echo);
  own.untold.forEach((on, id) => own.changes.set(id, on));
  drawChosen(grid, own);
};

const tellSoon = (own) => {
  clearTimeout(own.timer);
  own.timer = setTimeout(() => {
    own.untold.clear();
    const [on, off] = [true, false].map((wanted) => [...own.changes].filter(([, is]) => is === wanted).map(([id]) => id));
    own.send("select", { number: ++own.told, on, off });
  }, TELL_AFTER);
};

const choose = (grid, own, cards, on) => {
  cards.forEach((card) => {
    own.changes.set(card.dataset.case, on);
    own.untold.set(card.dataset.case, on);
  });
  drawChosen(grid, own);
  tellSoon(own);
};

const toggle = (grid, own, card, extend) => {
  const all = cardsOf(grid);
  const from = all.findIndex((other) => other.dataset.case === own.anchor);
  const to = all.indexOf(card);
  if (extend && from >= 0) {
    choose(grid, own, all.slice(Math.min(from, to), Math.max(from, to) + 1), true);
  } else {
    own.anchor = card.dataset.case;
    choose(grid, own, [card], !card.parentElement.classList.contains("chosen"));
  }
};

// Shift with a move selects from where that began up to here; what a way back leaves again is let go.
const extendChoice = (grid, from, to) => {
  const own = choosing.get(grid);
  if (!own) return;
  const all = cardsOf(grid);
  const goesOn = own.span?.to === all[from].dataset.case;
  const began = goesOn ? all.findIndex((card) => card.dataset.case === own.span.from) : from;
  const between = (one, other) => all.slice(Math.min(one, other), Math.max(one, other) + 1);
  const now = between(began, to);
  const left = goesOn ? between(began, from).filter((card) => !now.includes(card)) : [];
  if (left.length) choose(grid, own, left, false);
  choose(grid, own, now, true);
  own.span = { from: all[began].dataset.case, to: all[to].dataset.case };
  own.anchor = own.span.from;
};

const endExtending = (grid) => {
  const own = choosing.get(grid);
  if (own) own.span = null;
};

const listenToChoosing = (grid, own) => {
  const taken = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  grid.addEventListener("click", (event) => {
    const box = event.target.closest(".choose");
    const card = event.target.closest(".card");
    if (box) {
      event.stopPropagation();
      toggle(grid, own, box.parentElement.querySelector(".card"), event.shiftKey);
    } else if (card && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      taken(event);
      toggle(grid, own, card, event.shiftKey);
    }
  }, true);
  grid.addEventListener("keydown", (event) => {
    if (!event.target.classList.contains("card") || event.altKey) return;
    const control = event.ctrlKey || event.metaKey;
    if (event.key === " " && !control) {
      taken(event);
      if (!event.repeat) toggle(grid, own, event.target, event.shiftKey);
    } else if (event.key.toLowerCase() === "a" && control) {
      taken(event);
      choose(grid, own, cardsOf(grid), true);
    }
  }, true);
  grid.addEventListener("keyup", (event) => {
    if (event.key === " " && event.target.classList.contains("card")) taken(event); // which would press the card
  }, true);
};

const startSelection = (grid, selection, send) => {
  if (!selection) return;
  if (!choosing.has(grid)) {
    const own = { known: [], elsewhere: 0, changes: new Map(), untold: new Map(), told: 0, timer: 0, anchor: null, span: null };
    choosing.set(grid, own);
    listenToChoosing(grid, own);
  }
  choosing.get(grid).send = send;
  cardsOf(grid).forEach((card) => {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.className = "choose";
    box.tabIndex = -1; // reached by Space on the card
    box.title = "Select (Space; Shift selects up to here)";
    box.setAttribute("aria-label", `Select ${card.querySelector("img").alt}`);
    card.parentElement.append(box);
  });
  followSelection(grid, selection);
};

