/* The grounds of the descent explorer: cost and gradient of each formula in descent.py, under its name there. */

const bowl = (a, b, c) => ({
  value: ([x, y]) => (a * x * x + 2 * b * x * y + c * y * y) / 2,
  gradient: ([x, y]) => [a * x + b * y, b * x + c * y],
});

export const landscapes = {
  ball: { value: ([b]) => 5 * b ** 2, gradient: ([b]) => [10 * b] },
  villages: {
    value: ([w]) => w ** 4 / 4 - w ** 2 / 2 + 0.15 * w,
    gradient: ([w]) => [w ** 3 - w + 0.15],
  },
  plateau: {
    value: ([w]) => w ** 2 / (1 + w ** 2),
    gradient: ([w]) => [(2 * w) / (1 + w ** 2) ** 2],
  },
  valley: bowl(1, 0, 10),
  saddle: {
    value: ([u, v]) => u ** 4 / 4 - u ** 2 / 2 + v ** 2 / 2,
    gradient: ([u, v]) => [u ** 3 - u, v],
  },
  narrow: bowl(1, 0, 40),
  turned: bowl(20.5, -19.5, 20.5),
  bent: {
    value: ([x, y]) => (1 - x) ** 2 + 10 * (y - x ** 2) ** 2,
    gradient: ([x, y]) => [-2 * (1 - x) - 40 * x * (y - x ** 2), 20 * (y - x ** 2)],
  },
};
