// A game: buttons, a speed, a picture and a sentence. From Start on the arrow keys are the game's;
// buttons do the same for fingers. The kernel is told which key is down, the last one of several.
const WORDS = { ArrowLeft: "← left", ArrowUp: "↑ up", ArrowRight: "right →" };
const STYLE = `
.course-game { color: var(--jp-ui-font-color1, currentColor); max-width: 45em; padding: 5px;
  font: var(--jp-ui-font-size1, 13px) var(--jp-ui-font-family, sans-serif); }
.course-game > div { display: flex; flex-wrap: wrap; gap: 0.5em; align-items: center; margin: 0.4em 0; }
.course-game button { font: inherit; color: inherit; background: var(--jp-layout-color2, transparent);
  border: 1px solid var(--jp-border-color1, gray); border-radius: 3px; padding: 0.3em 0.8em; cursor: pointer; }
.course-game .hand button { flex: 1; padding: 0.8em; touch-action: none; user-select: none; }
.course-game .hand button.down { background: var(--jp-brand-color1, royalblue); color: white; }
.course-game .stage { position: relative; width: fit-content; outline-offset: 2px; }
.course-game :focus-visible, .course-game .stage:focus { outline: 3px solid var(--jp-brand-color1, royalblue); }
.course-game img { max-width: 100%; display: block; }
.course-game .count { position: absolute; inset: 0; display: grid; place-items: center;
  font-size: 7em; color: white; text-shadow: 0 0 0.15em black; pointer-events: none; }
.course-game label { display: flex; gap: 0.5em; align-items: center; }
.course-game output { min-width: 8em; }`;

function make(kind, attributes = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function render({ model, el }) {
  const image = make("img", { class: "course-screen", alt: "the game" });
  const sentence = make("div", { class: "course-told" }), count = make("div", { class: "count" });
  const about = { class: "stage", tabindex: 0, role: "application", "aria-label": "game: steer with the arrow keys" };
  const stage = make("div", about, image, count), keys = model.get("arrows");

  const held = new Set();
  const tell = () => {
    const key = [...held].at(-1) ?? "";
    for (const name of keys) hand[name].classList.toggle("down", name === key);
    model.set("key", key);
    model.save_changes();
  };
  const press = (key) => { held.delete(key); held.add(key); tell(); };
  const release = (key) => { if (held.delete(key)) tell(); };

  const hand = Object.fromEntries(keys.map((key) => [key, make("button", { tabindex: -1 }, WORDS[key])]));
  for (const [key, button] of Object.entries(hand)) {
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the stage keeps the keys
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // of a long touch
    button.addEventListener("pointerdown", (event) => { button.setPointerCapture(event.pointerId); press(key); });
    button.addEventListener("lostpointercapture", () => release(key)); // wherever it is let go
  }
  const buttons = ["Start", "Stop", "Replay", "Discard"].map((name) => make("button", {}, name));
  for (const button of buttons) {
    button.addEventListener("click", () => { stage.focus(); model.send(button.textContent); });
  }
  const speed = make("input", { type: "range", min: 2, max: 50, value: model.get("speed") });
  const steps = make("output");
  const measure = () => { steps.textContent = `${speed.value} steps a second`; };
  speed.addEventListener("input", () => { measure(); model.set("speed", +speed.value); model.save_changes(); });
  speed.addEventListener("pointerup", () => stage.focus());

  el.classList.add("course-game");
  el.dataset.lmSuppressShortcuts = true; // arrow keys are for the game, not for the notebook
  el.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.target === speed || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    if (!event.repeat && keys.includes(event.key)) press(event.key);
  });
  el.addEventListener("keyup", (event) => release(event.key));
  stage.addEventListener("blur", () => { held.clear(); tell(); });

  const draw = () => {
    const old = image.src;
    image.src = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/jpeg" }));
    URL.revokeObjectURL(old);
  };
  const write = () => {
    sentence.textContent = model.get("value");
    count.textContent = /^\d/.exec(sentence.textContent)?.[0] ?? "";
  };
  model.on("change:picture", draw);
  model.on("change:value", write);
  measure();
  draw();
  write();
  el.append(make("style", {}, STYLE), make("div", {}, ...buttons, make("label", {}, "speed", speed, steps)),
    stage, make("div", { class: "hand" }, ...Object.values(hand)), sentence);
}
export default { render };
