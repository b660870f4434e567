//! The places of relationships in both schemas, and what of them a database has.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::agreement::{self, Copies, Homeless};
use super::change::{Change, changes};
use super::names;
use super::questions::Questions;
use super::quote::{literal, values};
use crate::inspection::{State, Within};
use crate::plan::{self, AdapterPlan, Direction, Tables, UpgradePlan};
use crate::relationship::Relationship;
use crate::step::{JoinTable, Links, Owner, Planned, TablePlace, TableStep};

/// The columns and tables that are in the database.
pub(super) struct There {
    pub(super) all: Tables,
    /// Those of which the rows may be read.
    ours: HashSet<(String, String)>,
    /// The join tables that are renamed as they are called now.
    pub(super) located: BTreeMap<usize, JoinTable>,
}

#[derive(Deserialize)]
struct Found {
    tab: String,
    col: String,
    is_there: bool,
    is_ours: bool,
}

impl There {
    pub(super) fn ask(
        questions: &Questions<'_>,
        plan: &UpgradePlan,
        adapter: &AdapterPlan,
        steps: &[Planned<TableStep>],
        direction: Direction,
    ) -> Result<Self, String> {
        let changing: HashSet<usize> = steps.iter().map(|planned| planned.relationship).collect();
        let others = plan.relationships_of(adapter).filter(|(at, _)| !changing.contains(at));
        let others: Vec<_> = others.map(|(_, it)| Links::in_column(it)).collect();
        let mut places = plan::parts(steps);
        places.extend(others.iter().flat_map(|links| plan::parts_of(&links.place)));
        let mut found: Vec<Found> = Vec::new();
        if !places.is_empty() {
            // Of a view, or a table of someone else's, not even the rows are counted: that could run code.
            let query = format!(
                "WITH place (tab, col) AS (VALUES
{}
  ), owned AS (
    SELECT name, pg_class.oid, relowner, rolsuper OR rolname = current_user AS is_trusted,
      relkind IN ('r', 'p') AS is_table
    FROM (SELECT DISTINCT tab FROM place) AS named (name)
      JOIN pg_class ON pg_class.oid = to_regclass(format('%I.%I', {schema}, name))
      JOIN pg_roles ON pg_roles.oid = relowner
  )
  SELECT tab, col,
    oid IS NOT NULL AND (col = '' OR EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = oid AND attname = col AND NOT attisdropped
    )),
    coalesce(is_table, false) AND (is_trusted OR relowner = (
      SELECT mode() WITHIN GROUP (ORDER BY relowner) FROM owned WHERE is_table
    ))
  FROM place LEFT JOIN owned ON name = tab",
                values("    ", places.into_iter().map(|(tab, col)| [tab, col].map(literal))),
                schema = literal(questions.statements.schema_name()),
            );
            found = questions.rows("places", &query, &["tab", "col", "is_there", "is_ours"])?;
        }
        let renamed = names::renamed(&changes(steps, direction));
        let mut misnamed = HashSet::new();
        if direction == Direction::Up && !renamed.is_empty() {
            let query = names::misnamed(&questions.statements, &renamed);
            misnamed = questions.tables("names", &query)?;
        }
        let there = || found.iter().filter(|it| it.is_there);
        let part = |it: &Found| (it.tab.clone(), it.col.clone());
        let all = Tables { parts: there().map(part).collect(), misnamed };
        let ours = there().filter(|it| it.is_ours).map(part).collect();
        let located = plan::locate(steps, &all);
        Ok(There { all, ours, located })
    }

    fn contains(&self, (table, column): (&str, &str)) -> bool {
        self.ours.contains(&(table.to_owned(), column.to_owned()))
    }

    /// Whether a place is there whose rows may be read.
    pub(super) fn holds(&self, place: &TablePlace) -> bool {
        plan::parts_of(place).into_iter().all(|part| self.contains(part))
    }
}

/// The places of a relationship in both schemas.
pub(super) struct Places<'a> {
    pub(super) at: usize,
    pub(super) relationship: &'a Relationship,
    pub(super) places: Vec<Place>,
    /// The two copies of the old schema, where both are there and one is left to drop.
    pub(super) copies: Option<Copies<'a>>,
    /// Its join table that the old schema has no place for, where it is there.
    pub(super) homeless: Option<Homeless<'a>>,
    pub(super) remaining: Vec<Change<'a>>,
    /// Its join table has some of its new names, and some of the old.
    is_between: bool,
}

pub(super) struct Place {
    pub(super) links: Links<TablePlace>,
    pub(super) schema: Within,
    pub(super) is_kept: bool,
}

impl<'a> Places<'a> {
    /// Those of all relationships of an adapter. `remaining` are the changes that are left to do.
    pub(super) fn all(
        plan: &'a UpgradePlan,
        adapter: &AdapterPlan,
        steps: &[Planned<TableStep>],
        remaining: &[Change<'a>],
        there: &There,
    ) -> Vec<Self> {
        let on_the_way_up = changes(steps, Direction::Up);
        let all = by_relationship(&on_the_way_up);
        let mut remaining = by_relationship(remaining);
        let places = plan.relationships_of(adapter).map(|(at, relationship)| {
            let all = all.get(&at).map(Vec::as_slice).unwrap_or_default();
            let remaining = remaining.remove(&at).unwrap_or_default();
            Places::new(plan, (at, relationship), all, remaining, there)
        });
        places.collect()
    }

    fn new(
        plan: &'a UpgradePlan,
        (at, relationship): (usize, &'a Relationship),
        changes: &[Change<'_>],
        remaining: Vec<Change<'a>>,
        there: &There,
    ) -> Self {
        let owned_by_left = |place| Links { owner: Owner::Left, place };
        let mut places = Vec::new();
        let mut add = |links, schema, is_kept| places.push(Place { links, schema, is_kept });
        let renamed = changes.iter().find_map(|it| Some((it.from()?.place(), it.to()?.place())));
        let mut is_between = false;
        if let Some((from, to)) = &renamed {
            let now = there.located.get(&at).map(JoinTable::place).filter(|now| now != to);
            is_between = now.as_ref().is_some_and(|now| now != from);
            // Under some of its new names it is what was there before.
            add(owned_by_left(now.unwrap_or_else(|| from.clone())), Within::Old, true);
        }
        let copies_of = |change| Copies::of(change, &plan.relationships);
        if let Some(Copies { kept, dropped, .. }) = changes.iter().find_map(copies_of) {
            if renamed.is_none() {
                add(kept.clone(), Within::Both, true);
            }
            add(dropped, Within::Old, false);
        }
        for to in changes.iter().filter_map(Change::to) {
            add(owned_by_left(to.place()), Within::New, true);
        }
        if changes.is_empty() {
            add(Links::in_column(relationship), Within::Both, true);
        }
        let copies = remaining.iter().find_map(|change| Copies::of(change, &plan.relationships));
        let homeless =
            remaining.iter().find_map(|change| agreement::homeless(change, &plan.relationships));
        Places {
            at,
            relationship,
            places,
            copies: copies
                .filter(|it| there.holds(&it.kept.place) && there.holds(&it.dropped.place)),
            homeless: homeless.filter(|(_, table)| there.holds(&table.place())),
            remaining,
            is_between,
        }
    }

    /// `meeting` is what says nothing: see [`meeting_parts`].
    pub(super) fn state(&self, there: &There, meeting: &HashSet<(&str, &str)>) -> State {
        if self.places.iter().all(|place| place.schema == Within::Both) {
            return State::Unchanged;
        }
        if self.is_between {
            return State::Mixed;
        }
        let [stays, goes, comes] = [Within::Both, Within::Old, Within::New].map(|schema| {
            let telling = parts(&self.places, schema).filter(|part| !meeting.contains(part));
            telling.map(|part| there.contains(part)).collect::<Vec<bool>>()
        });
        let all = |there: &[bool]| there.iter().all(|it| *it);
        let none = |there: &[bool]| !there.contains(&true);
        // Where a schema has nothing that the other has not, the other decides.
        match (all(&stays), all(&goes), none(&goes), all(&comes), none(&comes)) {
            (true, _, true, true, _) => State::New,
            (true, true, _, _, true) => State::Old,
            (true, true, _, true, _) => State::Both,
            (true, _, true, _, true) if stays.is_empty() => State::Neither,
            (false, _, true, _, true) => State::Neither,
            _ => State::Mixed,
        }
    }
}

fn by_relationship<'a>(changes: &[Change<'a>]) -> HashMap<usize, Vec<Change<'a>>> {
    let mut found: HashMap<usize, Vec<Change<'a>>> = HashMap::new();
    for change in changes {
        found.entry(change.relationship).or_default().push(*change);
    }
    found
}

/// The columns and tables that belong to places in a schema.
fn parts<'a>(
    places: impl IntoIterator<Item = &'a Place>,
    schema: Within,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let places = places.into_iter().filter(move |place| place.schema == schema);
    places.flat_map(|place| plan::parts_of(&place.links.place))
}

/// What one relationship has in the old schema and another in the new: that it is there says nothing.
pub(super) fn meeting_parts<'a>(relationships: &'a [Places<'_>]) -> HashSet<(&'a str, &'a str)> {
    let [old, new] = [Within::Old, Within::New].map(|schema| -> HashSet<_> {
        parts(relationships.iter().flat_map(|it| &it.places), schema).collect()
    });
    old.intersection(&new).copied().collect()
}
