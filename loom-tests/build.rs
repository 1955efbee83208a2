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
            let copy = out.join(&name);
            fs::create_dir_all(copy.parent().expect("a folder")).expect("a folder is made");
            fs::write(copy, text).expect("a copy is written");
        }
    }
    let mut with_paths = String::new();
    for line in root.lines().filter(|line| !line.starts_with("//!")) {
        let module = line.strip_prefix("pub(crate) ").unwrap_or(line).strip_prefix("mod ");
        if let Some(module) = module.and_then(|rest| rest.strip_suffix(';')) {
            let folder = out.join(module);
            let path = if folder.is_dir() { folder.join("mod") } else { folder };
            let path = path.with_extension("rs").display().to_string();
            writeln!(with_paths, "#[path = {path:?}]").expect("a string");
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

/// All sources below a folder, by their paths in it.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(Path::new(folder), "", &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push((name, fs::read_to_string(&path).expect("the file can be read")));
        }
    }
}
