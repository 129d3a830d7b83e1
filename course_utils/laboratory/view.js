// The view of a training, or of a picture that answers at once: controls, curves or bars, and the
// agent at play. What is shown comes from the kernel as messages: points of curves, frames of the
// play, a state to begin with. Without a kernel the state that was stored is shown, and controls
// sleep, but for those whose answers are all stored.

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

// ---- one control: a slider with a number, a switch or a menu ----

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
  slider.addEventListener("input", () => {
    let value = few ? +slider.value : toValue(+slider.value);
    if (about.whole) value = Math.round(value);
    else if (about.scale === "near one") value = +(1 - (1 - value).toPrecision(2)).toFixed(8);
    else value = +value.toPrecision(3);
    value = Math.min(Math.max(value, about.low), about.high);
    tell(value);
    moved(about.name, value);
  });
  number.addEventListener("change", () => { // as it was typed, not where the slider can stand
    if (number.value === "") return set(now);
    set(+number.value);
    moved(about.name, now);
  });
  row.append(slider, number, make("span", { class: `${NS}-unit` }, about.unit));
  return { row, set, inputs: [slider, number] };
}

// ---- a canvas that is sharp, as wide as its place, and plotted when something is new ----

function makeCanvas(paint, ratio, description) {
  const canvas = make("canvas", { role: "img", "aria-label": description });
  let due = false;
  const redraw = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      const width = canvas.clientWidth;
      if (!width) return;
      const dots = window.devicePixelRatio || 1, height = Math.round(width * ratio());
      canvas.width = width * dots;
      canvas.height = height * dots;
      canvas.style.height = `${height}px`;
      const pen = canvas.getContext("2d");
      pen.scale(dots, dots);
      const { color, fontFamily } = getComputedStyle(canvas);
      Object.assign(pen, { fillStyle: color, strokeStyle: color, font: `12px ${fontFamily}` });
      paint(pen, width, height, color);
    });
  };
  new ResizeObserver(redraw).observe(canvas);
  return { canvas, redraw };
}

// ---- curves ----

// Round numbers from low to high, with as many digits as tell them apart: [[value, text], …].
function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((each) => each >= rough);
  const first = Math.ceil(low / step - 1e-9), size = Math.max(Math.abs(low), Math.abs(high));
  const small = Math.floor(Math.log10(size));
  const [unit, mark] = size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : size < 1e-2 ? [10 ** small, `e${small}`] : [1, ""];
  const digits = Math.min(Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9)), 9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step)
    .map((value) => [value, value ? (value / unit).toFixed(digits) + mark : "0"]);
}

function bounds(values, low, high) {
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

const MARKERS = [
  (pen, x, y) => pen.arc(x, y, 3.5, 0, 7),
  (pen, x, y) => pen.rect(x - 3, y - 3, 6, 6),
  (pen, x, y) => { pen.moveTo(x, y - 5); pen.lineTo(x + 4, y); pen.lineTo(x, y + 5); pen.lineTo(x - 4, y); },
  (pen, x, y) => { pen.moveTo(x, y - 4); pen.lineTo(x + 4, y + 3); pen.lineTo(x - 4, y + 3); },
];

function path(pen, xs, ys, from = 0) {
  for (let i = from; i < xs.length; i++) pen[i === from ? "moveTo" : "lineTo"](xs[i], ys[i]);
}

// The grid from low to high, what is written beside and below, dashed levels; then a pen that stays
// inside. Returns the box, and where a value lies in it.
function axes(pen, width, height, [low, high], { xlabel, ylabel, levels }) {
  const marks = ticks(low, high, height / 50), wide = Math.max(...marks.map(([, text]) => pen.measureText(text).width));
  const box = { left: Math.max(58, wide + 28), top: 10, right: width - 20, bottom: height - 40 };
  const Y = (y) => box.bottom - ((y - low) / (high - low)) * (box.bottom - box.top);
  Object.assign(pen, { lineWidth: 1, textBaseline: "middle", textAlign: "right" });
  for (const [tick, text] of marks) {
    pen.globalAlpha = tick ? 0.15 : 0.4;
    line(pen, [box.left, Y(tick)], [box.right, Y(tick)]);
    pen.globalAlpha = 1;
    pen.fillText(text, box.left - 6, Y(tick));
  }
  pen.textAlign = "center";
  pen.fillText(xlabel, (box.left + box.right) / 2, height - 10);
  pen.save(); pen.translate(12, (box.top + box.bottom) / 2); pen.rotate(-Math.PI / 2);
  pen.fillText(ylabel, 0, 0); pen.restore();
  const taken = [];
  for (const [label, level] of Object.entries(levels).filter(([, y]) => y >= low && y <= high)) {
    pen.setLineDash([6, 4]); pen.globalAlpha = 0.7;
    line(pen, [box.left, Y(level)], [box.right, Y(level)]);
    pen.setLineDash([]); pen.globalAlpha = 1; pen.textAlign = "right";
    const y = Y(level) - 8, free = y > 6 && taken.every((other) => Math.abs(other - y) > 13);
    taken.push(free ? y : y + 16);
    pen.fillText(label, box.right, taken.at(-1));
  }
  return [box, Y];
}

const inside = (pen, { left, top, right, bottom }) => {
  pen.beginPath(); pen.rect(left - 5, top - 10, right - left + 10, bottom - top + 15); pen.clip();
};

// curves: [{label, x, mid, low, high, runs, color, marker, faint, dots}]; low and runs may lack.
function plotCurves(pen, width, height, { curves, levels, marks, xlabel, ylabel, ylim, end, ticks: names }) {
  const all = curves.flatMap((curve) => [curve.mid, curve.low ?? [], curve.high ?? [], ...(curve.runs ?? [])]);
  let [low, high] = all.reduce((pair, values) => bounds(values, ...pair), bounds(Object.values(levels), Infinity, -Infinity));
  if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 1, low + 1] : [0, 1];
  [low, high] = ylim ?? [low - 0.04 * (high - low), high + 0.08 * (high - low)];
  const [first, last] = end ? [0, end] : [Infinity, -Infinity];
  const [least, right] = curves.reduce((pair, curve) => bounds(curve.x, ...pair), [first, last]);
  const [box, Y] = axes(pen, width, height, [low, high], { xlabel, ylabel, levels });
  const X = (x) => box.left + ((x - least) / (right - least || 1)) * (box.right - box.left);
  const ink = pen.fillStyle;
  if (Number.isFinite(least)) {
    const places = names?.length ? names.map((name, i) => [i, name]) : ticks(least, right, width / 90);
    places.forEach(([place, text], i) => {
      pen.textAlign = names?.length && i === names.length - 1 ? "right" : "center";
      pen.fillText(text, X(place), box.bottom + 12);
    });
  }
  pen.textAlign = "center";
  if (!curves.some((curve) => curve.mid.length)) pen.fillText("no value yet", (box.left + box.right) / 2, height / 2);
  inside(pen, box);
  let [beside, under] = [-Infinity, 0]; // where the name of the mark before stands
  for (const { x, text } of marks.slice(-4)) { // where a control was moved
    pen.globalAlpha = 0.5;
    line(pen, [X(x), box.top], [X(x), box.bottom]);
    pen.globalAlpha = 1;
    under = X(x) - beside < 14 ? under : box.top + 4;
    beside = X(x);
    pen.save(); pen.translate(beside - 7, under); pen.rotate(-Math.PI / 2); pen.textAlign = "right";
    pen.fillText(text, 0, 0); pen.restore();
    under += pen.measureText(text).width + 8;
  }
  for (const curve of curves) {
    const xs = curve.x.map(X);
    pen.strokeStyle = pen.fillStyle = curve.color ?? ink;
    if (curve.low) {
      pen.globalAlpha = curve.faint ? 0.1 : 0.22;
      pen.beginPath();
      path(pen, xs, curve.low.map(Y));
      for (let i = xs.length - 1; i >= 0; i--) pen.lineTo(xs[i], Y(curve.high[i]));
      pen.fill();
    }
    pen.globalAlpha = curve.runs?.length > 8 ? 0.12 : 0.25; pen.lineWidth = 0.8;
    for (const run of curve.faint ? [] : curve.runs ?? []) { pen.beginPath(); path(pen, xs, run.map(Y)); pen.stroke(); }
    pen.globalAlpha = curve.faint ? 0.45 : 1; pen.lineWidth = curve.faint ? 1.5 : 2.2;
    pen.beginPath(); path(pen, xs, curve.mid.map(Y));
    if (!curve.dots) pen.stroke();
    const apart = curve.dots ? 1 : Math.max(1, Math.ceil(xs.length / 8));
    for (let i = xs.length - 1; i >= 0; i -= apart) {
      pen.beginPath(); MARKERS[(curve.marker ?? 0) % MARKERS.length](pen, xs[i], Y(curve.mid[i])); pen.fill();
    }
  }
  pen.globalAlpha = 1;
}

// bars: {label: [K]}, over K names
function plotBars(pen, width, height, { bars, ticks: names, ylim, ...words }, colors) {
  const all = Object.values(bars), [low, high] = ylim ?? bounds([...all.flat(), ...Object.values(words.levels)], 0, 0);
  const [box, Y] = axes(pen, width, height, low < high ? [low, high] : [0, 1], words);
  const part = (box.right - box.left) / names.length;
  pen.textAlign = "center";
  names.forEach((name, i) => pen.fillText(name, box.left + (i + 0.5) * part, box.bottom + 12));
  inside(pen, box);
  const wide = (0.8 * part) / all.length;
  all.forEach((values, k) => values.forEach((value, i) => {
    const x = box.left + (i + 0.1) * part + k * wide;
    const bar = [x, Y(Math.max(value, 0)), Math.max(wide - 2, 1), Math.abs(Y(value) - Y(0))];
    pen.fillStyle = pen.strokeStyle = colors[k];
    pen.globalAlpha = k ? 0.5 : 1; // the second one is lighter and has an edge: colours are not all
    pen.fillRect(...bar);
    pen.globalAlpha = 1;
    pen.strokeRect(...bar);
  }));
}

// ---- the agent at play: an observation as its world looks ----

const line = (pen, ...points) => {
  pen.beginPath(); points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y)); pen.stroke();
};

const WORLDS = {
  cartpole(pen, w, h, [position, , angle], action, { colors, facts }) {
    const unit = w / 6, x = w / 2 + position * unit, y = h * 0.72;
    const pole = Math.min((facts.length ?? 0.5) * 2 * unit * 1.4, h * 0.62);
    line(pen, [0, y + 14], [w, y + 14]);
    for (const edge of [-2.4, 2.4]) line(pen, [w / 2 + edge * unit, y + 14], [w / 2 + edge * unit, y + 4]);
    pen.fillRect(x - 22, y - 8, 44, 22);
    pen.strokeStyle = pen.fillStyle = colors[1];
    pen.lineWidth = 6; pen.lineCap = "round";
    line(pen, [x, y - 8], [x + Math.sin(angle) * pole, y - 8 - Math.cos(angle) * pole]);
    pen.strokeStyle = colors[0]; pen.lineWidth = 3;
    const push = action === 1 ? 1 : -1;
    line(pen, [x + 30 * push, y + 3], [x + 48 * push, y + 3]);
    line(pen, [x + 42 * push, y - 2], [x + 48 * push, y + 3], [x + 42 * push, y + 8]);
  },
  mountaincar(pen, w, h, [position], action, { colors }) {
    const X = (p) => ((p + 1.2) / 1.8) * w, Y = (p) => h * 0.88 - (Math.sin(3 * p) * 0.45 + 0.55) * h * 0.68;
    line(pen, ...Array.from({ length: 61 }, (_, i) => [X(-1.2 + 0.03 * i), Y(-1.2 + 0.03 * i)]));
    pen.strokeStyle = pen.fillStyle = colors[2]; pen.lineWidth = 2;
    line(pen, [X(0.5), Y(0.5)], [X(0.5), Y(0.5) - 30], [X(0.5) + 14, Y(0.5) - 24], [X(0.5), Y(0.5) - 18]);
    pen.save();
    pen.translate(X(position), Y(position));
    pen.rotate(-Math.atan2(Math.cos(3 * position) * 1.35 * h * 0.68, w / 1.8));
    pen.fillStyle = colors[1]; pen.strokeStyle = colors[0]; pen.lineWidth = 3;
    pen.fillRect(-15, -18, 30, 12);
    for (const wheel of [-9, 9]) { pen.beginPath(); pen.arc(wheel, -5, 5, 0, 7); pen.fill(); }
    const push = action - 1;
    if (push) line(pen, [20 * push, -12], [36 * push, -12], [30 * push, -17], [36 * push, -12], [30 * push, -7]);
    pen.restore();
  },
  lander(pen, w, h, [x, y, , , angle, , left, right], action, { colors }) {
    const X = w / 2 + (x * w) / 2.4, ground = h * 0.88, Y = ground - y * (ground / 1.6) - 12;
    line(pen, [0, ground], [w, ground]);
    pen.strokeStyle = colors[4]; pen.lineWidth = 4;
    line(pen, [w / 2 - w / 12, ground], [w / 2 + w / 12, ground]);
    for (const flag of [-1, 1]) line(pen, [w / 2 + (flag * w) / 12, ground], [w / 2 + (flag * w) / 12, ground - 16]);
    pen.save(); pen.translate(X, Y); pen.rotate(-angle);
    pen.fillStyle = colors[1]; pen.strokeStyle = colors[1]; pen.lineWidth = 2;
    if (action === 2) { pen.beginPath(); pen.moveTo(-5, 9); pen.lineTo(0, 26); pen.lineTo(5, 9); pen.fill(); }
    if (action === 1) line(pen, [-14, -4], [-24, -4]);
    if (action === 3) line(pen, [14, -4], [24, -4]);
    pen.fillStyle = pen.strokeStyle = colors[0]; pen.lineWidth = 3;
    pen.beginPath(); pen.moveTo(-13, 8); pen.lineTo(-10, -10); pen.lineTo(10, -10); pen.lineTo(13, 8); pen.fill();
    for (const [side, down] of [[-1, left], [1, right]]) {
      pen.strokeStyle = down ? colors[2] : colors[0];
      line(pen, [side * 10, 8], [side * 18, 16], [side * 22, 16]);
    }
    pen.restore();
  },
  // A table: in each cell four triangles (left, down, right, up), coloured by value; arrows of the best.
  grid(pen, w, h, table, _, { rows }) {
    const columns = rows[0].length, size = Math.min(w / columns, h / rows.length);
    const ink = pen.fillStyle, left = (w - size * columns) / 2, top = (h - size * rows.length) / 2;
    const shown = table.flatMap((q, cell) => ("HGC".includes(rows.join("")[cell]) ? [] : q));
    const [low, high] = bounds(shown, Infinity, -Infinity);
    const corners = [[0, 0], [0, 1], [1, 1], [1, 0]], ways = [[-1, 0], [0, 1], [1, 0], [0, -1]];
    table.forEach((q, cell) => {
      const x = left + (cell % columns) * size, y = top + Math.floor(cell / columns) * size;
      const letter = rows.join("")[cell], middle = [x + size / 2, y + size / 2];
      pen.strokeStyle = ink; pen.lineWidth = 0.5; pen.strokeRect(x, y, size, size);
      if ("HGC".includes(letter)) {
        pen.fillStyle = ink; pen.textAlign = "center"; pen.textBaseline = "middle";
        return pen.fillText(letter, ...middle);
      }
      q.forEach((value, action) => {
        const share = high > low ? (value - low) / (high - low) : 0;
        pen.fillStyle = `hsl(${260 - 200 * share} ${50 + 25 * share}% ${28 + 32 * share}%)`;
        pen.beginPath(); pen.moveTo(...middle);
        for (const [a, b] of [corners[action], corners[(action + 1) % 4]]) pen.lineTo(x + a * size, y + b * size);
        pen.fill();
      });
      const best = Math.max(...q);
      if (Math.min(...q) === best) return; // nothing is known here yet
      pen.strokeStyle = "white"; pen.lineWidth = Math.max(1.5, size / 16);
      q.forEach((value, action) => {
        if (value < best) return;
        const [dx, dy] = ways[action].map((d) => d * size * 0.32), [mx, my] = middle;
        line(pen, middle, [mx + dx, my + dy]);
        line(pen, [mx + 0.6 * dx - 0.3 * dy, my + 0.6 * dy - 0.3 * dx], [mx + dx, my + dy], [mx + 0.6 * dx + 0.3 * dy, my + 0.6 * dy + 0.3 * dx]);
      });
    });
  },
};

// ---- all together ----

function render({ model, el }) {
  const about = model.get("about");
  const told = make("div", { class: `${NS}-told`, "aria-live": "polite" });
  const say = (sentence) => { told.textContent = sentence; };
  const send = (content) => model.send({ ...content, by: me });
  let points = {}, marks = [], ghost = [], pinned = [], frames = [], frame = null, running = false;
  let values = {}, accepted = {}, began = 0, heard = false, over = false, status = "", scene = about;
  const me = Math.random();

  // What a series looks like: its place among the labels decides.
  const curvesOf = (kept, look) => Object.entries(kept).map(([label, curve], k) => ({
    label, ...curve, color: about.colors[k], marker: k, ...look,
  }));
  const shown = () => [
    ...curvesOf(about.shipped, { faint: true }), ...ghost, ...pinned, ...curvesOf(points),
  ];
  const hasBars = () => Object.keys(scene.bars ?? {}).length > 0;
  const curves = makeCanvas((pen, w, h) => {
    if (hasBars()) plotBars(pen, w, h, scene, about.colors);
    else plotCurves(pen, w, h, { ...scene, curves: shown(), marks });
  }, () => 0.48, about.ylabel);
  const world = makeCanvas((pen, w, h) => {
    pen.clearRect(0, 0, w, h);
    if (frame) WORLDS[about.world](pen, w, h, frame[0], frame[1], about);
  }, () => (about.world === "grid" ? about.rows.length / about.rows[0].length : 0.55), "the agent at play");
  const caption = make("figcaption");
  const legend = make("div", { class: `${NS}-legend` });

  function relabel() {
    const bars = Object.keys(scene.bars ?? {}).map((label, k) => ({ label, color: about.colors[k], marker: 1, faint: k, mid: [] }));
    const rows = [...bars, ...shown().filter((curve) => curve.mid.length && curve.label)].map((curve) => {
      if (!curve.mid.length || !about.train) curve = { ...curve, mid: null };
      const last = (name) => short(curve[name].at(-1));
      const range = curve.mid && curve.low ? ` [${last("low")}, ${last("high")}]` : "";
      const dot = make("span", { style: `color: ${curve.color}; opacity: ${curve.faint ? 0.5 : 1}` }, "●■◆▲"[curve.marker % 4]);
      return make("span", {}, dot, curve.mid ? ` ${curve.label}: ${last("mid")}${range}` : ` ${curve.label}`);
    });
    legend.replaceChildren(...rows);
  }
  function show() { curves.redraw(); relabel(); }

  let film = []; // of an answer: it is shown again and again
  function play() { // frames come in bursts; they are shown one after the other
    if (frames.length > 180) frames.splice(0, frames.length - 60);
    if (frames.length) {
      frame = frames.shift();
      caption.textContent = frame[2];
      world.redraw();
    }
    if (!frames.length && film.length > 1) frames = [...film];
    if (!over) requestAnimationFrame(play); // also while the notebook has put this cell aside
  }

  function change(name, value) {
    say(status); // no longer why the last value was refused
    values[name] = value;
    const known = about.answers?.[JSON.stringify(about.controls.map((each) => values[each.name]))];
    if (known) state(known); // at once, also where no kernel answers
    else ask({ [name]: value });
    retell();
  }
  function accept(given, by) { // by the kernel: what a view has asked for leaves a mark on the curve
    const x = Object.values(points)[0]?.x.at(-1);
    for (const { name, short: symbol, waits } of about.controls) {
      const value = given[name] ?? accepted[name];
      if (!by || !running || waits || x === undefined || value === accepted[name]) continue;
      const text = `${symbol} = ${typeof value === "number" ? short(value) : value}`;
      marks = [...marks.filter((mark) => mark.name !== name || x - mark.x > about.end / 50), { x, name, text }];
    }
    accepted = { ...accepted, ...given };
    if (by !== me) take(given);
  }
  // A picture that answers gets one question at a time, the latest; its still is made at rest.
  let asked = null, next = null, rest = 0;
  function ask(set) {
    if (about.train) return send({ set });
    clearTimeout(rest);
    next = { ...next, ...set };
    if (!asked) answered();
  }
  function answered() {
    [asked, next] = [next, null];
    if (asked) send({ set: asked });
    else rest = setTimeout(() => send({ rest: true }), 400);
  }
  const controls = about.controls.map((control) => makeControl(control, change));
  function take(given) {
    values = { ...values, ...given };
    about.controls.forEach((control, k) => { if (control.name in given) controls[k].set(given[control.name]); });
    retell();
  }

  const code = make("input", { class: `${NS}-code`, readonly: "", "aria-label": "the settings as a line of Python", onfocus: () => code.select() });
  function retell() {
    const python = (value) => (value === true ? "True" : value === false ? "False" : JSON.stringify(value));
    if (!about.train) return;
    const { class: name, plain, own } = about.code, all = { ...own, ...values };
    const changed = Object.keys(all).filter((key) => all[key] !== plain[key]);
    code.value = `${name}(${changed.map((key) => `${key}=${python(all[key])}`).join(", ")})`;
  }
  const press = (word) => send({ press: word });
  const start = make("button", { onclick: () => press(running ? "Pause" : "Start") }, "Start");
  const button = (word, does, title) => make("button", { onclick: does, title }, word);
  const named = ({ label }, what) => (label ? `${label}, ${what}` : what);
  const pin = () => {
    if (pinned.length) pinned = [];
    else pinned = curvesOf(points, { faint: true }).map((c, k) => ({ ...c, label: named(c, `pinned: ${code.value}`), color: about.colors[3 + k], marker: 3 }));
    pinButton.textContent = pinned.length ? "Unpin" : "Pin";
    show();
  };
  const pinButton = button("Pin", pin, "keep this curve, to compare the next run with it");
  function save() {
    const lines = Object.entries(points).flatMap(([label, c]) => c.x.map((x, i) =>
      [`"${label.replaceAll('"', '""')}"`, x, c.mid[i], ...(c.low ? [c.low[i], c.high[i]] : ["", ""]), ...(c.runs ?? []).map((run) => run[i])].join(",")));
    const runs = Math.max(0, ...Object.values(points).map((c) => c.runs?.length ?? 0));
    const head = ["label,step,middle,low,high", ...Array.from({ length: runs }, (_, s) => `run ${s + 1}`)].join(",");
    const text = [head, ...lines].join("\n");
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    make("a", { href: address, download: "curve.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
  const buttons = [
    start, button("Step", () => press("Step"), "one record more"),
    button("Reset", () => press("Reset"), "forget what was learned; begin again with these settings"),
    button("Defaults", () => put(about.plain), "all settings as they were"),
    pinButton, button("CSV", save, "the curve as a file"),
  ];
  const put = (set) => { take(set); send({ set }); };
  const tries = about.tries.map(([word, settings]) => button(word, () => { put({ ...about.plain, ...settings }); press("Again"); },
    "the defaults, but " + Object.entries(settings).map(([name, value]) => `${name} = ${value}`).join(", ")));
  const bar = make("progress", { max: 1, value: 0, "aria-label": "share of the training that is done" });
  const left = make("span");

  function state({ kept, told: sentence, running: now, begins, share, look, frames: more, frame: still, values: given }) {
    if (look) scene = { ...about, ...look };
    if (still) frame = still;
    if (more && kept) { film = more; frames = [...more]; }
    if (begins) {
      ghost = Object.values(points)[0]?.x.length > about.preview ? curvesOf(points, { faint: true }).map((c) => ({ ...c, label: named(c, "run before"), color: "gray" })) : ghost;
      points = {}; marks = []; frames = [];
    }
    if (kept) points = structuredClone(kept); // what is stored stays as it is
    if (sentence !== undefined) say(sentence);
    if (sentence !== undefined && (look || !given || now !== undefined)) status = sentence;
    if (now !== undefined && now !== running) {
      running = now;
      began = performance.now();
      start.dataset.from = bar.value;
      start.textContent = running ? "Pause" : "Start";
    }
    if (share !== undefined) bar.value = share;
    const done = bar.value - +(start.dataset.from ?? 0), seconds = (performance.now() - began) / 1000;
    left.textContent = running && done > 0.01 ? `about ${Math.ceil((seconds / done) * (1 - bar.value))} s to go` : "";
    show();
  }
  function add(series) {
    for (const [label, more] of Object.entries(series)) {
      const curve = (points[label] ??= Object.fromEntries(Object.keys(more).map((name) => [name, name === "runs" ? more.runs.map(() => []) : []])));
      for (const [name, list] of Object.entries(more)) {
        if (name === "runs") list.forEach((run, s) => curve.runs[s].push(...run));
        else curve[name].push(...list);
      }
    }
  }
  const everything = [...controls.flatMap((control) => control.inputs), ...buttons, ...tries];
  const wake = (awake) => everything.forEach((each) => { each.disabled = !awake && !Object.keys(about.answers ?? {}).length; });
  requestAnimationFrame(play);
  const hear = (content) => {
    if (!heard) { heard = true; wake(true); say(status); }
    if (content.begins) state(content);
    if (content.values) accept(content.values, content.by);
    if (content.by && !content.look) return curves.redraw();
    if (content.points) add(content.points);
    if (content.frames && !content.kept) frames.push(...content.frames);
    if (!content.begins) state(content);
    if (asked) answered();
  };
  const sleep = () => { wake(false); say(`${status} These controls sleep: run this cell to wake them.`); };
  const end = () => { state({ running: false, told: "" }); sleep(); }; // the kernel was started again
  model.on("msg:custom", hear);
  model.on("comm_live_update", end);
  const theme = new MutationObserver(() => { curves.redraw(); world.redraw(); });
  theme.observe(document.body, { attributes: true });

  el.classList.add(NS);
  about.colors.forEach((color, k) => el.style.setProperty(`--color-${k}`, color));
  el.dataset.lmSuppressShortcuts = true; // arrow keys are for the sliders, not for the notebook
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const figure = (about.world ? [make("figure", { class: `${NS}-world` }, world.canvas, caption)] : []);
  el.append(
    make("div", { class: `${NS}-hand` },
      ...(about.train ? [make("div", { class: `${NS}-buttons` }, ...buttons), make("div", {}, bar, left)] : []),
      ...controls.map((control) => control.row),
      ...(tries.length ? [make("div", { class: `${NS}-buttons ${NS}-tries` }, "Things to try: ", ...tries)] : []),
      ...(about.train ? [code] : []), told),
    make("div", { class: `${NS}-eyes` }, ...figure, make("figure", { class: `${NS}-curves` }, curves.canvas, legend)),
  );
  const stored = model.get("stored");
  accept(stored.values ?? about.plain);
  state({ kept: {}, share: 0, ...stored, values: undefined });
  if (about.train || !Object.keys(about.answers).length) sleep();
  world.redraw();
  send({ hello: true });
  return () => {
    over = true;
    theme.disconnect();
    model.off("msg:custom", hear);
    model.off("comm_live_update", end);
  };
}

export default { render };
