// A canvas; curves and bars on it.

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
  const lines = Object.entries(levels).filter(([, y]) => y >= low && y <= high).sort(([, y], [, other]) => y - other);
  const room = Math.max(20, ...lines.map(([label]) => pen.measureText(label).width + 10)); // beside, where no curve is
  const box = { left: Math.max(58, wide + 28), top: 10, right: width - room, bottom: height - 40 };
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
  let under = Infinity; // the name before
  for (const [label, level] of lines) {
    pen.setLineDash([6, 4]); pen.globalAlpha = 0.7;
    line(pen, [box.left, Y(level)], [box.right, Y(level)]);
    pen.setLineDash([]); pen.globalAlpha = 1; pen.textAlign = "left";
    under = Math.min(Y(level), under - 14);
    pen.fillText(label, box.right + 6, under);
  }
  return [box, Y];
}

const inside = (pen, { left, top, right, bottom }) => {
  pen.beginPath(); pen.rect(left - 5, top - 10, right - left + 10, bottom - top + 15); pen.clip();
};

// curves: [{label, x, mid, low, high, runs, color, marker, faint, dots, one}]; low and runs may lack.
// one: which run is in front, if any. Returns the box, where x and y lie in it, and which x of the
// first curve is nearest to a place.
function plotCurves(pen, width, height, { curves, levels, marks, xlabel, ylabel, ylim, end, ticks: names, empty }) {
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
  if (!curves.some((curve) => curve.mid.length)) pen.fillText(empty ?? "no value yet", (box.left + box.right) / 2, height / 2);
  inside(pen, box);
  let [beside, under] = [-Infinity, 0]; // where the name of the mark before stands
  for (const { x, text } of marks.slice(-4)) { // where a control was moved
    pen.globalAlpha = 0.5;
    line(pen, [X(x), box.top], [X(x), box.bottom]);
    pen.globalAlpha = 1;
    under = X(x) - beside < 14 ? under : box.top + 4;
    beside = X(x);
    pen.save(); pen.translate(beside + (beside - box.left < 14 ? 9 : -7), under); pen.rotate(-Math.PI / 2); pen.textAlign = "right";
    pen.fillText(text, 0, 0); pen.restore();
    under += pen.measureText(text).width + 8;
  }
  for (const curve of curves) {
    const xs = curve.x.map(X), front = curve.runs?.[curve.one];
    pen.strokeStyle = pen.fillStyle = curve.color ?? ink;
    if (curve.low) {
      pen.globalAlpha = curve.faint || front ? 0.1 : 0.22;
      pen.beginPath();
      path(pen, xs, curve.low.map(Y));
      for (let i = xs.length - 1; i >= 0; i--) pen.lineTo(xs[i], Y(curve.high[i]));
      pen.fill();
    }
    pen.globalAlpha = curve.runs?.length > 8 ? 0.12 : 0.25; pen.lineWidth = 0.8;
    for (const run of curve.faint ? [] : curve.runs ?? []) { pen.beginPath(); path(pen, xs, run.map(Y)); pen.stroke(); }
    pen.globalAlpha = curve.faint ? 0.45 : 1; pen.lineWidth = curve.faint ? 1.5 : 2.2;
    if (front) { // the others stay as a dashed middle
      pen.globalAlpha = 0.5; pen.setLineDash([6, 4]);
      pen.beginPath(); path(pen, xs, curve.mid.map(Y)); pen.stroke();
      pen.globalAlpha = 1; pen.setLineDash([]);
    }
    const ys = (front ?? curve.mid).map(Y);
    pen.beginPath(); path(pen, xs, ys);
    if (!curve.dots) pen.stroke();
    const apart = curve.dots ? 1 : Math.max(1, Math.ceil(xs.length / 8));
    for (let i = xs.length - 1; i >= 0; i -= apart) {
      pen.beginPath(); MARKERS[(curve.marker ?? 0) % MARKERS.length](pen, xs[i], ys[i]); pen.fill();
    }
  }
  pen.globalAlpha = 1;
  const nearest = (place) => curves[0].x.reduce((a, b) => (Math.abs(X(b) - place) >= Math.abs(X(a) - place) ? a : b), NaN);
  return { box, X, Y, nearest };
}

// bars: {label: [K]}, over K names
function plotBars(pen, width, height, { bars, ticks: names, ylim, ...words }, colors) {
  const all = Object.values(bars), [low, high] = ylim ?? bounds([...all.flat(), ...Object.values(words.levels)], 0, 0);
  const [box, Y] = axes(pen, width, height, low < high ? [low, high] : [0, 1], words);
  const part = (box.right - box.left) / names.length;
  pen.textAlign = "center";
  names.forEach((name, i) => pen.fillText(name, box.left + (i + 0.5) * part, box.bottom + 12, part - 6));
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

const line = (pen, ...points) => {
  pen.beginPath(); points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y)); pen.stroke();
};
