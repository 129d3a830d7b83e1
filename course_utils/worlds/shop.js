// A shop: a shelf with room for 20, the week, and what was ordered the evening before.

WORLDS.shop = (pen, w, h, [stock, sine, cosine], action, { colors }) => {
  const pieces = Math.round(stock * 10 + 10), ink = pen.fillStyle;
  const today = (Math.round((Math.atan2(sine, cosine) * 3.5) / Math.PI) + 7) % 7;
  const size = Math.min(w / 13, h / 5), left = (w - 10 * size) / 2;
  for (let place = 0; place < 20; place++) {
    const x = left + (place % 10) * size, y = h * 0.46 - Math.floor(place / 10) * size;
    pen.lineWidth = 1.5; pen.strokeStyle = ink; pen.fillStyle = colors[0];
    if (place < pieces) pen.fillRect(x + 2, y + 2, size - 4, size - 4);
    pen.strokeRect(x + 2, y + 2, size - 4, size - 4);
  }
  pen.textAlign = "center"; pen.textBaseline = "middle";
  [..."MTWTFSS"].forEach((letter, day) => {
    pen.font = `${day === today ? "bold 20" : "13"}px sans-serif`;
    pen.fillStyle = day === today ? colors[1] : ink;
    pen.fillText(letter, left + (day + 0.5) * (10 * size / 7), h * 0.78);
  });
  pen.font = "13px sans-serif"; pen.fillStyle = ink;
  pen.fillText(action === null ? `${pieces} in stock` : `ordered ${2 * action}, after the day ${pieces} in stock`, w / 2, h * 0.94);
};

RULES.shop = {
  begin() {
    return { stock: 10, day: 0 }; // tomorrow is Monday
  },
  advance({ stock, day }, action, random, settings) {
    const mean = day > 4 ? settings.weekend : settings.weekday, uniform = random();
    let customers = 0, chance = Math.exp(-mean);
    for (let upTo = chance; upTo <= uniform && customers < 49; upTo += chance) {
      customers += 1;
      chance *= mean / customers; // Poisson's probabilities, one after the other
    }
    const there = Math.min(stock + 2 * action, 20), left = Math.max(there - customers, 0);
    const earned = settings.price * (there - left) - settings.lost * Math.max(customers - there, 0);
    const delivery = action > 0 ? settings.delivery : 0;
    const spent = 2 * settings.cost * action + delivery + settings.storage * left;
    const state = { stock: left, day: (day + 1) % 7 };
    return { state, reward: earned - spent, terminated: false };
  },
  observe({ stock, day }) {
    const angle = (2 * Math.PI * day) / 7;
    return [stock / 10 - 1, Math.sin(angle), Math.cos(angle)];
  },
};
