//! `cargo bench`: the core without Node, for projects of 100 and 1,000 lists.
//!
//! `cargo bench -- once <adapter> <case>` does a case a single time, for callgrind and other profilers; what a
//! case needs is done before, so subtract the case before it.
//!
//! It is a crate root beside `lib.rs`: the addon is a `cdylib`, to which no bench can be linked, and a
//! library of another kind beside it would cost the addon its link-time optimisation.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the addon uses everything; tests are in its root alone"
)]

mod diff;
mod error;
mod inspection;
mod mongodb;
mod naming;
mod outcome;
mod pieces;
mod plan;
mod postgres;
mod relationship;
mod schema;
mod snapshot;
mod step;
mod summary;
mod testing;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use serde_json::{Value, json};

use pieces::Pieces;
use plan::{Direction, Engine, Script, UpgradePlan};
use schema::{TableSchema, Which};
use snapshot::Snapshot;

const UP: Script = Script { direction: Direction::Up, reconcile: false };

/// As in the addon.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured: each takes a project from its snapshot in JSON to the end of one stage.
const CASES: [&str; 5] = ["parse", "plan", "migration", "summary", "diff"];

/// A project of that many lists in a ring, with all five kinds of relationships between neighbours:
/// nine fields and five relationships a list.
fn project(adapter: &str, lists: usize) -> String {
    let key = |at: usize| format!("List{:05}", at % lists);
    let list = |at: usize| {
        let (own, next, previous) = (key(at), key(at + 1), key(at + lists - 1));
        let field = |rank: usize, path: &str, target: &str, back: &str, many: bool| {
            let reference =
                if back.is_empty() { target.to_owned() } else { format!("{target}.{back}") };
            let model = match back {
                "" => format!("{own}_{path}_many"),
                _ => format!("{own}_{path}_{target}_{back}"),
            };
            json!({ "path": path, "type": "Relationship", "relationship": {
                "ref": reference,
                "many": many,
                "rank": rank,
                "joinCollection": { "name": model.to_lowercase(), "model": model },
            } })
        };
        json!({
            "key": own,
            "adapter": 0,
            "rank": at,
            "foreignKeyType": "integer",
            "collection": own.to_lowercase(),
            "fields": [
                { "path": "name", "type": "Text" },
                field(0, "author", &next, "", false),
                field(7, "reviewers", &next, "", true),
                field(1, "leadAuthor", &next, "leadPost", false),
                field(4, "publisher", &next, "published", false),
                field(6, "readers", &next, "readPosts", true),
                field(2, "leadPost", &previous, "leadAuthor", false),
                field(3, "published", &previous, "publisher", true),
                field(5, "readPosts", &previous, "readers", true),
            ],
        })
    };
    json!({
        "version": snapshot::VERSION,
        "locale": "en-US",
        "adapters": [{ "name": adapter, "kind": adapter }],
        "lists": (0..lists).map(list).collect::<Vec<Value>>(),
    })
    .to_string()
}

/// The stages of a project, each made from those before it.
struct Stages {
    json: String,
    snapshot: Snapshot,
    plan: UpgradePlan,
}

impl Stages {
    fn new(adapter: &str, lists: usize) -> Self {
        let json = project(adapter, lists);
        let snapshot = Snapshot::parse(&json).expect("a sound snapshot");
        let plan = UpgradePlan::new(&snapshot).expect("a sound project");
        Stages { json, snapshot, plan }
    }

    fn run(&self, case: &str) -> usize {
        match case {
            "parse" => Snapshot::parse(&self.json).map_or(0, |it| it.lists.len()),
            "plan" => UpgradePlan::new(&self.snapshot).map_or(0, |it| it.relationships.len()),
            "migration" => self.migration(),
            "summary" => summary::render(&self.plan, None, false).map_or(0, |text| text.len()),
            "diff" => {
                let [old, new] = [Which::Old, Which::New].map(|which| self.schema(which));
                diff::unified(&old, &new, ("old", "new"), false).len()
            }
            _ => panic!("{case}: there are {CASES:?}"),
        }
    }

    /// The length of the text, which is not kept.
    fn migration(&self) -> usize {
        let part = &self.plan.adapters[0];
        let mut length = 0;
        let mut count = |piece: &str| length += black_box(piece).len();
        let mut out = Pieces::new(&mut count);
        match &part.engine {
            Engine::PostgreSql { schema_name, steps } => {
                postgres::migration(&self.plan, part, schema_name, steps, UP, &mut out)
                    .expect("no types are needed");
            }
            Engine::MongoDb { steps } => mongodb::migration(&self.plan, part, steps, UP, &mut out),
        }
        out.finish();
        length
    }

    fn schema(&self, which: Which) -> String {
        match TableSchema::new(&self.plan, &self.snapshot, 0, which) {
            Some(schema) => postgres::schema(&schema),
            None => mongodb::schema(&self.plan, &self.snapshot, 0, which),
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [once, adapter, case, ..] = &args[..]
        && once == "once"
    {
        black_box(Stages::new(adapter, 1_000).run(case));
        return;
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    for adapter in ["knex", "mongoose"] {
        for lists in [100, 1_000] {
            let stages = Stages::new(adapter, lists);
            let mut group = criterion.benchmark_group(adapter);
            for case in CASES {
                group.bench_function(BenchmarkId::new(case, lists), |bencher| {
                    bencher.iter(|| stages.run(black_box(case)));
                });
            }
        }
    }
    criterion.final_summary();
}
