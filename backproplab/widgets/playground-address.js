/* The playground's state as a link keeps it: data_depth_width_activation_init_rate_batch_seed_point_point…

   A point is x₁*x₂*label, in hundredths. */

export const RATE = 100, SEED = 999999; // at most
const SHARED = 40; // own points; more make no link

export const whole = (x, low, high) => Number.isInteger(x) && x >= low && x <= high;

/** What is written in an address; undefined if it isn't sound. */
export const read = (text, { sets, depths, widths, activations, inits, batches }) => {
  const [data, depth, width, name, init, rate, batch, seed, ...points] = text.split("_");
  const activation = name?.replace("-", "_");
  const setting = {
    data, depth: Number(depth), width: Number(width), activation, init, rate: Number(rate), batch: Number(batch), seed: Number(seed || NaN),
  };
  const own = points.map((point) => point.split("*").map(Number));
  const chosen = [[depths, setting.depth], [widths, setting.width], [activations, activation], [inits, init], [batches, setting.batch]];
  const sound =
    (data === "none" || Object.hasOwn(sets, data)) &&
    chosen.every(([all, one]) => all.includes(one)) &&
    setting.rate > 0 && setting.rate <= RATE && whole(setting.seed, 0, SEED) &&
    own.length <= SHARED &&
    own.every(([x1, x2, label, ...more]) => !more.length && whole(x1, -100, 100) && whole(x2, -100, 100) && whole(label, 0, 1));
  return sound ? { setting, own: own.map(([x1, x2, label]) => [x1 / 100, x2 / 100, label]) } : undefined;
};

export const written = ({ data, depth, width, activation, init, rate, batch, seed }, own) => {
  const points = own.length > SHARED ? [] : own.map(([x1, x2, label]) => [Math.round(100 * x1), Math.round(100 * x2), label].join("*"));
  return [data, depth, width, activation.replace("_", "-"), init, rate, batch, seed, ...points].join("_");
};
