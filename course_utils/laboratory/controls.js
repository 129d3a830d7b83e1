// One control of the view: a slider with a number, a switch, a menu or a curve.
// The files of this folder are put together to one module by view.py.

const NS = "course-lab";

function make(kind, attributes = {}, ...children) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const short = (value) => {
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
  return `${+value.toPrecision(size >= 100 ? 4 : 3)}`;
};

// Where a value lies on its slider, 0 to 1, and back.
function scaleOf({ scale, low, high }) {
  if (scale === "log") { // six powers of ten at most: what lies below can be typed
    const first = Math.max(low, high / 1e6), span = Math.log(high / first);
    return [(v) => Math.log(v / first) / span, (p) => first * Math.exp(p * span)];
  }
  if (scale === "near one") { // of 1 − γ: .9, .99 and .999 lie equally far apart
    return [(v) => Math.min(-Math.log10(Math.max(1 - v, 1e-4)) / 4, 1), (p) => 1 - 10 ** (-4 * p)];
  }
  return [(v) => (v - low) / (high - low), (p) => low + p * (high - low)];
}

function makeControl(about, moved) {
  if (about.kind === "curve") return makeSketch(about, moved);
  const id = `${NS}-${Math.random().toString(36).slice(2)}`;
  const label = make("label", { for: id, title: about.help }, about.label);
  const row = make("div", { class: `${NS}-control ${about.waits ? "waits" : ""} ${about.kind}` }, label);
  if (about.waits) label.append(make("span", { class: `${NS}-waits` }, " (from Reset on)"));
  if (about.kind !== "number") {
    const input = about.kind === "switch"
      ? make("input", { id, type: "checkbox" })
      : make("select", { id }, ...about.options.map((option) => make("option", {}, option)));
    const part = about.kind === "switch" ? "checked" : "value";
    input.addEventListener("change", () => moved(about.name, input[part]));
    row.append(input);
    return { row, set: (value) => { input[part] = value; }, inputs: [input] };
  }
  const [toPlace, toValue] = scaleOf(about);
  const few = about.whole && about.scale === "linear" && about.high - about.low <= 100;
  const range = few ? { min: about.low, max: about.high, step: 1 } : { min: 0, max: 1, step: 0.005 };
  const slider = make("input", { type: "range", "aria-label": about.label, ...range });
  const number = make("input", { id, type: "number", step: "any", min: about.low, max: about.high });
  let now;
  const tell = (value) => {
    now = number.value = value;
    slider.setAttribute("aria-valuetext", `${short(value)} ${about.unit}`.trim());
  };
  const set = (value) => { slider.value = few ? value : toPlace(value); tell(value); };
  function valueAt(place) { // rounded to what can be read
    let value = few ? +place : toValue(+place);
    if (about.whole) value = Math.round(value);
    else if (about.scale === "near one") value = +(1 - (1 - value).toPrecision(2)).toFixed(8);
    else value = +value.toPrecision(3);
    return Math.min(Math.max(value, about.low), about.high);
  }
  slider.addEventListener("input", () => {
    tell(valueAt(slider.value));
    moved(about.name, now);
  });
  slider.addEventListener("keydown", (event) => { // to the next value, also if it lies further off
    const way = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (!way || few) return;
    event.preventDefault();
    let place = Math.min(Math.max(toPlace(now), 0), 1);
    while ((valueAt(place) - now) * way <= 0 && place >= 0 && place <= 1) place += 0.005 * way;
    if ((valueAt(place) - now) * way <= 0) return;
    set(valueAt(place));
    moved(about.name, now);
  });
  number.addEventListener("change", () => { // as it was typed, not where the slider can stand
    if (number.value === "") return set(now);
    set(+number.value);
    moved(about.name, now);
  });
  row.append(slider, number, make("span", { class: `${NS}-unit` }, about.unit));
  return { row, set, inputs: [slider, number] };
}
