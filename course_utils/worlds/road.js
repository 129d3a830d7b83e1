// Road: a car on three lanes, among slower ones. The same world as road.py.

WORLDS.road = (pen, w, h, seen, action, { colors }) => {
  const unit = w / 155, high = h / 3.6, spot = (metres) => (metres + 60) * unit;
  const ink = pen.strokeStyle, car = (metres, y) => pen.fillRect(spot(metres - 2.5), y - 0.2 * high, 5 * unit, 0.4 * high);
  [0, 1, 2].forEach((k) => {
    const [ahead, behind] = seen.slice(3 * k), y = h / 2 + (k - 1) * high;
    if (ahead + behind <= 0) return; // no lane
    pen.fillStyle = colors[6]; pen.globalAlpha = 0.25;
    pen.fillRect(0, y - 0.48 * high, w, 0.96 * high);
    pen.globalAlpha = 1; pen.fillStyle = colors[1];
    if (ahead < 1) car(100 * ahead, y);
    if (behind < 1) car(-100 * behind, y);
  });
  pen.fillStyle = colors[0]; car(0, h / 2);
  pen.strokeStyle = pen.fillStyle = ink; pen.lineWidth = 3; pen.textAlign = "center";
  pen.fillText(`${(10 + 20 * seen[9]).toFixed(0)} m/s`, spot(0), h - 6);
  const side = { 1: -1, 2: 1 }[action], along = { 3: 1, 4: -1 }[action], [x, y] = [spot(0), h / 2];
  if (side) line(pen, ...[[0, 0.42], [0, 0.25], [-5, 0.33], [0, 0.25], [5, 0.33]].map(([a, b]) => [x + a, y - b * side * high])); // from where it came
  if (along) for (const at of [14, 22]) line(pen, [x + at * along, y - 7], [x + (at + 7) * along, y], [x + at * along, y + 7]);
};

RULES.road = {
  begin(random, { traffic }) {
    const three = (make) => [0, 1, 2].map(make), cars = [0, 1, 2, 3, 4, 5];
    const place = three(() => cars.map((k) => ((k - 0.35 - 0.3 * random()) * 1000) / traffic));
    const lane = Math.floor(3 * random());
    return { place, pace: three(() => 14 + 10 * random()), lane, speed: 20 };
  },
  advance(state, action, random, { grip, traffic }) {
    const clip = (x, low, high) => Math.min(Math.max(x, low), high), ring = 6000 / traffic;
    const lane = clip(state.lane + [0, -1, 1, 0, 0][action], 0, 2);
    const speed = clip(state.speed + grip * [0, 0, 0, 2, -3][action], 10, 30);
    const pace = state.pace.map((v) => clip(v + random() - 0.5, 14, 24));
    const place = state.place.map((row, k) => row.map((at) => {
      const drift = 0.5 * (pace[k] - speed), waits = k === lane && at > -20 && at < 0 && drift > 0;
      const moved = (waits ? at : at + drift) + ring / 4; // what is far behind comes again ahead
      return (moved - ring * Math.floor(moved / ring)) - ring / 4;
    }));
    const terminated = place[lane].some((at) => Math.abs(at) < 5);
    return { state: { place, pace, lane, speed }, reward: terminated ? -10 : (speed - 10) / 20, terminated };
  },
  observe({ place, pace, lane, speed }, { coarse }) {
    const near = (metres) => { const m = Math.min(100, ...metres); return (m - (m % coarse)) / 100; };
    const lanes = [lane - 1, lane, lane + 1].flatMap((k) => (place[k] ? [
      near(place[k].filter((at) => at >= 0)), near(place[k].filter((at) => at < 0).map((at) => -at)),
      (pace[k] - speed) / 10,
    ] : [0, 0, 0]));
    return [...lanes, (speed - 10) / 20];
  },
};
