'use strict';

const { visible } = require('../visible');

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const INTERVAL_MS = 100;

/**
 * Shows progress on stderr: on a terminal in one line that changes, which `stop` clears, else in a line
 * for each step.
 */
function showProgress(stream = process.stderr) {
  return stream.isTTY ? onTerminal(stream) : inLines(stream);
}

/** How far an event has come, as a suffix of its title. */
function counter({ step, steps, done, total, rate }) {
  const position = step === undefined ? '' : ` [${step}/${steps}]`;
  const of = total === undefined ? '' : ` of ${total}`;
  const count = done === undefined ? '' : ` ${done}${of}`;
  return `${position}${count}${rate === undefined ? '' : ` (${rate}/s)`}`;
}

/** A text shortened to a length, with an ellipsis. */
function cut(text, room) {
  return text.length <= room ? text : `${text.slice(0, Math.max(room - 1, 0))}…`;
}

function onTerminal(stream) {
  let event;
  let since;
  let frame = 0;
  const draw = () => {
    const seconds = Math.floor((Date.now() - since) / 1000);
    const tail = `${counter(event)}${seconds >= 2 ? ` ${seconds} s` : ''}`;
    // A wrapped line could not be cleared.
    const width = (stream.columns || 80) - 1;
    const title = cut(visible(event.title), width - tail.length - 2);
    stream.write(`\r\x1b[K${`${FRAMES[frame]} ${title}${tail}`.slice(0, width)}`);
    frame = (frame + 1) % FRAMES.length;
  };
  let timer;
  return {
    onProgress(next) {
      if (!timer) {
        timer = setInterval(draw, INTERVAL_MS);
        timer.unref();
      }
      if (next.done === undefined || !since) since = Date.now();
      event = next;
      draw();
    },
    stop() {
      clearInterval(timer);
      if (timer) stream.write('\r\x1b[K');
      timer = undefined;
    },
  };
}

function inLines(stream) {
  let last;
  return {
    onProgress(event) {
      // In a log, a check has one line, not one for each answer.
      const text = event.phase === 'check' ? event.title : event.title + counter(event);
      if (last === text) return;
      last = text;
      const isOver = event.phase === 'migrate' && event.done !== undefined;
      stream.write(`ℹ ${visible(text)}${isOver ? '' : ' …'}\n`);
    },
    stop() {},
  };
}

module.exports = { showProgress };
