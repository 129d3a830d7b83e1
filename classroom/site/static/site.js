// Pictures that answer, diagrams and what scrolls, on a page without a kernel.

(() => {
  // What stands in for the kernel: answers that were made beforehand, and curves that are drawn.
  let drawing = null; // the last curve to be drawn, and what compares it
  function modelOf({ about, stored, grid }) {
    let hear = () => {}, values = { ...about.plain };
    const drawn = about.controls.length === 1 && about.controls[0].kind === "curve";
    const result = !about.controls.length && about.answers["[]"];
    if (drawn) drawing = { tell() {} };
    else if (result && drawing) drawing.tell = compared(result, (said) => hear(said));
    const mine = drawing;
    function answer(set, more = {}) {
      const before = values, moved = { ...values, ...set };
      let place = 0;
      values = Object.fromEntries(about.controls.map(({ name }, k) => {
        const list = grid.values[k], value = nearest(list, moved[name], before[name]);
        place = place * list.length + list.indexOf(value);
        return [name, value];
      }));
      hear({ ...grid.first, ...grid.answers[place], values, ...more });
    }
    return {
      get: (name) => ({ about, stored }[name]),
      on: (name, does) => { if (name === "msg:custom") hear = does; },
      off() {},
      send({ hello, set }) {
        if (hello && grid) answer({}, { hello });
        else if (hello && drawn) hear({ hello });
        else if (set && grid) answer(set);
        else if (set && drawn) {
          hear({});
          mine.tell(Object.values(set)[0], about.controls[0].x);
        }
      },
    };
  }

  // The value at which a slider can stand; a small move goes to the next one.
  function nearest(list, value, before) {
    if (typeof value === "string") return value;
    const far = list.map((each) => Math.abs(each - value));
    const at = far.indexOf(Math.min(...far));
    if (list[at] !== before || value === before) return list[at];
    return list[at + Math.sign(value - before)] ?? list[at];
  }

  // The result with the reader's guess over it, and how far it is away from the first curve.
  function compared({ kept, told, look, ...more }, show) {
    const [[first, measured], ...others] = Object.entries(kept);
    return (guess, x) => {
      const sentence = told.replace(" No guess was drawn.", "");
      if (!guess) return show({ ...more, look, kept, told });
      const at = (place) => {
        const i = Math.max(1, x.findIndex((each) => each >= place));
        const share = (place - x[i - 1]) / (x[i] - x[i - 1]);
        return guess[i - 1] + share * (guess[i] - guess[i - 1]);
      };
      const gaps = measured.x.map((place, i) => Math.abs(at(place) - measured.mid[i]));
      const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      const curves = [[first, measured], ["your guess", { x, mid: guess, runs: [] }], ...others];
      const [low, high] = look.ylim, ylim = [Math.min(low, ...guess), Math.max(high, ...guess)];
      show({ ...more, look: { ...look, ylim }, kept: Object.fromEntries(curves),
        told: `${sentence} Your curve is ${+mean.toPrecision(3)} away from ${first} on average.` });
    };
  }

  for (const el of document.querySelectorAll(".course-live")) {
    const kept = JSON.parse(el.querySelector("script").textContent);
    el.replaceChildren();
    window.courseView({ model: modelOf(kept), el });
  }

  // Diagrams, in the colours of the theme; each is told by the sentence before it.
  const charts = [...document.querySelectorAll(".mermaid")].map((el) => [el, el.textContent]);
  let number = 0;
  async function plotCharts() {
    const theme = document.documentElement.dataset.theme === "dark" ? "dark" : "default";
    window.mermaid.initialize({ startOnLoad: false, theme });
    for (const [el, text] of charts) {
      const { svg } = await window.mermaid.render(`chart-${(number += 1)}`, text);
      el.innerHTML = svg;
      const said = el.previousElementSibling?.textContent ?? "";
      el.firstElementChild.setAttribute("role", "img");
      el.firstElementChild.setAttribute("aria-label", `Diagram. ${said}`);
      el.dataset.plotted = theme;
    }
  }
  if (charts.length) plotCharts();
  new MutationObserver(() => {
    document.body.dataset.theme = document.documentElement.dataset.theme; // views look there
    if (charts.length) plotCharts();
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  // What is wider than the page scrolls in its own place, with the keyboard, too.
  const WIDE = "pre, .math, mjx-container, .pst-scrollable-table-container, .cell_output .output";
  function reachable() {
    for (const el of document.querySelectorAll(WIDE)) {
      if (el.scrollWidth > el.clientWidth) el.tabIndex = 0;
    }
  }
  window.addEventListener("resize", reachable);
  window.addEventListener("load", () => { (window.MathJax?.startup?.promise ?? Promise.resolve()).then(reachable); });
})();
