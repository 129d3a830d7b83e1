// Arm: two joints that reach for a target. The same world as arm.py.

WORLDS.arm = (pen, w, h, seen, action, { colors, facts }) => {
  const [upper, fore] = [facts.upper ?? 0.6, facts.fore ?? 0.5], unit = h / (2.1 * (upper + fore));
  const spot = ([x, y]) => [w / 2 + x * unit, h / 2 - y * unit];
  const target = [seen[6], seen[7]], tip = [seen[6] - seen[8], seen[7] - seen[9]];
  const turns = [Math.floor((action ?? 4) / 3) - 1, ((action ?? 4) % 3) - 1]; // none yet: at rest
  const joints = [[0, 0], [upper * seen[0], upper * seen[1]]];
  pen.fillStyle = colors[2];
  pen.beginPath(); pen.arc(...spot(target), 0.08 * unit, 0, 7); pen.fill();
  pen.strokeStyle = colors[0]; pen.lineWidth = 8; pen.lineCap = pen.lineJoin = "round";
  line(pen, ...joints.map(spot), spot(tip));
  joints.forEach((joint, k) => {
    const [x, y] = spot(joint), turn = turns[k];
    pen.fillStyle = colors[6]; pen.strokeStyle = colors[1];
    pen.beginPath(); pen.arc(x, y, 6, 0, 7); pen.fill();
    if (!turn) return;
    pen.lineWidth = 2.5; // three quarters of a circle, with an arrow at one of its ends
    pen.beginPath(); pen.arc(x, y, 15, Math.PI, 2.5 * Math.PI); pen.stroke();
    if (turn > 0) line(pen, [x - 21, y - 5], [x - 15, y + 2], [x - 9, y - 5]);
    else line(pen, [x + 5, y + 9], [x - 2, y + 15], [x + 5, y + 21]);
  });
};

RULES.arm = {
  begin(random, { upper, fore }) {
    const turn = () => Math.PI * (2 * random() - 1), way = turn();
    const far = Math.abs(upper - fore) + (0.2 + 1.6 * random()) * Math.min(upper, fore);
    return { angle: [turn(), turn()], speed: [0, 0], target: [far * Math.cos(way), far * Math.sin(way)] };
  },
  advance(state, action, random, settings) {
    const push = [Math.floor(action / 3) - 1, settings.elbow * ((action % 3) - 1)];
    const speed = state.speed.map((v, k) => v + 0.1 * (6 * push[k] - 2 * v));
    const angle = state.angle.map((q, k) => q + 0.1 * speed[k]);
    state = { ...state, speed, angle };
    const distance = Math.hypot(...this.observe(state, settings).slice(8)), terminated = distance < 0.08;
    return { state, reward: 5 * terminated - 0.1 * distance, terminated };
  },
  observe({ angle: [first, second], speed, target }, { upper, fore }) {
    const tip = [Math.cos, Math.sin].map((f) => upper * f(first) + fore * f(first + second));
    const turned = [first, second].flatMap((q) => [Math.cos(q), Math.sin(q)]);
    return [...turned, speed[0] / 3, speed[1] / 3, ...target, target[0] - tip[0], target[1] - tip[1]];
  },
};
