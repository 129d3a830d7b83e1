// The view of a training, or of a picture that answers at once: controls, curves or bars, and the
// agent at play. What is shown comes from the kernel as messages: points of curves, frames of the
// play, a state to begin with. Without a kernel the state that was stored is shown, and controls
// sleep, but for those whose answers are all stored.

function render({ model, el }) {
  const about = model.get("about");
  const told = make("div", { class: `${NS}-told`, "aria-live": "polite" });
  const say = (sentence) => { told.textContent = sentence; };
  const send = (content) => model.send({ ...content, by: me });
  let points = {}, marks = [], ghost = [], pinned = [], frames = [], frame = null, running = false;
  let values = {}, accepted = {}, began = 0, heard = false, known = false, over = false, status = "", scene = about, one = -1, begunWith = "";
  const me = Math.random();

  // What a series looks like: its place among the labels decides.
  const asideOf = (label) => (about.aside?.includes(label) ? label : "");
  const color = (k) => about.colors[k % about.colors.length];
  function curvesOf(kept, look) {
    const places = {};
    return Object.entries(kept).map(([label, curve]) => {
      const aside = asideOf(label), k = (places[aside] ?? 0);
      places[aside] = k + 1;
      return { label, aside, ...curve, color: color(k), marker: k, ...look };
    });
  }
  const shown = () => [
    ...curvesOf(about.shipped, { faint: true }), ...ghost, ...pinned, ...curvesOf(points, { one }),
  ].filter((curve) => curve.aside === plotted.value);
  const hasBars = () => Object.keys(scene.bars ?? {}).length > 0;
  // What is plotted; a click in it, or a drag, sets the choice that the picture names.
  function makePlot(what, ratio, description) {
    let nearest = null;
    const plot = makeCanvas((pen, w, h) => {
      const plotted = what();
      plot.canvas.style.cursor = plotted?.pick ? "pointer" : "";
      if (plotted?.bars) plotBars(pen, w, h, plotted, about.colors);
      else if (plotted) ({ nearest } = plotCurves(pen, w, h, plotted));
    }, ratio, description);
    const choose = ({ buttons, offsetX }) => {
      const { pick, moves } = what() ?? {}, at = about.controls.findIndex(({ name }) => name === pick);
      if (buttons !== 1 || !nearest || at < 0 || controls[at].inputs[0].disabled) return;
      const value = nearest(offsetX);
      const set = moves?.[pick] === value ? moves : { [pick]: value };
      if (Number.isNaN(value) || Object.keys(set).every((name) => set[name] === values[name])) return;
      take(set);
      change(set);
    };
    plot.canvas.addEventListener("pointerdown", choose);
    plot.canvas.addEventListener("pointermove", choose);
    return plot;
  }
  // Loss and values of the learner are plotted on demand, in place of the curve.
  const plotted = make("select", { "aria-label": "what is plotted", onchange: () => show() },
    ...["", ...(about.aside ?? [])].map((label) => make("option", { value: label }, label || about.ylabel)));
  const demand = () => (plotted.value ? { ylabel: plotted.value, levels: {} } : {});
  const curves = makePlot(() => ({ ...scene, ...demand(), bars: hasBars() && scene.bars, curves: shown(), marks: scene.marks ?? marks }),
    () => (scene.below ? 0.3 : 0.48));
  const below = makePlot(() => scene.below && { ...scene.below.look, moves: scene.below.moves, bars: false, curves: curvesOf(scene.below.kept) },
    () => 0.26, "the plot below");
  const world = makeCanvas((pen, w, h) => {
    pen.clearRect(0, 0, w, h);
    if (frame) paint(pen, w, h, frame[0], frame[1], { ...about, facts: frame[3] ?? {} });
  }, () => (about.world === "grid" ? about.rows.length / about.rows[0].length : 0.55), "the agent at play");
  const caption = make("figcaption");
  const legend = make("div", { class: `${NS}-legend` });
  const belowFigure = make("figure", { class: `${NS}-below` }, below.canvas);

  function relabel() {
    const bars = Object.keys(scene.bars ?? {}).map((label, k) => ({ label, color: about.colors[k], marker: 1, faint: k, mid: [] }));
    const rows = [...bars, ...shown().filter((curve) => curve.mid.length && curve.label)].map((curve) => {
      const run = curve.runs?.[curve.one];
      const both = run ? `, run ${one + 1}: ${short(run.at(-1))}, all: ${short(curve.mid.at(-1))}` : "";
      if (both || !curve.mid.length || !about.train) curve = { ...curve, mid: null };
      const last = (name) => short(curve[name].at(-1));
      const range = curve.mid && curve.low ? ` [${last("low")}, ${last("high")}]` : "";
      const dot = make("span", { style: `color: ${curve.color}; opacity: ${curve.faint ? 0.5 : 1}` }, "●■◆▲"[curve.marker % 4]);
      return make("span", {}, dot, curve.mid ? ` ${curve.label}: ${last("mid")}${range}` : ` ${curve.label}${both}`);
    });
    legend.replaceChildren(...rows);
  }
  // "Was it luck?": one run after the other, then all of them again.
  const several = () => Object.entries(points).filter(([label, curve]) => curve.runs?.length > 1 && asideOf(label) === plotted.value);
  const most = () => Math.max(0, ...several().map(([, curve]) => curve.runs.length));
  const luck = make("button", { title: "one run after the other, then all again", onclick: () => {
    one = one + 1 < most() ? one + 1 : -1;
    const ends = several().filter(([, curve]) => curve.runs[one])
      .map(([label, curve]) => `${label} ${short(curve.runs[one].at(-1))}, all ${short(curve.mid.at(-1))}`.trim());
    say(one < 0 ? status : `Run ${one + 1} of ${most()}: ${ends.join("; ")}.`);
    show();
  } }, "Was it luck?");
  function show() {
    if (one >= most()) one = -1;
    luck.hidden = most() < 2;
    plotted.hidden = !Object.keys(points).some(asideOf);
    if (plotted.hidden) plotted.value = "";
    for (const option of plotted.options) option.hidden = option.disabled = option.value && !points[option.value];
    el.classList.toggle(`${NS}-alone`, !about.train && !about.world && !hasBars() && !shown().length && !scene.below);
    curves.canvas.setAttribute("aria-label", plotted.value || scene.ylabel || "the plot");
    belowFigure.hidden = !scene.below;
    for (const plot of [curves, below]) plot.redraw();
    relabel();
  }

  // A day, a test, a car's half second: four of them a second can be followed; else as it comes.
  const paint = WORLDS[about.world] ?? WORLDS.bars;
  const pause = about.world in RULES || paint === WORLDS.bars ? 250 : 15, room = 4000 / pause; // ms
  let film = [], due = 0, full = false; // film: of an answer, it is shown again and again
  function play(now) { // frames come in bursts; they are shown one after the other
    full &&= frames.length > 0; // what comes meanwhile is left out: steps in a row are seen together
    if (frames.length && now >= due) {
      [frame, due] = [frames.shift(), now + pause];
      caption.textContent = frame[2];
      world.redraw();
    }
    if (!frames.length && film.length > 1) frames = [...film];
    if (!over) requestAnimationFrame(play); // also while the notebook has put this cell aside
  }

  function change(set) {
    say(status); // no longer why the last value was refused
    Object.assign(values, set);
    const known = about.answers?.[JSON.stringify(about.controls.map((each) => values[each.name]))];
    if (known) state(known); // at once, also where no kernel answers
    else ask(set);
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
  const controls = about.controls.map((control) => makeControl(control, (name, value) => change({ [name]: value })));
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
    else pinned = curvesOf(points, { faint: true }).map((c, k) => ({ ...c, label: named(c, `pinned: ${[begunWith, ...marks.slice(-3).map(({ text }) => text)].join(", then ")}`), color: color(3 + k), marker: 3 }));
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

  function state({ kept, told: sentence, running: now, begins, share, look, moves, frames: more, frame: still, values: given }) {
    if (look) scene = { ...about, ...look };
    // What the hand has moved on meanwhile stays where the hand is.
    if (moves) take(Object.fromEntries(Object.entries(moves).filter(([name]) => !(name in (next ?? {})))));
    if (still) frame = still;
    if (more && kept) { film = more; frames = [...more]; }
    if (begins) {
      ghost = Object.values(points)[0]?.x.length > about.preview ? curvesOf(points, { faint: true }).map((c) => ({ ...c, label: named(c, "run before"), color: "gray" })) : ghost;
      points = {}; marks = []; frames = [];
      begunWith = code.value;
    }
    if (kept) points = structuredClone(kept); // what is stored stays as it is
    if (sentence !== undefined && (one < 0 || sentence !== status)) say(sentence); // else a run is told
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
    known ||= content.hello;
    if (!heard) { heard = true; wake(true); say(status); }
    if (content.begins) state(content);
    if (content.values) accept(content.values, content.by);
    if (content.by && !content.look) return curves.redraw();
    if (content.points) add(content.points);
    if (content.frames && !content.kept && !full) full = frames.push(...content.frames.slice(0, room)) >= room;
    if (!content.begins) state(content);
    if (asked) answered();
  };
  const sleep = () => { if (!about.train && !controls.length) return; wake(false); say(`${status} These controls sleep: run this cell to wake them.`); };
  const end = () => { if (about.train) state({ running: false, told: "" }); sleep(); }; // the kernel was started again
  model.on("msg:custom", hear);
  model.on("comm_live_update", end);
  const theme = new MutationObserver(() => { for (const each of [curves, below, world, ...controls]) each.redraw?.(); });
  theme.observe(document.body, { attributes: true });

  el.classList.add(NS);
  if (!about.train && !controls.length) el.classList.add(`${NS}-still`);
  about.colors.forEach((color, k) => el.style.setProperty(`--color-${k}`, color));
  el.dataset.lmSuppressShortcuts = true; // arrow keys are for the sliders, not for the notebook
  el.addEventListener("keydown", (event) => event.stopPropagation());
  const figure = (about.world ? [make("figure", { class: `${NS}-world` }, world.canvas, caption)] : []);
  el.append(
    make("div", { class: `${NS}-hand` },
      ...(about.train ? [make("div", { class: `${NS}-buttons` }, ...buttons), make("div", {}, bar, left)] : []),
      ...controls.map((control) => control.row),
      make("div", { class: `${NS}-buttons` }, luck),
      ...(tries.length ? [make("div", { class: `${NS}-buttons ${NS}-tries` }, "Things to try: ", ...tries)] : []),
      ...(about.train ? [code] : []), told),
    make("div", { class: `${NS}-eyes` }, ...figure, make("figure", { class: `${NS}-curves` }, plotted, curves.canvas, legend), belowFigure),
  );
  const stored = model.get("stored");
  accept(stored.values ?? about.plain);
  begunWith = code.value;
  state({ kept: {}, share: 0, ...stored, values: undefined });
  if (about.train || !Object.keys(about.answers).length) sleep();
  world.redraw();
  function greet(times) { // the kernel may miss a question that comes while it begins or ends a run
    if (known || over || !times) return;
    send({ hello: true });
    setTimeout(greet, 700, times - 1);
  }
  greet(20);
  return () => {
    over = true;
    theme.disconnect();
    model.off("msg:custom", hear);
    model.off("comm_live_update", end);
  };
}

export default { render };
