// A curve that is drawn: with mouse, pen or finger, or point by point with the arrow keys.

function makeSketch(about, moved) {
  const { x, low, high, label } = about, last = x.length - 1, middle = (low + high) / 2;
  let drawn = [], now = null, at = 0, asleep = false, plot = null;
  let stroke = null, pointer = 0; // where the pointer was, and which one it is
  let began = 0; // where it began, until it passes a point

  const { canvas, redraw } = makeCanvas((pen, width, height) => {
    const color = getComputedStyle(canvas).getPropertyValue("--color-1");
    const curves = [{ x, mid: now ?? [], color }];
    const ylim = [low, high], plain = { levels: {}, marks: [], empty: "draw here" };
    plot = plotCurves(pen, width, height, { ...about, ...plain, curves, ylim });
    if (document.activeElement !== canvas) return;
    pen.lineWidth = 2; pen.strokeStyle = color; // the point that the arrow keys move
    pen.beginPath(); pen.arc(plot.X(x[at]), plot.Y(now?.[at] ?? middle), 6, 0, 7); pen.stroke();
  }, () => 0.55, `${label}: left and right choose a point, up and down move it`);

  // Between two points that were drawn the curve is straight, beyond them level.
  function between(i) {
    let [before, after] = [i, i];
    while (before >= 0 && drawn[before] === null) before -= 1;
    while (after <= last && drawn[after] === null) after += 1;
    if (before < 0) return drawn[after] ?? null;
    if (after > last || after === before) return drawn[before];
    return drawn[before] + ((drawn[after] - drawn[before]) * (i - before)) / (after - before);
  }
  const round = (value) => Math.min(Math.max(+value.toPrecision(4), low), high);
  function put(i, value) { drawn[i] = round(value); at = i; }
  function tell() {
    now = drawn.some((value) => value !== null) ? x.map((_, i) => round(between(i))) : null;
    const place = about.ticks[at] ?? short(x[at]), value = now?.[at];
    const states = { valuemin: low, valuemax: high, valuenow: value ?? middle };
    states.valuetext = `${about.xlabel} ${place}: ${now ? short(value) : "nothing is drawn yet"}`;
    for (const [name, state] of Object.entries(states)) canvas.setAttribute(`aria-${name}`, state);
    redraw();
  }
  const set = (values) => { drawn = values ? [...values] : x.map(() => null); tell(); };
  const draw = () => { tell(); moved(about.name, now); };

  function where(event) { // pixels along, and the value at that height
    const { left, top } = canvas.getBoundingClientRect(), { X, box } = plot;
    const along = Math.min(Math.max(event.clientX - left, X(x[0])), X(x[last]));
    const up = (box.bottom - (event.clientY - top)) / (box.bottom - box.top);
    return [along, Math.min(Math.max(low + up * (high - low), low), high)];
  }
  function begin(event) {
    if (asleep || event.button || !plot || stroke) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    canvas.focus();
    stroke = where(event);
    began = stroke[0];
    put(x.indexOf(plot.nearest(stroke[0])), stroke[1]);
    draw();
  }
  function go(event) {
    if (!stroke || asleep || event.pointerId !== pointer) return;
    const [from, before] = stroke, [to, value] = stroke = where(event);
    x.forEach((each, i) => {
      const share = (plot.X(each) - from) / (to - from);
      if (!(share >= 0 && share <= 1)) return;
      put(i, before + share * (value - before));
      began = NaN;
    });
    if (Math.abs(to - began) < 8) put(at, value); // straight up or down
    draw();
  }
  const end = (event) => { if (event.pointerId === pointer) stroke = null; };
  function key(event) {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    const up = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (asleep || (to === undefined && !up)) return;
    event.preventDefault();
    if (up) put(at, (now?.[at] ?? middle) + (up * (high - low)) / 20);
    else at = Math.min(Math.max(to, 0), last);
    if (up) draw();
    else tell();
  }

  for (const [name, does] of Object.entries({
    pointerdown: begin, pointermove: go, pointerup: end, pointercancel: end, lostpointercapture: end,
    keydown: key, focus: redraw, blur: redraw,
  })) canvas.addEventListener(name, does);
  canvas.setAttribute("role", "slider");
  canvas.setAttribute("aria-orientation", "vertical");
  canvas.tabIndex = 0;
  set(null);
  const clear = make("button", { onclick: () => { set(about.blank); moved(about.name, now); } }, "Clear");
  const row = make("div", { class: `${NS}-control ${NS}-sketch` }, make("span", {}, label), canvas, clear);
  const both = { set disabled(off) {
    asleep = off;
    canvas.setAttribute("aria-disabled", off);
    clear.disabled = off;
  } };
  return { row, set, redraw, inputs: [both] };
}
