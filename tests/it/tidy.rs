//! Rules about the sources that no compiler and no lint holds.

use std::{
    fs,
    path::{Path, PathBuf},
};

struct Source {
    /// Relative to `src`.
    path: String,
    text: String,
}

impl Source {
    /// Without what is a comment. No string in `src` holds two slashes.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(|line| line.split("//").next().unwrap())
    }

    fn names(&self, what: &str) -> bool {
        self.code().any(|line| line.contains(what))
    }

    fn is_in(&self, place: &str) -> bool {
        self.path == place || (place.ends_with('/') && self.path.starts_with(place))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source {
                    path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
                    text: fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    assert!(found.len() > 30);
    found
}

/// What may be named in one place only.
const AT_HOME: &[(&str, &[&str])] = &[
    ("parking_lot", &["sync.rs"]),
    ("crossbeam_channel", &["sync.rs"]),
    ("std::sync::atomic", &["sync.rs"]),
    ("arc_swap", &["sync.rs"]),
    ("papaya", &["sync.rs"]),
    ("foldhash", &["sync.rs"]),
    ("crossbeam_queue", &["readers.rs"]),
    ("backoff::", &["retry.rs"]),
    ("rusqlite", &["store/", "vault/tests.rs"]),
    ("unsafe ", &["store/ffi.rs"]),
    ("unsafe_code", &["store/ffi.rs"]),
    ("tracing::", &["log.rs"]),
];

#[test]
fn everything_stays_where_it_belongs() {
    let sources = sources();
    for (what, homes) in AT_HOME {
        for home in *homes {
            let used = sources.iter().any(|source| source.is_in(home) && source.names(what));
            assert!(used, "{what} is not even in {home}: is the rule still about anything?");
        }
        for source in &sources {
            let may = homes.iter().any(|home| source.is_in(home));
            assert!(may || !source.names(what), "{} names {what}", source.path);
        }
    }
}

#[test]
fn only_retrying_sleeps() {
    for source in sources() {
        let sleeps = source.names("sleep(") || source.names("::sleep");
        assert!(!sleeps || source.path == "retry.rs", "{} sleeps", source.path);
    }
}

/// The model checker takes the files of the core as they are, and offers no more than this.
#[test]
fn the_core_stands_on_its_own() {
    let sources = sources();
    let core: Vec<&Source> = sources.iter().filter(|source| source.is_in("handoff/")).collect();
    assert!(core.len() > 3);
    for source in core {
        for line in source.code() {
            let line = line.replace("pub(crate)", "pub");
            for outside in line.split("crate::").skip(1) {
                assert!(outside.starts_with("sync"), "{}: {line}", source.path);
            }
            for outside in line.split("std::").skip(1) {
                let allowed = ["collections::", "mem::", "fmt::", "cmp::", "hash::", "io::Result"];
                let may = allowed.iter().any(|module| outside.starts_with(module));
                assert!(may, "{}: {line}", source.path);
            }
            if let Some(used) = line.trim_start().strip_prefix("use ") {
                let roots = ["crate::sync", "super::", "std::"];
                let may = roots.iter().any(|root| used.starts_with(root));
                assert!(may, "{}: {line}", source.path);
            }
        }
        assert!(!source.names("cfg(test)") && !source.names("mod tests"), "{}", source.path);
        assert!(!source.text.contains("```"), "a doctest in {}", source.path);
    }
}

#[test]
fn layers_look_downward() {
    for source in sources() {
        // The format knows neither SQLite nor the engine, SQLite's layer none of what is above it.
        let above: &[&str] = match source.path.split('/').next().unwrap() {
            "format" => &["store", "writer", "engine", "readers", "vault", "handoff", "options"],
            "store" => &["writer", "engine", "readers", "vault", "handoff", "format", "retry"],
            "readers.rs" => &["writer", "engine", "keeper", "vault", "registry"],
            "writer" => &["engine", "keeper", "vault", "registry"],
            _ => continue,
        };
        for module in above {
            for line in source.code() {
                let names = line.contains(&format!("crate::{module}"))
                    || line.trim_start().starts_with(&format!("{module}::"));
                assert!(!names, "{} looks up to {module}: {line}", source.path);
            }
        }
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", source.path);
    }
}

/// A clock that jumps must not end, begin or delay anything: only what people read is dated, and
/// chance taken from the last digits.
#[test]
fn the_wall_clock_decides_nothing() {
    for source in sources() {
        let may = ["writer/monitor.rs", "retry.rs"].contains(&&*source.path);
        assert!(may || !source.text.contains("SystemTime::now"), "{}", source.path);
    }
}
