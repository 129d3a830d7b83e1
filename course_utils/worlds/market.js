// A market: yesterday's price and today's beside the usual level, what is held, what is done.

WORLDS.market = (pen, w, h, [price, move, long, short], action, { colors }) => {
  const today = 5 * price, yesterday = today - 2 * move, high = Math.max(9, Math.abs(today) + 2);
  const Y = (euros) => h * (0.46 - (0.4 * euros) / high), ink = pen.fillStyle;
  const tones = [colors[1], ink, colors[2]], held = long ? 2 : short ? 0 : 1;
  const join = (...points) => {
    pen.beginPath(); points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y)); pen.stroke();
  };
  pen.lineWidth = 1; pen.setLineDash([6, 5]);
  join([w * 0.1, Y(0)], [w * 0.6, Y(0)]);
  pen.setLineDash([]); pen.lineWidth = 2.5;
  join([w * 0.3, Y(yesterday)], [w * 0.6, Y(today)]);
  pen.font = "13px sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
  pen.fillText("usual", w * 0.14, Y(0) - 10);
  pen.fillStyle = tones[held];
  const x = w * 0.6, y = Y(today), up = held - 1; // up, down, or a circle
  pen.beginPath();
  if (up) [[0, -13], [12, 9], [-12, 9]].forEach(([a, b]) => pen.lineTo(x + a, y + up * b));
  else pen.arc(x, y, 10, 0, 7);
  pen.fill();
  pen.textAlign = "left";
  pen.fillText(`${today < 0 ? "−" : ""}${Math.abs(today).toFixed(0)} €`, x + 20, y);
  const words = ["short", "flat", "long"], next = action === null ? undefined : words[action];
  pen.textAlign = "center"; pen.fillStyle = ink;
  const then = next === undefined || next === words[held] ? "" : `, goes ${next}`;
  pen.fillText(`is ${words[held]}${then}`, w / 2, h * 0.94);
};

RULES.market = {
  begin() {
    return { price: 200, move: 2, held: 1 }; // as usual, and flat
  },
  advance({ price, held }, action, random, settings) {
    const up = Math.min(Math.max(0.5 - (settings.swing / 4) * (price - 200), 0), 1);
    const uniform = random(), ways = [1, 4, 6, 4, 1]; // in which 0 to 4 of four coins say up
    let move = 0;
    const chance = (coins) => ways[coins] * up ** coins * (1 - up) ** (4 - coins);
    for (let upTo = chance(0); upTo <= uniform && move < 4; upTo += chance(move)) move += 1;
    const reward = (action - 1) * (move - 2) - settings.fee * Math.abs(action - held);
    return { state: { price: price + move - 2, move, held: action }, reward, terminated: false };
  },
  observe({ price, move, held }) {
    return [(price - 200) / 5, move / 2 - 1, Number(held === 2), Number(held === 0)];
  },
};
