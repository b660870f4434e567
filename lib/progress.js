'use strict';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const INTERVAL_MS = 100;

/**
 * Shows on stderr what is being done: on a terminal one line that changes, else a line for each step.
 *
 * @param {NodeJS.WriteStream} [stream]
 * @returns {{ onProgress: (event: object) => void, stop: () => void }} `stop` clears the line
 */
function showProgress(stream = process.stderr) {
  return stream.isTTY ? onTerminal(stream) : inLines(stream);
}

/** What to say of an event. */
function describe({ title, step, steps, done, total, rate }) {
  const position = step === undefined ? '' : ` [${step}/${steps}]`;
  const of = total === undefined ? '' : ` of ${total}`;
  const count = done === undefined ? '' : ` ${done}${of}`;
  return `${title}${position}${count}${rate === undefined ? '' : ` (${rate}/s)`}`;
}

function onTerminal(stream) {
  let text;
  let since;
  let frame = 0;
  const draw = () => {
    const seconds = Math.floor((Date.now() - since) / 1000);
    const line = `${FRAMES[frame]} ${text}${seconds >= 2 ? ` ${seconds} s` : ''}`;
    frame = (frame + 1) % FRAMES.length;
    // One that is wrapped could not be cleared.
    stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
  };
  const clear = () => stream.write('\r\x1b[K');
  let timer;
  return {
    onProgress(event) {
      if (!timer) {
        timer = setInterval(draw, INTERVAL_MS);
        timer.unref();
      }
      if (event.done === undefined) since = Date.now();
      since = since || Date.now();
      text = describe(event);
      draw();
    },
    stop() {
      clearInterval(timer);
      if (timer) clear();
      timer = undefined;
    },
  };
}

function inLines(stream) {
  let last;
  return {
    onProgress(event) {
      // Of questions that are counted, the first is enough for a log.
      const told = event.phase === 'check' ? event.title : describe(event);
      if (last === told) return;
      last = told;
      const isOver = event.phase === 'migrate' && event.done !== undefined;
      stream.write(`ℹ ${told}${isOver ? '' : ' …'}\n`);
    },
    stop() {},
  };
}

module.exports = { showProgress };
