//! What the command line can run.

use crate::args::Args;
use crate::error::Result;
use crate::rounds::Scratch;

/// A question about speed, answered with Markdown tables on stdout.
pub(crate) trait Workload {
    /// Its name for `--only`.
    fn name(&self) -> &'static str;

    /// Measures and prints.
    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()>;
}
