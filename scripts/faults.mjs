// `npm run test:faults`: puts every fault of `dev/faults` into a copy of the checkout, one at a time,
// and fails when a test that has to notice it does not. `npm run test:faults -- 5` takes five at random,
// the same ones again with `SEED=<number>`; `npm run test:faults -- <id> …` those faults, or all of a
// file by the file's name; `npm run test:faults -- --from <id>` goes on where a run of all was ended.
import faults from '../dev/faults.js';
import { Random } from '../dev/random.js';
import randomRun from '../dev/random-run.js';
import { script, stage } from '../dev/run.mjs';
import { setUpPackages } from '../dev/setup.mjs';

/** How many faults are made at once, each in a copy of its own. */
const LANES = 2;

/** With fewer faults than this, another copy costs more than it saves. */
const FAULTS_OF_A_LANE = 20;

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

/** Does all of some work, one thing at a time in each copy. */
async function inCopies(copies, all, work) {
  const left = [...all];
  const lane = async (copy) => {
    while (left.length) await work(copy, left.shift());
  };
  await Promise.all(copies.map(lane));
}

const isNamed = ({ id }, wanted) => id === wanted || id.startsWith(`${wanted}/`);

/**
 * Without a fault, the tests pass. Each spec is run once for all of its faults.
 *
 * @returns {Promise<Map<object, string>>} what is wrong with a fault's test
 */
async function checkTests(copies, wanted) {
  const wrong = new Map();
  await inCopies(copies, new Set(wanted.map((fault) => fault.spec)), async (copy, spec) => {
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
  });
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
  const { FaultCopy, isInAddon } = await import('../dev/fault-copy.mjs');
  await stage('list of faults', faults.checkList);
  // What is built is built again for each fault of it, and once less when these come one after another.
  const place = ({ file }) => `${isInAddon(file) ? 2 : 1} ${file}`;
  const all = faults.loadFaults().sort((one, other) => place(one).localeCompare(place(other)));
  const wanted = chosen(all, process.argv.slice(2));
  const lanes = Math.min(LANES, Math.ceil(wanted.length / FAULTS_OF_A_LANE));
  const copies = Array.from({ length: lanes }, (_, lane) => new FaultCopy(lane));
  await stage('copies', () => Promise.all(copies.map((copy) => copy.prepare())));
  let wrong;
  await stage('tests without a fault', async () => {
    wrong = await checkTests(copies, wanted);
    const output = [...wrong].map(([{ id }, what]) => `${id}: ${what}`).join('\n');
    if (output) console.error(output);
    return `${wanted.length - wrong.size} faults have a test that passes`;
  });
  const failures = [...wrong.keys()].map(({ id }) => id);
  const sound = wanted.filter((it) => !wrong.has(it));
  await inCopies(copies, sound, (copy, fault) =>
    stage(fault.id, () => tryOut(copy, fault)).catch(() => failures.push(fault.id)),
  );
  await stage('faults', async () => {
    const told = `${wanted.length - failures.length} of ${wanted.length} noticed`;
    if (failures.length) throw Object.assign(new Error(told), { output: failures.join('\n') });
    return told;
  });
});
