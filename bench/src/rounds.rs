//! Alternation: every contender once, then every contender again, so that a machine that slows
//! down slows all of them down.

use std::path::{Path, PathBuf};

use crate::error::Result;

/// Something that is measured beside others: an engine, a variant, a data structure.
pub(crate) struct Contender<T> {
    /// What the tables call it.
    pub(crate) name: &'static str,
    /// The thing itself.
    pub(crate) what: T,
}

/// All rounds of one contender.
pub(crate) struct Series<R> {
    /// The contender's name.
    pub(crate) name: &'static str,
    /// One result for each round, in the order they ran.
    pub(crate) rounds: Vec<R>,
}

/// The directory under which every measurement gets one of its own.
pub(crate) struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// Creates the directory if it is not there.
    pub(crate) fn new(root: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&root)
            .map_err(|error| format!("cannot create {}: {error}", root.display()))?;
        Ok(Self { root })
    }

    /// An empty directory that lives as long as the closure runs.
    pub(crate) fn fresh<R>(&self, run: impl FnOnce(&Path) -> Result<R>) -> Result<R> {
        let directory = tempfile::tempdir_in(&self.root)?;
        let result = run(directory.path())?;
        directory.close()?;
        Ok(result)
    }
}

/// Runs `rounds` rounds of all contenders, each time in a fresh directory.
///
/// `title` goes into the progress lines, which are written to stderr.
pub(crate) fn alternate<T, R>(
    scratch: &Scratch,
    title: &str,
    contenders: &[Contender<T>],
    rounds: usize,
    mut run: impl FnMut(&T, &Path) -> Result<R>,
) -> Result<Vec<Series<R>>> {
    let mut all: Vec<Series<R>> = contenders
        .iter()
        .map(|contender| Series { name: contender.name, rounds: Vec::with_capacity(rounds) })
        .collect();
    for round in 1..=rounds {
        for (contender, series) in contenders.iter().zip(&mut all) {
            let name = contender.name;
            eprintln!("{title}: round {round} of {rounds}: {name}");
            let result = scratch
                .fresh(|directory| run(&contender.what, directory))
                .map_err(|error| format!("{title}: {name}: {error}"))?;
            series.rounds.push(result);
        }
    }
    Ok(all)
}
