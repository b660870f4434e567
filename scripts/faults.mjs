// `npm run test:faults`: puts every fault of `dev/faults` into a copy of the checkout, one at a time,
// and fails when a test that has to notice it does not. `npm run test:faults -- 5` takes five at random,
// the same ones again with `SEED=<number>`; `npm run test:faults -- <id> …` those faults, or all of a
// file by the file's name; `npm run test:faults -- --from <id>` goes on where a run of all was ended.
import faults from '../dev/faults.js';
import { Random } from '../dev/random.js';
import randomRun from '../dev/random-run.js';
import { script, stage } from '../dev/run.mjs';
import { setUpPackages } from '../dev/setup.mjs';

/** The faults that the arguments choose, out of all in the order in which they are made. */
function chosen(all, args) {
  const [count, first] = args;
  if (count === '--from') {
    const at = all.findIndex(({ id }) => id === first);
    if (at < 0) throw new Error(`no fault is named ${first}`);
    return all.slice(at);
  }
  if (args.length === 1 && /^\d+$/.test(count)) {
    const seed = randomRun.firstSeed();
    console.error(`ℹ ${count} of ${all.length} faults, SEED=${seed}`);
    return new Random(seed).shuffle(all).slice(0, Number(count));
  }
  for (const wanted of args) {
    if (!all.some((fault) => isNamed(fault, wanted)))
      throw new Error(`no fault is named ${wanted}`);
  }
  return all.filter((fault) => args.length === 0 || args.some((wanted) => isNamed(fault, wanted)));
}

const isNamed = ({ id }, wanted) => id === wanted || id.startsWith(`${wanted}/`);

/**
 * Without a fault, the tests pass. Each spec is run once for all of its faults.
 *
 * @returns {Promise<Map<object, string>>} what is wrong with a fault's test
 */
async function checkTests(copy, wanted) {
  const wrong = new Map();
  for (const spec of new Set(wanted.map((fault) => fault.spec))) {
    const its = wanted.filter((fault) => fault.spec === spec);
    const all = its.some(({ test }) => test === undefined);
    const names = all ? [] : [...new Set(its.map(({ test }) => test))];
    const { passed, failed } = await copy.test(spec, names);
    for (const fault of its) {
      const isIts = (name) => fault.test === undefined || name.includes(fault.test);
      const [broken] = failed.filter(isIts);
      if (broken) wrong.set(fault, `"${broken}" fails without the fault`);
      else if (!passed.some(isIts)) wrong.set(fault, `no test of ${spec} has its name`);
    }
  }
  return wrong;
}

/** Makes one fault and runs its test. Returns the name of the test that noticed. */
async function tryOut(copy, fault) {
  await copy.make(fault);
  const { failed, output } = await copy.test(
    fault.spec,
    fault.test === undefined ? [] : [fault.test],
  );
  if (failed.length > 0) return `noticed by "${failed[0]}"`;
  throw Object.assign(new Error(`not noticed: ${fault.why}`), process.env.DEBUG && { output });
}

await script(async () => {
  await setUpPackages();
  const { FaultCopy } = await import('../dev/fault-copy.mjs');
  await stage('list of faults', faults.checkList);
  const copy = new FaultCopy();
  // What is built is built again for each fault of it, and once less when these come one after another.
  const place = ({ file }) => `${copy.isInAddon(file) ? 2 : 1} ${file}`;
  const all = faults.loadFaults().sort((one, other) => place(one).localeCompare(place(other)));
  const wanted = chosen(all, process.argv.slice(2));
  await stage('copy', () => copy.prepare());
  let wrong;
  await stage('tests without a fault', async () => {
    wrong = await checkTests(copy, wanted);
    const output = [...wrong].map(([{ id }, what]) => `${id}: ${what}`).join('\n');
    if (output) console.error(output);
    return `${wanted.length - wrong.size} faults have a test that passes`;
  });
  const failures = [...wrong.keys()].map(({ id }) => id);
  for (const fault of wanted.filter((it) => !wrong.has(it))) {
    await stage(fault.id, () => tryOut(copy, fault)).catch(() => failures.push(fault.id));
  }
  await stage('faults', async () => {
    const told = `${wanted.length - failures.length} of ${wanted.length} noticed`;
    if (failures.length) throw Object.assign(new Error(told), { output: failures.join('\n') });
    return told;
  });
});
