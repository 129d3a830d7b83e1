// The agent at play: an observation as its world looks.

const RULES = {}; // of the worlds of the kit, for their pages
const WORLDS = {
  // A world that nobody has a picture for: its numbers.
  bars(pen, w, h, numbers, _, { colors, facts }) {
    const high = Math.min(h / numbers.length, 40), longest = Math.max(1.5, ...numbers.map(Math.abs)), ink = pen.fillStyle;
    line(pen, [w / 2, 0], [w / 2, high * numbers.length]);
    pen.textAlign = "left"; pen.textBaseline = "middle";
    pen.font = `${Math.min(13, 0.9 * high)}px system-ui, sans-serif`; // many numbers are small ones
    numbers.forEach((number, i) => {
      pen.globalAlpha = 0.4; pen.fillStyle = colors[0];
      pen.fillRect(w / 2, i * high + 2, (number / longest) * (w / 2 - 8), high - 4);
      pen.globalAlpha = 1; pen.fillStyle = ink;
      pen.fillText(facts.names?.[i] ?? `number ${i}`, 8, (i + 0.5) * high, Math.max(w / 2 - 16, 0));
    });
  },
  cartpole(pen, w, h, [position, , angle], action, { colors, facts }) {
    const unit = w / 6, x = w / 2 + position * unit, y = h * 0.72;
    const length = facts.length ?? 0.5; // of half a pole: a longer one is longer, and stays inside
    const pole = h * 0.66 * (1 - 1 / (1 + 4 * length));
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
  // Pictures in bytes, oldest first: the newest in ink, the one before it behind; and what a decision hangs on.
  pixels(pen, w, h, seen, action, { colors, facts }) {
    const rows = 20, columns = 60, unit = Math.min(w / columns, h / (rows + 3)), newest = seen.length - rows * columns;
    const left = (w - unit * columns) / 2, top = (h - unit * rows) / 2, ink = pen.fillStyle;
    const plot = (color, from, share) => {
      pen.fillStyle = color;
      for (let i = 0; i < rows * columns; i++) {
        pen.globalAlpha = share * (from(i) ?? 0);
        if (pen.globalAlpha) pen.fillRect(left + (i % columns) * unit, top + Math.floor(i / columns) * unit, unit + 0.3, unit + 0.3);
      }
      pen.globalAlpha = 1;
    };
    if (newest) plot(colors[5], (i) => seen[newest - rows * columns + i] / 255, 0.6);
    plot(ink, (i) => seen[newest + i] / 255, 1);
    if (facts.saliency) plot(colors[1], (i) => facts.saliency[i], 0.9);
    pen.lineWidth = 0.5; pen.strokeRect(left, top, unit * columns, unit * rows);
    if (action === null) return;
    pen.strokeStyle = colors[0]; pen.lineWidth = 3;
    const push = action === 1 ? 1 : -1, y = top + unit * (rows + 1);
    line(pen, [w / 2 - 12 * push, y], [w / 2 + 12 * push, y]);
    line(pen, [w / 2 + 6 * push, y - 5], [w / 2 + 12 * push, y], [w / 2 + 6 * push, y + 5]);
  },
  // A table: in each cell four triangles (left, down, right, up), coloured by value; arrows of the best.
  grid(pen, w, h, table, _, { rows: usual, facts }) {
    const rows = facts.rows ?? usual; // each frame may bring its own map
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
