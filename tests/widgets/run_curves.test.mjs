import assert from "node:assert/strict";
import test from "node:test";
import { at, epochsOf, path, scale, sentence } from "../../convbook/widgets/run_curves.mjs";

const step = {
  name: "base",
  seeds: [0, 1],
  train_loss: [[2.3, 1.2], [2.2, 1.1]],
  test_loss: [[2.1, 1.5], [2.0, 1.4]],
  train_accuracy: [[12, 60], [14, 64]],
  test_accuracy: [[20, 50], [22, 55]],
};
const t = {
  over: "{name} ends after {epochs}",
  reading_accuracy: "{name} {test} ({low} to {high}, {n}) {train}",
  reading_loss: "{name} {test} {train}",
};

test("what each seed has at an epoch, and nothing after the end", () => {
  assert.deepEqual(at(step, "test_accuracy", 2), [50, 55]);
  assert.deepEqual(at(step, "test_accuracy", 3), [null, null]);
  assert.equal(epochsOf(step), 2);
});

test("a sentence holds the mean over the seeds, their range and their number", () => {
  assert.equal(sentence(step, "accuracy", 2, t), "base 52.5 (50 to 55, 2) 62");
  assert.equal(sentence(step, "loss", 1, t), "base 2.05 2.25");
  assert.equal(sentence(step, "loss", 3, t), "base ends after 2");
});

test("the scale holds every value, on at most eight ticks", () => {
  assert.deepEqual(scale([step], "accuracy"), [10, 70, 10]);
  const [low, high, tick] = scale([step], "loss");
  assert.ok(low <= 1.1 && high >= 2.3 && (high - low) / tick <= 8);
  const [flat, above] = scale([{ ...step, train_loss: [[0]], test_loss: [[0]] }], "loss");
  assert.ok(flat === 0 && above > 0);
});

test("a curve is drawn up to the epoch of the cursor", () => {
  const x = (epoch) => 10 * epoch;
  const y = (value) => 100 - value;
  assert.equal(path([20, 50, 60], 2, x, y), "M10.0 80.0L20.0 50.0");
  assert.equal(path([20, 50, 60], 9, x, y), "M10.0 80.0L20.0 50.0L30.0 40.0");
});
