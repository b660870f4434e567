//! Files depend on each other in one direction: no circle leads back to where it began.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module by its path within the crate: `["postgres", "quote"]`.
type Module = Vec<String>;

/// The sources of all modules, without comments and what is only for tests.
fn modules(folder: &Path, parent: &[String]) -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let module = [parent, &[name.to_owned()]].concat();
        if path.is_dir() {
            found.append(&mut modules(&path, &module));
        } else if name != "lib" {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]\nmod ").next().unwrap();
            let lines = code.lines().map(|line| line.split("//").next().unwrap());
            found.insert(module, lines.collect::<Vec<_>>().join("\n"));
        }
    }
    found
}

/// The paths that code names, with those in braces spelt out: `crate::a::{b, c::d}` names two.
fn paths(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    // The paths that the braces around are within; other braces are within nothing.
    let mut around: Vec<Module> = Vec::new();
    let mut path: Module = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if length > 0 {
            if path.is_empty() {
                path = around.last().cloned().unwrap_or_default();
            }
            path.push(rest[..length].to_owned());
            rest = &rest[length..];
        } else if let Some(after) = rest.strip_prefix("::") {
            rest = after;
            if let Some(after) = rest.strip_prefix('{') {
                around.push(std::mem::take(&mut path));
                rest = after;
            }
            continue;
        } else {
            match first {
                '{' => around.push(Vec::new()),
                '}' => drop(around.pop()),
                _ => {}
            }
            rest = &rest[first.len_utf8()..];
        }
        if !rest.starts_with("::") && path.len() > 1 {
            found.push(std::mem::take(&mut path));
        }
        if !rest.starts_with("::") {
            path.clear();
        }
    }
    found
}

/// The other modules that a module names.
fn dependencies(module: &Module, code: &str, all: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let absolute = |path: Module| -> Module {
        match path[0].as_str() {
            "crate" => path[1..].to_vec(),
            "super" => {
                let ups = path.iter().take_while(|it| *it == "super").count();
                [&module[..module.len().saturating_sub(ups)], &path[ups..]].concat()
            }
            "self" => [module, &path[1..]].concat(),
            _ => [module, &path[..]].concat(),
        }
    };
    let longest = |path: Module| {
        (1..=path.len()).rev().map(|end| path[..end].to_vec()).find(|it| all.contains_key(it))
    };
    let named = paths(code).into_iter().map(absolute).filter_map(longest);
    named.filter(|other| other != module).collect()
}

/// The first circle that there is, as the modules on it.
fn circle(graph: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    fn visit<'a>(
        module: &'a Module,
        graph: &'a BTreeMap<Module, BTreeSet<Module>>,
        way: &mut Vec<&'a Module>,
        done: &mut BTreeSet<&'a Module>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|it| *it == module) {
            let circle = way[start..].iter().chain([&module]);
            return Some(circle.map(|it| it.join("::")).collect());
        }
        if !done.insert(module) {
            return None;
        }
        way.push(module);
        let mut next = graph.get(module).into_iter().flatten();
        let found = next.find_map(|next| visit(next, graph, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| visit(module, graph, &mut Vec::new(), &mut done))
}

#[test]
fn no_circle_leads_through_the_files_of_the_crate() {
    let all = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[]);
    let graph: BTreeMap<_, _> = all
        .iter()
        .map(|(module, code)| (module.clone(), dependencies(module, code, &all)))
        .collect();
    let edges: usize = graph.values().map(BTreeSet::len).sum();
    assert!(graph.len() > 30 && edges > 80, "{} modules, {edges} dependencies", graph.len());
    assert_eq!(circle(&graph), None);
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let named = |text: &str| text.split("::").map(str::to_owned).collect::<Module>();
    let sources = [
        ("a", "use crate::b::{self, inner::{Thing, Other}};"),
        ("b", "use std::fmt; mod inner; fn f() { inner::go() }"),
        ("b::inner", "use super::super::c::{Deep};"),
        ("c", "fn f(it: crate::a::Thing) {}"),
    ];
    let all: BTreeMap<Module, String> =
        sources.iter().map(|(module, code)| (named(module), (*code).to_owned())).collect();
    let graph: BTreeMap<_, _> = all
        .iter()
        .map(|(module, code)| (module.clone(), dependencies(module, code, &all)))
        .collect();
    assert_eq!(circle(&graph).unwrap().join(" "), "a b b::inner c a");
}
