//! Writes the mutated copy of the core and one test for each model and each mutation.

#![expect(clippy::expect_used, reason = "a build script stops with the reason")]

use std::{env, fmt::Write as _, fs, path::Path};

include!("src/mutations.rs");

const CORE: &str = "../src/handoff";
const MODELS: &str = "../tests/models";

fn main() {
    for watched in [CORE, MODELS, "src/mutations.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = Path::new(&out);
    fs::write(out.join("handoff.rs"), mutated_core(out)).expect("the core is written");
    fs::write(out.join("models.rs"), model_tests()).expect("the tests are written");
    fs::write(out.join("mutations.rs"), mutation_tests()).expect("the tests are written");
}

/// Copies the core with every mutation spliced in; returns its root module, with the paths of
/// the other files.
fn mutated_core(out: &Path) -> String {
    let mut root = String::new();
    for (name, mut text) in files(CORE) {
        for mutation in MUTATIONS.iter().filter(|mutation| mutation.file == name) {
            text = splice(&text, mutation);
        }
        if name == "mod.rs" {
            root = text;
        } else {
            fs::write(out.join(&name), text).expect("a copy is written");
        }
    }
    let mut with_paths = String::new();
    for line in root.lines().filter(|line| !line.starts_with("//!")) {
        let file = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        if let Some(file) = file {
            let path = out.join(format!("{file}.rs"));
            writeln!(with_paths, "#[path = {:?}]", path.display().to_string()).expect("a string");
        }
        writeln!(with_paths, "{line}").expect("a string");
    }
    with_paths
}

fn splice(text: &str, mutation: &Mutation) -> String {
    let Mutation { name, file, from, to, .. } = mutation;
    let found = text.matches(from).count();
    assert!(found == 1, "mutation {name}: its line stands {found} times in {file}, not once");
    let switched = format!("if crate::mutation::on({name:?}) {{ {to} }} else {{ {from} }}");
    let statement = from.ends_with(';') || from.ends_with('}');
    let switched = if statement { switched } else { format!("({switched})") };
    text.replacen(from, &switched, 1)
}

fn model_tests() -> String {
    let mut tests = String::new();
    for (_, text) in files(MODELS) {
        for line in text.lines() {
            let name = line.strip_prefix("pub(crate) fn ").and_then(|rest| rest.split('(').next());
            if let Some(name) = name {
                writeln!(tests, "#[test] fn {name}() {{ models::{name}(); }}").expect("a string");
            }
        }
    }
    tests
}

fn mutation_tests() -> String {
    let mut tests = String::new();
    let mut children = String::new();
    for Mutation { name, model, .. } in MUTATIONS {
        writeln!(tests, "#[test] fn {name}() {{ crate::mutation::must_fail({name:?}); }}")
            .expect("a string");
        write!(children, "({name:?}, models::{model}), ").expect("a string");
    }
    writeln!(tests, "#[test] fn a_broken_core() {{ crate::mutation::run_broken(&[{children}]); }}")
        .expect("a string");
    tests
}

fn files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("the file can be read"))
        })
        .collect();
    files.sort();
    files
}
