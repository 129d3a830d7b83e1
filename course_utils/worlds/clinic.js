// The clinic: the tests of a patient, row by row, and the rules of a visit.

WORLDS.clinic = (pen, w, h, observation, action, { colors }) => {
  const tests = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity"];
  tests.push("concave points", "symmetry", "fractal dimension");
  const ink = pen.fillStyle, top = 14, row = Math.max(1, (h - top - 26) / 10), left = Math.max(112, 0.28 * w);
  const X = (value) => left + ((Math.min(Math.max(value, -4), 8) + 4) / 12) * (w - left - 12);
  pen.font = `${Math.min(13, row)}px sans-serif`; pen.textBaseline = "middle";
  pen.globalAlpha = 0.3; line(pen, [X(0), top], [X(0), top + 10 * row]); pen.globalAlpha = 1;
  tests.forEach((name, test) => {
    const y = top + (test + 0.5) * row, size = Math.min(5, row / 3), done = observation[test] > 0.5;
    pen.fillStyle = ink; pen.textAlign = "right"; pen.globalAlpha = done ? 1 : 0.5;
    pen.fillText(name, left - 10, y); pen.globalAlpha = 1;
    if (test === action) { pen.strokeStyle = colors[1]; pen.lineWidth = 2; pen.strokeRect(2, y - row / 2, w - 4, row); }
    if (!done) return;
    const mean = X(observation[10 + test]), worst = X(observation[20 + test]);
    pen.fillStyle = colors[1]; pen.beginPath();
    for (const [dx, dy] of [[0, -1], [1, 0], [0, 1], [-1, 0]]) pen.lineTo(worst + 1.3 * size * dx, y + 1.3 * size * dy);
    pen.fill();
    pen.fillStyle = colors[0]; pen.beginPath(); pen.arc(mean, y, 0.8 * size, 0, 7); pen.fill();
  });
  pen.fillStyle = ink; pen.textAlign = "center";
  const said = { 10: "said: benign", 11: "said: malignant" }[action];
  pen.fillText(said ?? "● mean   ◆ worst value, in deviations of the learned patients", w / 2, h - 12, w - 8);
};

// settings: the fields of the class, and its facts: the patients' values, and who is ill.
RULES.clinic = {
  begin(random, { malignant }) {
    return { patient: Math.floor(random() * malignant.length), done: Array(10).fill(false) };
  },
  advance({ patient, done }, action, random, { malignant, missed, price }) {
    if (action < 10) {
      const state = { patient, done: done.map((before, test) => before || test === action) };
      return { state, reward: done[action] ? -1 : -price, terminated: done[action] };
    }
    const right = (action === 11) === malignant[patient];
    const reward = right ? 1 : malignant[patient] ? -missed : -1;
    return { state: { patient, done }, reward, terminated: true };
  },
  observe({ patient, done }, { values, scale, shift }) {
    const shown = values[patient].map((value, n) => (done[n % 10] ? value * scale + shift : 0));
    return [...done.map(Number), ...shown];
  },
};
