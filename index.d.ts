/**
 * Takes a Keystone 5 database across the "Arcade" change of its relationship schema.
 *
 * `check` and `apply` connect to the project's database. Everything else computes and returns.
 *
 * Do not rely on `instanceof`: in Jest, and wherever modules are loaded into several realms, look at
 * `error.code` and call methods instead.
 *
 * Where the rules come from: kinds and the words of the summary are those of Keystone's guide to the
 * Arcade release; left, right and names are those that Keystone itself computes since 8.0.0, in
 * `_consolidateRelationships()`; names of indexes and constraints are knex's.
 *
 * @packageDocumentation
 */

/**
 * A Keystone 5 object (`@keystonejs/keystone` 5 to 19): what `new Keystone(…)` returned, typed by
 * `@types/keystonejs__keystone` or by nothing.
 */
export type KeystoneLike =
  | { listsArray: ReadonlyArray<object> }
  | { createList(key: any, config: any): unknown; createAuthStrategy(options: any): unknown };

/** Where to find the project's own packages (Keystone's version, its knex). */
export interface SnapshotOptions {
  /** Directories to look from; by default the working directory. */
  resolveFrom?: string[];
  /** Whether to ask knex for the columns of all fields, which only schema and diff need. By default
   * `snapshot` does, and `planUpgrade` once it needs them: with true it does so at once. */
  columns?: boolean;
}

/**
 * What planning needs to know of a project: plain JSON data that can be stored, sent and planned
 * elsewhere. The order of names under the locale of the process that made it is part of it.
 */
export interface Snapshot {
  /** The version of this shape. */
  version: 1;
  /** Version of the loaded `@keystonejs/keystone`, or null where it could not be found. */
  keystone: string | null;
  /** The locale under which the ranks were computed, such as `en-US`. */
  locale: string;
  /** The orders of list keys and field paths under other locales, where they are not the same: each name
   * with its rank. */
  orders: { locale: string; lists: Record<string, number>; paths: Record<string, number> }[];
  /** The adapters that hold lists. */
  adapters: SnapshotAdapter[];
  /** All lists, aux lists included, in order of definition. */
  lists: SnapshotList[];
  /** What Keystone's own `_consolidateRelationships()` says, from 8.0.0 on. */
  consolidated?: SnapshotRelationship[];
  /** The message with which it refused the lists, if it did. */
  consolidationError?: string;
  /** What could not be found out about the project. */
  warnings: Warning[];
}

/** An adapter in a snapshot. */
export interface SnapshotAdapter {
  /** Its name in `keystone.adapters`, or its kind where the project has just one. */
  name: string;
  /** The adapter's own `name`: `knex`, `mongoose`, …. */
  kind: string;
  /** knex's client, such as `postgres`. */
  client?: string;
  /** The PostgreSQL schema that holds the tables. */
  schemaName?: string;
  /** Whether `knexOptions.wrapIdentifier` is set. */
  wrapsIdentifiers: boolean;
  /** knex: whether the fields have their columns. */
  hasColumns?: boolean;
}

/** A list in a snapshot. */
export interface SnapshotList {
  /** The list key. */
  key: string;
  /** Index of its adapter in `adapters`. */
  adapter: number;
  /** Position of the key among all list keys in the order of `localeCompare`. */
  rank: number;
  /** knex: the list's table. */
  tableName?: string;
  /** knex: the SQL type of a foreign key to the list, such as `integer` or `uuid`. */
  foreignKeyType?: string;
  /** mongoose: the list's collection. */
  collection?: string;
  /** mongoose: why the collection is not known. */
  collectionError?: string;
  /** Its fields, in order of definition. */
  fields: SnapshotField[];
}

/** A field in a snapshot. */
export interface SnapshotField {
  /** The field path. */
  path: string;
  /** The name of its type. */
  type: string;
  /** Set when the field is a relationship. */
  relationship?: {
    /** `List` or `List.path`. */
    ref: string;
    many: boolean;
    /** Position of the path among all relationship paths in the order of `localeCompare`. */
    rank: number;
    /** knex: the options that show in the column's DDL. */
    isUnique?: boolean;
    isIndexed?: boolean;
    isNotNullable?: boolean;
    /** mongoose: whether the new Keystone indexes the field, and the old one does not. */
    isIndexedByNew?: boolean;
    /** mongoose: the join collection there would be with this field as the left side. */
    joinCollection?: { model: string; name: string };
  };
  /** knex: the columns of a field other than a relationship, as knex compiles them. */
  columns?: { name: string; definition: string }[];
  /** knex: the indexes and keys of those columns. */
  keys?: { kind: 'index' | 'unique' | 'primary'; columns: string[]; name?: string }[];
  /** mongoose: whether the field is indexed. */
  isIndexed?: boolean;
  /** mongoose: whether the field has a unique index. */
  isUnique?: boolean;
}

/** A relationship as Keystone itself sees it. */
export interface SnapshotRelationship {
  left: string;
  right?: string;
  cardinality: Cardinality;
  tableName: string;
  columnName?: string;
  near?: string;
  far?: string;
}

/** How many items each side holds, left to right, in Keystone's notation. */
export type Cardinality = '1:1' | '1:N' | 'N:1' | 'N:N';

/** The five headings of Keystone's relationship migration guide. */
export type Kind =
  | 'one-sided-one-to-many'
  | 'one-sided-many-to-many'
  | 'two-sided-one-to-one'
  | 'two-sided-one-to-many'
  | 'two-sided-many-to-many';

/** A field that takes part in a relationship. */
export interface Side {
  /** The list key. */
  list: string;
  /** The field path. */
  path: string;
  /** Whether the field holds many items. */
  many: boolean;
}

/** A field that refers to a list, or two fields that refer to each other. */
export interface Relationship {
  /** As in the guide: `Todo.author -> User`, `Todo.readers -> User.readPosts`. */
  name: string;
  /** The name of its adapter. */
  adapter: string;
  kind: Kind;
  cardinality: Cardinality;
  /** The left side in Keystone's order. */
  left: Side;
  /** The right side, or null when it is one-sided. */
  right: Side | null;
  /** The key of the list that the left side refers to. */
  target: string;
}

/** A foreign key column, by the names that PostgreSQL stores. */
export interface ForeignKeyColumn {
  name: string;
  /** The table whose `id` it holds. */
  references: string;
  /** Its SQL type, or null where it could not be found out. */
  type: string | null;
  /** The foreign key constraint. */
  foreignKey: string;
  /** The index, or with `isUnique` the unique constraint. */
  index: string;
  /** The NOT NULL constraint, as PostgreSQL 18 and later name it. */
  notNull: string;
  isUnique: boolean;
  isIndexed: boolean;
  isNotNullable: boolean;
}

/** A join table, by the names that PostgreSQL stores. */
export interface JoinTable {
  name: string;
  /** The column of the owner's ids. */
  near: ForeignKeyColumn;
  /** The column of the other side's ids. */
  far: ForeignKeyColumn;
}

/** A place that holds all links of a relationship; the owner's own ids come first in each link. */
export interface Links<Place> {
  owner: 'left' | 'right';
  place: Place;
}

/** A place for links in PostgreSQL. */
export type TablePlace =
  | { type: 'column'; table: string; column: string }
  | { type: 'joinTable'; table: string; near: string; far: string };

/** A step on PostgreSQL. `relationship` is an index in the plan's `relationships`. */
export type TableStep = { relationship: number } & (
  | { step: 'dropColumn'; table: string; column: ForeignKeyColumn; kept: Links<TablePlace> }
  | { step: 'dropJoinTable'; table: JoinTable; kept: Links<TablePlace> }
  | { step: 'renameJoinTable'; from: JoinTable; to: JoinTable }
  | { step: 'createJoinTable'; table: JoinTable }
);

/** A field of a collection's documents that holds links. */
export interface DocumentField {
  collection: string;
  field: string;
  /** Whether it holds an array of ids, or one id. */
  many: boolean;
  /** The index that Keystone makes of it. */
  index?: 'plain' | 'unique';
}

/** A join collection with its two fields. */
export interface JoinCollection {
  name: string;
  near: string;
  far: string;
}

/** A place for links in MongoDB. */
export type DocumentPlace =
  ({ type: 'field' } & DocumentField) | ({ type: 'joinCollection' } & JoinCollection);

/** A step on MongoDB. `relationship` is an index in the plan's `relationships`. */
export type CollectionStep = { relationship: number } & (
  | {
      step: 'copyLinks';
      /** The array of the left side. */
      from: DocumentField;
      /** The array of the right side, which holds the same links. */
      also?: DocumentField;
      /** The collection of the right side's documents, as far as it is known. */
      target: string | null;
      into: JoinCollection;
    }
  | {
      step: 'unsetField';
      field: DocumentField;
      /** Whose field it is. */
      owner: 'left' | 'right';
      /** Where its links are kept. */
      kept: DocumentPlace;
    }
);

/** An engine with steps on it, in order of execution. */
export type EngineSteps =
  | { engine: 'postgresql'; schemaName: string; steps: TableStep[] }
  | {
      engine: 'mongodb';
      steps: CollectionStep[];
      /** Fields of lists that only the new Keystone indexes, by collection. */
      indexes: { [collection: string]: string[] };
    };

/** The part of a plan that is for one adapter's database. */
export type AdapterPlan = { name: string; hasChanges: boolean } & EngineSteps;

/** What a plan warns of. */
export type WarningCode = 'NAME_TAKEN' | 'NO_WAY_BACK' | 'COLUMNS_UNKNOWN' | 'LOCALE';

/** Something the user should know, which does not stop the plan. */
export interface Warning {
  code: WarningCode;
  message: string;
  list?: string;
  field?: string;
}

/** A plan as plain data. */
export interface PlanJson {
  /** The version of this shape. */
  version: 2;
  keystone: string | null;
  locale: string;
  hasChanges: boolean;
  relationships: Relationship[];
  adapters: AdapterPlan[];
  warnings: Warning[];
}

/** Which migration. */
export interface MigrationOptions {
  /** `down` for the way back; by default `up`. */
  direction?: 'up' | 'down';
  /** Repair two stored sides that disagree, in place of stopping there. */
  reconcile?: boolean;
  /** The adapter's name, needed when the project has several. */
  adapter?: string;
}

/** Which script. */
export interface ScriptOptions extends MigrationOptions {
  /** PostgreSQL: false leaves out BEGIN and COMMIT, for tools that open the transaction. The first
   * statement fails where none is open, and the last gives the settings back that the script has made. */
  transaction?: boolean;
}

/** The tools for which there are migration files. */
export type MigrationFormat = 'knex' | 'migrate-mongo';

/** A migration file, which has both ways: `up` and `down`. */
export interface MigrationFileOptions extends Omit<MigrationOptions, 'direction'> {
  /** The tool that runs it. `knex`: for PostgreSQL, in Knex's own transaction; `migrate-mongo`: for
   * MongoDB. */
  format: MigrationFormat;
  /** The extension of the file: `js` (the default) and `cjs` are CommonJS, `mjs` is an ES module. */
  extension?: 'js' | 'cjs' | 'mjs' | 'ts';
}

/** What a report is about, and how it is written. */
export interface ReportOptions extends MigrationOptions {
  format: 'html' | 'md';
  /** What {@link check} or {@link apply} has found, to be shown beside the plan. It also says for which
   * adapter and direction; the other options are for a report without it. */
  inspection?: Check | Applied | Rehearsed;
}

/** A statement of a migration on PostgreSQL. All of them are for one transaction. */
export interface Statement {
  /** What it is there for. */
  role: 'begin' | 'setting' | 'lock' | 'check' | 'repair' | 'change' | 'commit';
  /** What it does, in words. Statements in a row that have one title are one step. Null for those
   * around the steps. */
  title: string | null;
  /** Index in the plan's `relationships`, for a statement that is for one alone. */
  relationship: number | null;
  /** The statement, without a `;` at its end. */
  sql: string;
}

/** A migration on MongoDB, as data: the runner in the script makes commands of it. */
export interface MongodbMigration {
  direction: 'up' | 'down';
  /** Whether it repairs two stored sides that disagree. */
  reconcile: boolean;
  /** The oldest server that can run it, such as `[4, 4]`. */
  server: [number, number];
  /** Differs where the plan does: a migration that was stopped is only continued by its own. */
  plan: string;
  /** The collections that it is about. A database that has none of them is the wrong one. */
  collections: string[];
  /** The relationships that change. */
  relationships: MongodbRelationship[];
  /** Fields of lists that only the new Keystone indexes, by collection. */
  indexes: { [collection: string]: string[] };
}

/** A relationship that a migration on MongoDB changes. */
export interface MongodbRelationship {
  /** What is done for it: the name of a function of the vocabulary in the script. */
  kind: 'oneSidedManyToMany' | 'twoSidedOneToOne' | 'twoSidedOneToMany' | 'twoSidedManyToMany';
  /** `Todo.readers -> User.readPosts` */
  name: string;
  left: MongodbSide;
  right: MongodbSide;
  /** N:N: the join collection, with the names of its fields. */
  join?: { collection: string; left: string; right: string };
}

/** A side of a relationship in the old schema. */
export interface MongodbSide {
  /** The collection of its documents, as far as it is known. */
  collection?: string;
  /** The field of its links, where it has one. */
  field?: string;
  /** Whether the field is an array. */
  many?: true;
  /** The index that Keystone makes of the field. */
  index?: 'plain' | 'unique';
}

/** What has to happen to a project's databases, and why. Made by {@link planUpgrade}. */
export class UpgradePlan {
  private constructor();
  /** All relationships in order of definition. */
  readonly relationships: Relationship[];
  /** One part for each adapter that has lists. */
  readonly adapters: AdapterPlan[];
  /** What the user should know. */
  readonly warnings: Warning[];
  /** Whether any database has to change. */
  readonly hasChanges: boolean;
  /**
   * Summarizes what changes, in the words of Keystone's migration guide.
   *
   * @param options - `color` adds ANSI colours; `adapter` picks one adapter's part of several
   * @returns a line for each change, under the guide's five headings, with a final newline
   * @throws UpgradeError `INVALID_OPTION`, `UNKNOWN_ADAPTER`
   */
  summary(options?: { color?: boolean; adapter?: string }): string;
  /**
   * Writes the migration from the old schema to the new, or the way back. With a `format`, a migration
   * file for that tool, with both ways.
   *
   * @param options - by default the way up, which stops where two stored sides disagree
   * @returns SQL for PostgreSQL, to be run whole by `psql -v ON_ERROR_STOP=1`; a mongosh script for
   *   MongoDB; with a `format` JavaScript
   * @throws UpgradeError `INVALID_OPTION`, `ADAPTER_REQUIRED`, `UNKNOWN_ADAPTER`
   */
  migration(options?: ScriptOptions): string;
  migration(options: MigrationFileOptions): string;
  /**
   * The statements of the migration, for tools that run them themselves: those of the script.
   *
   * @param options - as for `migration`
   * @returns for PostgreSQL the statements in order, none when there is nothing to do; for MongoDB the
   *   data that the runner in the script takes
   * @throws UpgradeError `INVALID_OPTION`, `ADAPTER_REQUIRED`, `UNKNOWN_ADAPTER`
   */
  statements(options?: ScriptOptions): Statement[] | MongodbMigration;
  /**
   * Writes the old or the new schema: what that generation of Keystone creates on an empty database.
   *
   * @param which - `old`: before the Arcade release; `new`: since
   * @param options - `adapter` is needed when the project has several
   * @returns SQL for PostgreSQL, in the style of Keystone's guide; for MongoDB statements for mongosh with
   *   a comment for each field
   * @throws UpgradeError `INVALID_OPTION`, `ADAPTER_REQUIRED`, `UNKNOWN_ADAPTER`
   */
  schema(which: 'old' | 'new', options?: { adapter?: string }): string;
  /**
   * Compares the old schema with the new.
   *
   * @param options - `color` adds ANSI colours; `adapter` is needed when the project has several
   * @returns the unified diff, which `patch` applies; empty when they are the same
   * @throws UpgradeError `INVALID_OPTION`, `ADAPTER_REQUIRED`, `UNKNOWN_ADAPTER`
   */
  diff(options?: { color?: boolean; adapter?: string }): string;
  /**
   * Writes the plan as a report to look at: each relationship before and after, its statements and the
   * schema diff.
   *
   * @param options - `format` is needed; with `inspection` the report shows what a database holds
   * @returns for `html` a page that needs nothing else; for `md` Markdown for a pull request
   * @throws UpgradeError `INVALID_OPTION`, `UNKNOWN_ADAPTER`
   */
  report(options: ReportOptions): string;
  /**
   * The whole plan as plain data, what `JSON.stringify` of a plan gives.
   *
   * @returns a copy, the caller's own to change
   */
  toJSON(): PlanJson;
}

/** One mistake in a project's lists or in how the tool was called. */
export interface Problem {
  code: ProblemCode;
  message: string;
  list?: string;
  field?: string;
}

/** The stable codes of {@link UpgradeError}. */
export type ProblemCode =
  | 'UNKNOWN_LIST'
  | 'UNKNOWN_FIELD'
  | 'MISMATCHED_REF'
  | 'SELF_REFERENCE'
  | 'CROSS_ADAPTER'
  | 'UNSUPPORTED_ADAPTER'
  | 'UNSUPPORTED_OPTION'
  | 'NAME_COLLISION'
  | 'UNKNOWN_COLLECTION'
  | 'UNKNOWN_TYPE'
  | 'KEYSTONE_DISAGREES'
  | 'INVALID_SNAPSHOT'
  | 'ADAPTER_REQUIRED'
  | 'UNKNOWN_ADAPTER'
  | 'NOT_KEYSTONE'
  /** An option that does not exist, where that could run the wrong migration, or a wrong value. */
  | 'INVALID_OPTION'
  | 'NO_LISTS'
  | 'CONNECTION_FAILED'
  | 'CHECK_FAILED'
  | FindingCode
  | 'TOO_LONG'
  | 'LOCKED'
  | 'DECLINED'
  | 'INTERRUPTED'
  | 'MIGRATION_FAILED'
  | 'NOT_VERIFIED'
  /** Within `NOT_VERIFIED`: a relationship is not in the other schema. */
  | 'NOT_DONE'
  /** Within `NOT_VERIFIED`: there are more or fewer links than before, without a reason. */
  | 'LINKS_DIFFER'
  | 'CONNECTION_LOST'
  | 'COMMIT_UNKNOWN'
  | 'ADDON_MISSING'
  | 'INTERNAL';

/** What can stand in the way of a migration. */
export type FindingCode =
  | 'MISSING'
  | 'NAME_TAKEN'
  | 'DISAGREEMENT'
  | 'DEPENDENTS'
  | 'NOT_OUR_TABLE'
  | 'NO_OLD_PLACE'
  | 'HELD_TWICE'
  /** After a run: the catalogue is not that of the new schema, nor was it that of the old one before. Within
   * `NOT_VERIFIED`: it was. */
  | 'SCHEMA_DIFFERS'
  | 'LOCALE'
  | 'DATA'
  | 'SERVER_VERSION'
  | 'SOCKET_TIMEOUT'
  | 'UNFINISHED'
  | 'STANDBY'
  | 'READ_ONLY'
  | 'NOT_OWNER'
  | 'NO_PRIVILEGE';

/** Something to decide or to mend before a migration can be run. */
export interface Finding {
  code: FindingCode;
  message: string;
  /** Index in the plan's `relationships`, for what is about one alone. */
  relationship?: number;
}

/**
 * Which schema a relationship, or a database, is in. `unchanged`: it is stored the same in both;
 * `both`: it has what each schema has; `mixed`: it has a part of one or of each; `neither`: it has
 * nothing of either.
 */
export type SchemaState = 'unchanged' | 'old' | 'new' | 'both' | 'mixed' | 'neither';

/** A place for the links of a relationship, as a database has it. */
export interface StoredLinks {
  /** `User.leadPost` for a column, `Todo_readers` for a join table, `todos.readers` for a field. */
  name: string;
  owner: 'left' | 'right';
  /** In which schemas there is such a place. */
  schema: 'old' | 'new' | 'both';
  /** Whether a migration keeps its links; else it is the other copy, which goes. */
  isKept: boolean;
  /** How many links it holds, or null where it is not in the database. */
  links: number | null;
  /** 1:1: how many different items they lead to. */
  targets?: number;
}

/** A relationship, as a database has it. */
export interface RelationshipCheck {
  /** Index in the plan's `relationships`. */
  relationship: number;
  name: string;
  kind: Kind;
  state: SchemaState;
  places: StoredLinks[];
  /** PostgreSQL; null where the two stored sides agree, or there are not two. */
  disagreement: {
    /** How many links only the place that is kept has. */
    onlyKept: number;
    /** How many links only the place that goes has. */
    onlyDropped: number;
    /** Up to five of them, each as `(left id, right id) only in <place>`. */
    examples: string;
  } | null;
  /** What a migration that reconciles does to them, where it does something. */
  reconcile?: Reconciled;
  /** What is left to do with it, in words. */
  remaining: string[];
  /** MongoDB: how many links a copy is to make of them. */
  expected?: number;
}

/** What a migration that reconciles does to a relationship whose two sides disagree. */
export interface Reconciled {
  /** How many links only the place that goes has, and the one that is kept gets. */
  added: number;
  /** How many links go from the place that is kept, because their target is linked elsewhere. */
  cleared: number;
  /** How many links go with the place that goes, because the one that is kept contradicts them. */
  dropped: number;
  /** PostgreSQL: how many links only the place that is kept has, and keeps. */
  kept?: number;
  /** Up to five of them, those that are lost first. */
  examples: RepairedLink[];
}

/** A link, by the ids of its items. */
export interface LinkIds {
  left: string;
  right: string;
}

/** A link that is added, cleared or dropped. */
export interface RepairedLink extends LinkIds {
  action: 'added' | 'cleared' | 'dropped';
  /** The place that has it before. */
  place: string;
  /** What the place that is kept has in its stead afterwards. */
  instead: LinkIds[];
}

/** Links that a migration copies from one place to another. */
export interface LinksToCopy {
  /** `todos.readers`. */
  from: string;
  into: string;
  /** The collection that is read for it. */
  collection: string;
  /** How many documents that has, and what they take without compression; null where the user may not
   * ask that. */
  documents: number | null;
  bytes: number | null;
}

/** What a database holds. On PostgreSQL `steps` are those that are left to do. */
export type Check = EngineSteps & {
  /** The version of this shape. */
  version: 1;
  adapter: string;
  direction: 'up' | 'down';
  reconcile: boolean;
  /** `authSource`, on MongoDB: the database that the user is of. */
  database: {
    host?: string;
    port?: number;
    name: string;
    user: string;
    authSource?: string;
    /** On MongoDB, where host and port are not all that a tool needs: the address without the password
     * and the database. */
    uri?: string;
    version: string;
  };
  /** Of all relationships that change. */
  state: SchemaState;
  /** The database is where the migration would take it. */
  isDone: boolean;
  /** The migration can be run. */
  isReady: boolean;
  relationships: RelationshipCheck[];
  /** What the migration locks while it runs, with the size on disk. */
  locks: { name: string; bytes: number }[];
  /** MongoDB: what the migration copies. */
  copies: LinksToCopy[];
  /** What the migration drops. */
  drops: string[];
  /** What stands in its way. */
  problems: Finding[];
  /** What it would do all the same, and warn of. */
  warnings: Finding[];
};

/** The links of a relationship before and after a migration. */
export interface MovedLinks {
  /** Index in the plan's `relationships`. */
  relationship: number;
  name: string;
  before: number;
  after: number;
  /** Why there are more or fewer, where they are. */
  explanation: string | null;
  /** PostgreSQL: what has been repaired, where something has. */
  reconcile?: Reconciled;
}

/** What `apply` has done. */
export type Applied =
  | {
      /** There was nothing to do. */
      isApplied: false;
      check: Check;
    }
  | {
      isApplied: true;
      /** What the database held before. */
      check: Check;
      relationships: MovedLinks[];
      /** What has been left out or repaired. */
      warnings: Finding[];
      /** What the server said meanwhile, such as how much was repaired. */
      notices: string[];
    };

/** What a dry run has done and taken back. */
export type Rehearsed =
  | {
      isApplied: false;
      /** There was nothing to do, or `check.problems` have to be solved first. */
      isRehearsed: false;
      check: Check;
    }
  | {
      isApplied: false;
      isRehearsed: true;
      /** What the database holds. */
      check: Check;
      /** PostgreSQL: of all relationships; MongoDB: of those whose links were copied. */
      relationships: MovedLinks[];
      /** What has been left out or repaired. */
      warnings: Finding[];
      /** What the server reported meanwhile. */
      notices: string[];
      /** How long it took, in milliseconds. */
      durationMs: number;
      /** PostgreSQL: for how much of that the tables of `check.locks` were locked. */
      lockedMs?: number;
      /** MongoDB: what cannot be taken back, and was left out. */
      skipped: string[];
    };

/** What is being done. */
export interface Progress {
  phase: 'connect' | 'check' | 'migrate' | 'verify';
  /** In words. */
  title: string;
  /** `migrate`: which step of how many, counted from 1. */
  step?: number;
  steps?: number;
  /** `migrate`: index in the plan's `relationships`. */
  relationship?: number | null;
  /** How much of it is done, of how much, and how many per second: `check` counts questions; a
   * MongoDB `migrate` counts links, and says so each ten seconds. */
  done?: number;
  total?: number;
  rate?: number;
  /** `migrate`, `verify`: what is left if the process ends now, in words. */
  left?: string;
}

/** How to look at a database. */
export interface CheckOptions extends MigrationOptions {
  /** Directories to look for the project's packages from; by default the working directory. */
  resolveFrom?: string[];
  /** Told what is being done. */
  onProgress?: (progress: Progress) => void;
}

/** An `AbortSignal`, as far as it is needed: older Nodes have none. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** How to migrate a database. */
export interface ApplyOptions extends CheckOptions {
  /** Asked before anything is changed, with what the database holds; by default it is. */
  confirm?: (check: Check) => boolean | Promise<boolean>;
  /** Run and verify everything that can be taken back, and take it back: see {@link Rehearsed}. */
  dryRun?: boolean;
  /** Migrate although no rollback can be written, such as where a list's key has a type unknown to knex. */
  oneWay?: boolean;
  /** Ends the run: PostgreSQL rolls back, MongoDB ends after the running step. */
  signal?: AbortSignalLike;
}

/** What is thrown: an `Error` whose message says what is wrong, where, and what to do. */
export interface UpgradeError extends Error {
  name: 'UpgradeError';
  /** The code of the first problem. */
  code: ProblemCode;
  /** All problems of the one run. */
  problems: Problem[];
  /** What the database holds, where {@link apply} did not start because of that. */
  check?: Check;
}

/**
 * Tells the errors of this package from others, of whichever realm.
 *
 * @param error - anything that was thrown
 * @returns whether it is an {@link UpgradeError}
 */
export function isUpgradeError(error: unknown): error is UpgradeError;

/**
 * Serializes the lists of a Keystone 5 object to plain, versioned data: all that planning needs.
 *
 * @param keystone - with all its lists created; it is left as it was
 * @returns data for {@link planUpgrade}, which gives the same plan on any machine
 * @throws UpgradeError `NOT_KEYSTONE`, `INVALID_OPTION`
 */
export function snapshot(keystone: KeystoneLike, options?: SnapshotOptions): Snapshot;

/**
 * Plans the upgrade of a project from the relationship schema before the Arcade release to the schema
 * since. Where the loaded Keystone is 8.0.0 or later, the plan is compared with Keystone's own
 * `_consolidateRelationships()`; a difference is an error.
 *
 * @param project - a Keystone 5 object with all its lists created, or a {@link Snapshot} of one
 * @returns the plan, also where nothing has to change: see `hasChanges`
 * @throws UpgradeError with all problems of the project's lists at once: `UNKNOWN_LIST`,
 *   `UNKNOWN_FIELD`, `MISMATCHED_REF`, `SELF_REFERENCE`, `CROSS_ADAPTER`, `UNSUPPORTED_ADAPTER`,
 *   `UNSUPPORTED_OPTION`, `NAME_COLLISION`, `UNKNOWN_COLLECTION`, `KEYSTONE_DISAGREES`; or with
 *   `NO_LISTS`, `NOT_KEYSTONE`, `INVALID_SNAPSHOT`, `INVALID_OPTION`, `ADDON_MISSING`
 */
export function planUpgrade(
  project: KeystoneLike | Snapshot,
  options?: SnapshotOptions,
): UpgradePlan;

/**
 * Compares two SQL texts, such as dumps of a database before and after.
 *
 * @param options - the names in the header lines, by default `old schema` and `new schema`; `color`
 *   adds ANSI colours
 * @returns the unified diff with three lines of context, which `patch` applies; empty when they are equal
 * @throws UpgradeError `INVALID_OPTION`
 */
export function diffSchemas(
  oldSql: string,
  newSql: string,
  options?: { oldName?: string; newName?: string; color?: boolean },
): string;

/**
 * Connects to a project's database, by its own adapter and driver, and reports what it holds. It only
 * reads, and never calls `keystone.connect()` or `prepare()`.
 *
 * @param keystone - with all its lists created, connected or not; a snapshot is not enough
 * @returns what the database holds, also where `problems` prevent the migration
 * @throws rejects with an {@link UpgradeError}: those of {@link planUpgrade}, `INVALID_OPTION`,
 *   `ADAPTER_REQUIRED`, `UNKNOWN_ADAPTER`, `CONNECTION_FAILED`, `LOCKED` while a migration is running,
 *   `SERVER_VERSION` of a PostgreSQL that is too old, `CHECK_FAILED`
 */
export function check(keystone: KeystoneLike, options?: CheckOptions): Promise<Check>;

/**
 * Migrates a project's database: connects as {@link check} does, checks, runs the statements of
 * {@link UpgradePlan.statements}, and verifies the result: on PostgreSQL before it commits. With `dryRun`
 * it takes everything back instead.
 *
 * @param keystone - as for {@link check}
 * @returns what has been done; `isApplied` is false after a dry run, and where there was nothing to do
 * @throws rejects with an {@link UpgradeError}: those of {@link check} and {@link Check.problems},
 *   `DECLINED`, `INTERRUPTED`, `MIGRATION_FAILED`, `NOT_VERIFIED`, `CONNECTION_LOST`. On PostgreSQL nothing
 *   has been changed then; only after `COMMIT_UNKNOWN` the migration may have been done, and `check` says.
 *   On MongoDB the message says whether anything has been changed; run again, it continues.
 */
export function apply(
  keystone: KeystoneLike,
  options?: ApplyOptions & { dryRun?: false },
): Promise<Applied>;
export function apply(
  keystone: KeystoneLike,
  options: ApplyOptions & { dryRun: true },
): Promise<Rehearsed>;
export function apply(keystone: KeystoneLike, options: ApplyOptions): Promise<Applied | Rehearsed>;
