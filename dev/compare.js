'use strict';

// What the oracles compare: texts of which the lines have no order, what Keystones read, and plans.

/** Fails with a message that says all. */
function assertThat(is, message) {
  if (!is) throw new Error(message);
}

/** Compares two texts, and shows which lines differ. */
function assertSame(what, expected, found) {
  if (expected === found) return;
  const [left, right] = [expected.split('\n'), found.split('\n')];
  const only = (lines, others) => {
    const rest = [...others];
    return lines.filter((line) => {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      return at < 0;
    });
  };
  const missing = only(left, right).map((line) => `- ${line}`);
  const extra = only(right, left).map((line) => `+ ${line}`);
  if (missing.length + extra.length === 0) return;
  throw new Error(
    [`${what}: not as expected (- expected, + found)`, ...missing, ...extra].join('\n'),
  );
}

/** What `read()` of a Keystone gives, one line a field. */
function readText({ items }) {
  const lines = Object.entries(items).flatMap(([list, byId]) =>
    Object.entries(byId).flatMap(([id, item]) =>
      Object.entries(item).map(([path, ids]) => `${list}.${path} of ${id}: ${ids.join(', ')}\n`),
    ),
  );
  return lines.sort().join('');
}

/** How many links `read()` of a Keystone gives, seen from every field. */
const countLinks = ({ items }) =>
  Object.values(items).flatMap((byId) =>
    Object.values(byId).flatMap((item) => Object.values(item).flat()),
  ).length;

/** Whichever Keystone a project has when it asks, the scripts, the schemas and the problems are the same. */
function assertSamePlans(plan, other) {
  for (const script of ['up', 'down', 'reconciling']) {
    assertSame(`The script ${script} with OLD installed`, plan[script] ?? '', other[script] ?? '');
  }
  for (const [which, schema] of Object.entries(plan.schemas ?? {})) {
    assertSame(`The ${which} schema with OLD installed`, schema, other.schemas[which]);
  }
  const codes = ({ problems = [] }) =>
    problems
      .map(({ code }) => `${code}\n`)
      .sort()
      .join('');
  assertSame('The problems with OLD installed', codes(plan), codes(other));
}

module.exports = { assertSame, assertSamePlans, assertThat, countLinks, readText };
