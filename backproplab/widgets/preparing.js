/* From ink on paper to what the network reads: the steps of backproplab/images, under the same names, tested to be equal.

   A picture is numbers of shape [height, width]. Nothing is changed once it has been made. */

import { numbers } from "backproplab/network.js";

const BOX = 20;
const SIZE = 28;
const COARSE = 64;
const FINE = 120;
const WIDEST = 1 / 3;
const BLACKEST = 1e-3;
const FAINTEST = 0.15;
const SPECK = 20;
const SMALLEST = 10;
const LARGE = 0.1;
const GAP = 0.05;

/** A picture that no digit can be read from, with the reason in one word, and the package's sentence. */
export class ImageError extends RangeError {
  constructor(reason, sentence) {
    super(sentence);
    this.reason = reason;
  }
}

const each = (work, picture, other = picture) => numbers(picture.shape, picture.map((value, i) => work(value, other[i])));
const clip = (value, low, high) => Math.min(Math.max(value, low), high);
const largest = (values) => values.reduce((most, value) => Math.max(most, value));
const sum = (values) => values.reduce((total, value) => total + value, 0);
const range = (count, work) => Array.from({ length: count }, (_, i) => work(i));

/** What would be in place k if the values were sorted (Hoare 1961, "Find"). */
const nth = (values, k) => {
  const a = Float64Array.from(values);
  for (let [low, high] = [0, a.length - 1]; low < high; ) {
    const pivot = a[k];
    let [i, j] = [low, high];
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i > j) break;
      const kept = a[i];
      a[i++] = a[j];
      a[j--] = kept;
    }
    if (j < k) low = i;
    if (k < i) high = j;
  }
  return a[k];
};

const median = (values) => (nth(values, (values.length - 1) >> 1) + nth(values, values.length >> 1)) / 2;

/** The nearest whole number; of two the even one, as Python rounds. */
export const rounded = (value) => {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole & 1) : Math.round(value);
};

/** Make new rows, and of them new columns, from a few old ones each: lists of [which, weight]. */
const resampled = (picture, rows, columns) => {
  const [height, width] = picture.shape;
  const down = numbers([rows.length, width]);
  rows.forEach((parts, k) => {
    for (const [i, weight] of parts) for (let j = 0; j < width; j++) down[k * width + j] += weight * picture[i * width + j];
  });
  const result = numbers([rows.length, columns.length]);
  for (let k = 0; k < rows.length; k++)
    columns.forEach((parts, l) => {
      let total = 0;
      for (const [j, weight] of parts) total += weight * down[k * width + j];
      result[k * columns.length + l] = total;
    });
  return result;
};

const overlaps = (old, fresh) =>
  range(fresh, (k) => {
    const [from, to] = [(k * old) / fresh, ((k + 1) * old) / fresh];
    const covered = (i) => clip(to - i, 0, 1) - clip(from - i, 0, 1);
    const first = Math.floor(from);
    return range(Math.min(Math.ceil(to), old) - first, (i) => [first + i, (covered(first + i) * fresh) / old]);
  });

/** Each new pixel is the mean of the old ones, weighted by the area it covers. */
export const area_average = (picture, [height, width]) =>
  resampled(picture, overlaps(picture.shape[0], height), overlaps(picture.shape[1], width));

const between = (old, fresh) =>
  range(fresh, (k) => {
    const at = clip(((k + 0.5) * old) / fresh - 0.5, 0, old - 1);
    const low = Math.min(Math.floor(at), Math.max(old - 2, 0));
    return [[low, 1 - (at - low)], [Math.min(low + 1, old - 1), at - low]];
  });

const stretched = (coarse, [height, width]) => resampled(coarse, between(coarse.shape[0], height), between(coarse.shape[1], width));

/* Each of these puts into line[i] what its window, line[i] and the numbers after it, comes to. The largest of two windows that
   overlap is the largest of both, so that windows grow by doubling. */

const growing = (line, window, step) => {
  for (let width = 1; width < window; ) {
    const shift = Math.min(width, window - width);
    step(line, shift);
    width += shift;
  }
};

const maxima = (line, window) =>
  growing(line, window, (line, shift) => {
    for (let i = shift; i < line.length; i++) if (line[i] > line[i - shift]) line[i - shift] = line[i];
  });

const minima = (line, window) =>
  growing(line, window, (line, shift) => {
    for (let i = shift; i < line.length; i++) if (line[i] < line[i - shift]) line[i - shift] = line[i];
  });

const means = (line, window) => {
  for (let i = 0; i + window <= line.length; i++) line[i] = sum(line.subarray(i, i + window)) / window;
};

/** What `reduce` makes of the window around each pixel, along columns and then rows; the edge goes on beyond itself. */
const filtered = (picture, window, reduce) => {
  const half = window >> 1;
  const [height, width] = picture.shape;
  for (const [size, step] of half ? [[height, width], [width, 1]] : []) {
    const result = numbers(picture.shape);
    const line = new Float64Array(size + 2 * half);
    for (let n = 0; n < picture.length / size; n++) {
      const start = step === 1 ? n * size : n;
      for (let i = 0; i < size; i++) line[half + i] = picture[start + i * step];
      line.fill(line[half], 0, half).fill(line[half + size - 1], half + size);
      reduce(line, window);
      for (let i = 0; i < size; i++) result[start + i * step] = line[i];
    }
    picture = result;
  }
  return picture;
};

const coarsened = (grey) => {
  const share = Math.min(1, COARSE / Math.max(...grey.shape));
  return area_average(grey, grey.shape.map((side) => Math.max(1, rounded(side * share))));
};

const is_on_black = (grey) => {
  const coarse = coarsened(grey);
  if (median(coarse) >= largest(coarse) / 2) return false;
  const around = filtered(coarse, (Math.max(...coarse.shape) >> 1) | 1, means);
  return sum(each((here, there) => (here - there) ** 3, coarse, around)) > 0;
};

/** Divide by the light: what is left when all that is darker than its surroundings, and narrow, is filled in. */
export const even_light = (grey) => {
  const coarse = coarsened(grey);
  const window = Math.floor(Math.max(...coarse.shape) * WIDEST) | 1;
  const [height, width] = coarse.shape.map((side) => side + 2 * window);
  const around = numbers([height, width]);
  const inner = (i, side) => clip(i - window, 0, side - 1);
  for (let p = 0; p < around.length; p++)
    around[p] = coarse[inner(Math.floor(p / width), coarse.shape[0]) * coarse.shape[1] + inner(p % width, coarse.shape[1])];
  const closed = filtered(filtered(around, window, maxima), window, minima);
  const light = numbers(coarse.shape);
  for (let i = 0; i < light.shape[0]; i++)
    light.set(closed.subarray((i + window) * width + window, (i + window) * width + width - window), i * light.shape[1]);
  return each((g, l) => Math.min(g / Math.max(l, BLACKEST), 1), grey, stretched(light, grey.shape));
};

const ink_of = (even) => {
  const dark = filtered(each((value) => 1 - value, even), Math.floor(Math.max(...even.shape) / FINE) | 1, means);
  const paper = median(dark);
  const grain = 1.5 * median(each((value) => Math.abs(value - paper), dark));
  const full = nth(dark, dark.length - Math.min(SPECK, dark.length));
  if (full - paper < Math.max(FAINTEST, 8 * grain)) throw new ImageError("blank", "picture: expected a digit, got blank paper");
  return each((value) => clip((2 * (value - paper)) / (full - paper) - 0.5, 0, 1), dark);
};

/** Number the blobs of a mask from 1, in the order of their first pixels; pixels that touch at a corner hang together. */
export const blobs = (mask) => {
  const [height, width] = mask.shape;
  const labels = numbers(mask.shape);
  let count = 0;
  mask.forEach((set, start) => {
    if (!set || labels[start]) return;
    labels[start] = ++count;
    for (const found = [start]; found.length; ) {
      const at = found.pop();
      const [row, column] = [Math.floor(at / width), at % width];
      for (let i = Math.max(row - 1, 0); i <= Math.min(row + 1, height - 1); i++)
        for (let j = Math.max(column - 1, 0); j <= Math.min(column + 1, width - 1); j++) {
          const next = i * width + j;
          if (mask[next] && !labels[next]) {
            labels[next] = count;
            found.push(next);
          }
        }
    }
  });
  return labels;
};

const largest_blob = (mask, ink) => {
  const labels = blobs(mask);
  const amounts = new Float64Array(largest(labels) + 1);
  labels.forEach((label, i) => (amounts[label] += ink[i]));
  amounts[0] = 0;
  return { labels, amounts, digit: amounts.indexOf(largest(amounts)) };
};

/** From the first to behind the last row and column that hold something. */
const bounds = (picture) => {
  const width = picture.shape[1];
  let [top, bottom, left, right] = [Infinity, 0, Infinity, 0];
  picture.forEach((value, p) => {
    if (!value) return;
    const [row, column] = [Math.floor(p / width), p % width];
    [top, bottom, left, right] = [Math.min(top, row), row + 1, Math.min(left, column), Math.max(right, column + 1)];
  });
  return { top, bottom, left, right };
};

const cropped = (ink) => {
  const written = each((value) => (value > 1 / 2 ? 1 : 0), ink);
  const first = largest_blob(written, ink);
  const around = bounds(each((label) => (label === first.digit ? 1 : 0), first.labels));
  const reach = rounded(GAP * (Math.max(around.bottom - around.top, around.right - around.left) - 1));
  const { labels, amounts, digit } = largest_blob(filtered(written, 2 * reach + 1, maxima), ink);
  const own = each((value, label) => (label === digit ? value : 0), ink, labels);
  const { top, bottom, left, right } = bounds(own);
  const [height, width] = ink.shape;
  if (top === 0 || left === 0 || bottom === height || right === width)
    throw new ImageError("rim", "picture: expected paper all around the digit, got ink that touches the edge");
  if (amounts.filter((amount) => amount > LARGE * amounts[digit]).length > 1)
    throw new ImageError("several", "picture: expected one digit, got several blobs of ink");
  const longest = Math.max(bottom - top, right - left);
  if (longest < SMALLEST) throw new ImageError("small", `picture: expected a digit of at least ${SMALLEST} pixels, got one of ${longest}`);
  const box = numbers([bottom - top, right - left]);
  for (let i = top; i < bottom; i++) box.set(own.subarray(i * width + left, i * width + right), (i - top) * (right - left));
  return box;
};

const scaled = (box) => {
  const share = BOX / Math.max(...box.shape);
  const small = area_average(box, box.shape.map((side) => Math.max(1, rounded(side * share))));
  const most = largest(small);
  return each((value) => value / most, small);
};

/** The row and the column of the centre of mass, counted from the middle of the first pixel. */
export const centre_of_mass = (a) => {
  const width = a.shape[1];
  const total = sum(a);
  const mean = (place) => a.reduce((moment, value, p) => moment + value * place(p), 0) / total;
  return [mean((p) => Math.floor(p / width)), mean((p) => p % width)];
};

const centred = (digit) => {
  const [height, width] = digit.shape;
  const [top, left] = centre_of_mass(digit).map((mass, d) => clip(Math.floor(SIZE / 2 - Number(mass.toFixed(9)) + 0.5), 0, SIZE - digit.shape[d]));
  const canvas = numbers([SIZE, SIZE]);
  for (let i = 0; i < height; i++) canvas.set(digit.subarray(i * width, (i + 1) * width), (top + i) * SIZE + left);
  return canvas;
};

/** Turn a picture's brightness, from 0 for black to 1 for white, into the 28 × 28 numbers that the network reads. */
export const prepare_digit = (brightness) => {
  const read = each(Math.fround, brightness); // the package reads in single precision
  const grey = is_on_black(read) ? each((value) => Math.fround(1 - value), read) : read;
  return centred(scaled(cropped(ink_of(even_light(grey)))));
};

/** Draw a line with round ends into a picture of ink: a pixel's ink falls from 1 to 0 over the pixel where the edge is. */
export const draw_line = (picture, [[x, y], [x_next, y_next]], width) => {
  const [rows, columns] = picture.shape;
  const reach = width / 2 + 1;
  const [along, down] = [x_next - x, y_next - y];
  const length = Math.max(along ** 2 + down ** 2, 1e-12);
  const span = (a, b, size) => [Math.min(a, b) - reach, Math.max(a, b) + reach + 1].map((edge) => Math.trunc(clip(edge, 0, size)));
  const [top, bottom] = span(y, y_next, rows);
  const [left, right] = span(x, x_next, columns);
  for (let i = top; i < bottom; i++)
    for (let j = left; j < right; j++) {
      const [to_x, to_y] = [j + 0.5 - x, i + 0.5 - y];
      const share = clip((to_x * along + to_y * down) / length, 0, 1);
      const distance = Math.hypot(to_x - share * along, to_y - share * down);
      picture[i * columns + j] = Math.max(picture[i * columns + j], clip(width / 2 - distance + 0.5, 0, 1));
    }
};
