//! How work goes from the callers' threads to the writer's and answers come back.
//!
//! This is the core that loom checks: no SQLite, no files, no clocks, no sleeping, only what
//! [`crate::sync`] offers. Its invariants are models in `loom-tests`.

mod bell;
#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "iteration takes up the rest; the models use all")
)]
pub(crate) mod cache;
mod lifecycle;
mod line;
mod mailbox;
mod reply;
mod view;

pub(crate) use bell::{Bell, Woken};
pub(crate) use lifecycle::{End, Lifecycle};
pub(crate) use mailbox::{Inbox, Limits, Load, Mailbox, Next, NotSent, Weigh, mailbox};
pub(crate) use reply::{Gone, Reply, reply};
pub(crate) use view::{Lease, Reading, Revoked, Viewer};
