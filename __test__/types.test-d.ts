// Compiled by `tsc --strict` in the tests, never run: it fails where index.d.ts is wrong.
import { Keystone } from '@keystonejs/keystone';
import {
  diffSchemas,
  isUpgradeError,
  planUpgrade,
  snapshot,
  AdapterPlan,
  MongodbMigration,
  PlanJson,
  ProblemCode,
  Snapshot,
  UpgradeError,
  UpgradePlan,
} from '..';

declare const keystone: { listsArray: object[]; createList(key: string): void };

const data: Snapshot = snapshot(keystone, { resolveFrom: ['.'] });
const plan: UpgradePlan = planUpgrade(keystone);
const same: UpgradePlan = planUpgrade(data);

// The community's types of Keystone know nothing of its lists.
declare const typed: Keystone;
planUpgrade(typed);
const ofTyped: Snapshot = snapshot(typed);

const texts: string[] = [
  plan.summary(),
  plan.summary({ color: true, adapter: 'knex' }),
  plan.migration(),
  same.migration({ adapter: 'knex', direction: 'down', reconcile: true }),
  plan.migration({ transaction: false }),
  plan.migration({ format: 'knex', extension: 'ts', reconcile: true }),
  plan.schema('old'),
  plan.diff({ color: true }),
  diffSchemas('', '', { oldName: 'a' }),
];
// @ts-expect-error the file has both ways
plan.migration({ format: 'migrate-mongo', direction: 'down' });
const changes: boolean = plan.hasChanges;
const json: PlanJson = plan.toJSON();

function collections(part: AdapterPlan): string[] {
  if (part.engine === 'postgresql') {
    return part.steps.map((step) =>
      step.step === 'renameJoinTable' ? `${part.schemaName}.${step.to.near.name}` : step.step,
    );
  }
  return part.steps.map((step) => (step.step === 'copyLinks' ? step.into.name : step.field.field));
}

// The statements of MongoDB are data, with the relationships by their names.
type RelationshipName = MongodbMigration['relationships'][number]['name'];
function namesOf(migration: MongodbMigration): RelationshipName[] {
  return migration.relationships.map(({ name }) => name);
}
const nameIsText: RelationshipName = 'Todo.readers -> User.readPosts';

const notVerified: ProblemCode[] = ['NOT_VERIFIED', 'NOT_DONE', 'LINKS_DIFFER'];
function isNotVerified(error: UpgradeError): boolean {
  return error.problems.some(({ code }) => code === 'NOT_DONE' || code === 'LINKS_DIFFER');
}
// @ts-expect-error: no such code
const noCode: ProblemCode = 'LINKS_DIFFERENT';

function report(error: UpgradeError): string {
  return error.problems.map((problem) => `${problem.code} ${problem.list ?? ''}`).join('\n');
}

function codeOf(error: unknown): string {
  return isUpgradeError(error) ? error.code : '';
}

// @ts-expect-error: plans are made by planUpgrade
new UpgradePlan();
// @ts-expect-error: no Keystone object and no snapshot
planUpgrade({});
// @ts-expect-error: no such schema
plan.schema('older');
// @ts-expect-error: no such option
plan.summary({ colour: true });
// @ts-expect-error: a plan does not change
plan.hasChanges = false;

export { changes, codeOf, collections, json, ofTyped, report, texts };
export { isNotVerified, nameIsText, namesOf, noCode, notVerified };
