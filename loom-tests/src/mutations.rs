// Every way in which the core was broken on purpose, and the model that notices.
//
// `build.rs` reads this list too. For each line it puts `if mutation::on(name) { to } else { from }`
// in the place of `from`, which must stand in `file` exactly once, and writes a test that expects
// `model` to fail. A `file` of "sync" is broken in the twin itself.

pub(crate) struct Mutation {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) model: &'static str,
}

pub(crate) const MUTATIONS: &[Mutation] = &[
    // The trap of crossbeam's `bounded`: what was queued when the receiver went lives on with the
    // senders, and so does the wait for its answer.
    Mutation {
        name: "queue_outlives_its_receiver",
        file: "sync",
        from: "",
        to: "",
        model: "a_dying_actor_wakes_every_waiter",
    },
    Mutation {
        name: "dropped_reply_says_nothing",
        file: "reply.rs",
        from: "slot.fill(Answer::Gone);",
        to: "drop(slot);",
        model: "a_dying_actor_wakes_every_waiter",
    },
    Mutation {
        name: "reply_is_not_notified",
        file: "reply.rs",
        from: "self.filled.notify_one();",
        to: "",
        model: "an_answer_reaches_its_waiter",
    },
    Mutation {
        name: "waits_without_looking",
        file: "reply.rs",
        from: "std::mem::replace(&mut *place, Answer::Owed)",
        to: "{ self.slot.filled.wait(&mut place); std::mem::replace(&mut *place, Answer::Owed) }",
        model: "an_answer_reaches_its_waiter",
    },
    Mutation {
        name: "end_is_not_marked",
        file: "lifecycle.rs",
        from: "self.ended.store(true, Ordering::Release);",
        to: "",
        model: "a_waiter_learns_why_its_answer_is_gone",
    },
    Mutation {
        name: "waiters_hear_before_the_end_is_marked",
        file: "lifecycle.rs",
        from: "self.end(how);\n        drop(owing);",
        to: "drop(owing);\n        self.end(how);",
        model: "a_waiter_learns_why_its_answer_is_gone",
    },
    Mutation {
        name: "second_end_hides_the_first",
        file: "lifecycle.rs",
        from: "self.end.lock().get_or_insert(how);",
        to: "*self.end.lock() = Some(how);",
        model: "the_first_end_stays",
    },
    Mutation {
        name: "room_is_not_announced",
        file: "line.rs",
        from: "!state.waiting.is_empty()",
        to: "false",
        model: "room_reaches_whoever_waits",
    },
    Mutation {
        name: "newcomer_overtakes",
        file: "line.rs",
        from: "state.waiting.is_empty() && self.limits.admit(state.load, bytes)",
        to: "self.limits.admit(state.load, bytes)",
        model: "a_large_message_is_not_overtaken",
    },
    Mutation {
        name: "admitted_one_does_not_pass_the_word",
        file: "line.rs",
        from: "// The next in line may find room too.\n                self.moved.notify_all();",
        to: "",
        model: "room_for_two_lets_two_in",
    },
    Mutation {
        name: "quitter_stays_in_line",
        file: "line.rs",
        from: "state.waiting.retain(|waiter| *waiter != ticket);",
        to: "",
        model: "who_gives_up_does_not_block_the_line",
    },
    Mutation {
        name: "entry_does_not_look_whether_it_is_closed",
        file: "line.rs",
        from: "if state.closed {\n            return Err(Refused::Closed);\n        }",
        to: "",
        model: "closing_wakes_who_waits_for_room",
    },
    Mutation {
        name: "closing_wakes_nobody",
        file: "line.rs",
        from: "self.state.lock().closed = true;\n        self.moved.notify_all();",
        to: "self.state.lock().closed = true;",
        model: "closing_wakes_who_waits_for_room",
    },
    Mutation {
        name: "inbox_goes_without_closing",
        file: "mailbox.rs",
        from: "self.line.close();",
        to: "",
        model: "closing_wakes_who_waits_for_room",
    },
];
