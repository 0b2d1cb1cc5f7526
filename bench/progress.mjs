/** Shows the progress in one line of a terminal, or prints a line now and then to a stream that is not a terminal. */

const PLAIN_MS = 15_000;
const WIDTH = 20;

export function createProgress(stream = process.stderr) {
  const begun = performance.now();
  let [text, done, expected, shownAt] = ['', 0, 0, Number.NEGATIVE_INFINITY];

  function show(isNew) {
    const seconds = Math.round((performance.now() - begun) / 1000);
    const part = expected === 0 ? 0 : Math.min(1, done / expected);
    const bar = '#'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '.');
    const line = `[${bar}] ${Math.round(part * 100)} %, ${seconds} s  ${text}`;
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    } else if (isNew || performance.now() - shownAt > PLAIN_MS) {
      shownAt = performance.now();
      stream.write(`${line}\n`);
    }
  }

  return {
    /** Call it when a part with this number of steps begins. */
    expect(steps) {
      [done, expected] = [0, steps];
    },
    say(what) {
      text = what;
      show(true);
    },
    step() {
      done += 1;
      show(false);
    },
    end() {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
