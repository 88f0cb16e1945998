/* The optimizers of optimizers.py: each gives a function from a point and the gradient there to the next point. */

const move = (w, direction, rate) => w.map((x, i) => x - rate * direction[i]);

export const optimizers = {
  plain: (rate) => (w, g) => move(w, g, rate),

  momentum: (rate, mu = 0.9) => {
    let v = [];
    return (w, g) => {
      v = g.map((slope, i) => mu * (v[i] ?? 0) + slope);
      return move(w, v, rate);
    };
  },

  adam: (rate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) => {
    let m = [], s = [], t = 0; // sums, which two weights make means
    return (w, g) => {
      t += 1;
      m = g.map((slope, i) => beta1 * (m[i] ?? 0) + slope);
      s = g.map((slope, i) => beta2 * (s[i] ?? 0) + slope * slope);
      const weight1 = (1 - beta1 ** t) / (1 - beta1);
      const weight2 = (1 - beta2 ** t) / (1 - beta2);
      const direction = m.map((sum, i) => sum / (Math.sqrt(s[i]) + epsilon * Math.sqrt(weight2)));
      return move(w, direction, (rate * Math.sqrt(weight2)) / weight1);
    };
  },
};

/** The points from `start` on, `steps` further ones, or as many as have a finite cost. */
export const walk = ({ value, gradient }, step, start, steps) => {
  const points = [start];
  while (points.length <= steps) {
    const next = step(points.at(-1), gradient(points.at(-1)));
    if (!Number.isFinite(value(next))) break;
    points.push(next);
  }
  return points;
};

/** Which of some minima lies downhill: follow the gradient against its direction in short steps of one length. */
export const downhill = ({ gradient }, minima, start, length) => {
  const apart = (w, v) => Math.hypot(...w.map((x, i) => x - v[i]));
  let w = start;
  for (let k = 0; minima.length > 1 && k < 1000; k++) {
    const g = gradient(w);
    const size = Math.hypot(...g);
    if (size === 0) break;
    w = move(w, g, length / size);
  }
  return minima.reduce((nearest, one) => (apart(one.at, w) < apart(nearest.at, w) ? one : nearest));
};
