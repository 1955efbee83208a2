//! What a pickle builds: values that may be shared, and in a hostile one may hold themselves.

use crate::format::{MAX_DEPTH, Value, fault::Fault};

/// The number of a node in the [`Graph`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(usize);

pub(super) enum Node {
    /// What holds nothing else.
    Leaf(Value),
    /// A list, tuple, set or frozenset.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
}

/// All values of one pickle.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// How many others hold each of them.
    uses: Vec<u32>,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> Id {
        match &node {
            Node::Leaf(_) => {}
            Node::List(items) => items.iter().for_each(|&item| self.count(item)),
            Node::Dict(pairs) => pairs.iter().for_each(|&(key, value)| {
                self.count(key);
                self.count(value);
            }),
        }
        self.nodes.push(node);
        self.uses.push(0);
        Id(self.nodes.len() - 1)
    }

    /// Appends items to a list.
    pub(super) fn extend(&mut self, list: Id, added: &[Id]) -> Result<(), Fault> {
        match self.nodes.get_mut(list.0) {
            Some(Node::List(items)) => items.extend_from_slice(added),
            _ => return Err(Fault::new("items for something that is no list")),
        }
        for &item in added {
            self.count(item);
        }
        Ok(())
    }

    /// Adds pairs to a dict, given as key, value, key, value.
    pub(super) fn insert(&mut self, dict: Id, added: &[Id]) -> Result<(), Fault> {
        let pairs = pairs(added)?;
        match self.nodes.get_mut(dict.0) {
            Some(Node::Dict(known)) => known.extend(pairs),
            _ => return Err(Fault::new("pairs for something that is no dict")),
        }
        for &item in added {
            self.count(item);
        }
        Ok(())
    }

    /// The text of a leaf.
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.nodes.get(id.0) {
            Some(Node::Leaf(Value::Text(text))) => Some(text),
            _ => None,
        }
    }

    fn count(&mut self, id: Id) {
        if let Some(uses) = self.uses.get_mut(id.0) {
            *uses = uses.saturating_add(1);
        }
    }

    /// The value that a node is, with all it holds. What is shared is copied, as long as the whole
    /// stays within a number of bytes.
    pub(super) fn into_value(self, root: Id, budget: usize) -> Result<Value, Fault> {
        let mut unfold = Unfold { graph: self, path: Vec::new(), budget };
        unfold.value(root, false)
    }
}

/// Key, value, key, value as pairs.
pub(super) fn pairs(items: &[Id]) -> Result<Vec<(Id, Id)>, Fault> {
    let (pairs, rest) = items.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Fault::new("a key without a value"));
    }
    Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
}

struct Unfold {
    graph: Graph,
    /// What is being unfolded, from the root.
    path: Vec<Id>,
    /// How many bytes may still be made.
    budget: usize,
}

impl Unfold {
    /// `is_shared` says that what holds this one will be unfolded again.
    fn value(&mut self, id: Id, is_shared: bool) -> Result<Value, Fault> {
        let is_shared = is_shared || self.graph.uses.get(id.0).is_none_or(|&uses| uses > 1);
        let node = self.graph.nodes.get_mut(id.0).ok_or_else(|| Fault::new("no such value"))?;
        match node {
            Node::Leaf(value) => {
                let size = size_of::<Value>() + heap(value);
                self.budget = self.budget.checked_sub(size).ok_or_else(too_large)?;
                Ok(if is_shared { value.clone() } else { std::mem::take(value) })
            }
            Node::List(items) => {
                let items = if is_shared { items.clone() } else { std::mem::take(items) };
                self.enter(id)?;
                let items = items.into_iter().map(|item| self.value(item, is_shared));
                let list = items.collect::<Result<_, Fault>>();
                self.path.pop();
                Ok(Value::List(list?))
            }
            Node::Dict(pairs) => {
                let pairs = if is_shared { pairs.clone() } else { std::mem::take(pairs) };
                self.enter(id)?;
                let pairs = pairs.into_iter();
                let map = pairs.map(|(key, value)| {
                    Ok((self.value(key, is_shared)?, self.value(value, is_shared)?))
                });
                let map = map.collect::<Result<_, Fault>>();
                self.path.pop();
                Ok(Value::Map(map?))
            }
        }
    }

    fn enter(&mut self, id: Id) -> Result<(), Fault> {
        if self.path.contains(&id) {
            return Err(Fault::new("a value that holds itself"));
        }
        if self.path.len() >= usize::from(MAX_DEPTH) {
            return Err(Fault::too_deep());
        }
        self.budget = self.budget.checked_sub(size_of::<Value>()).ok_or_else(too_large)?;
        self.path.push(id);
        Ok(())
    }
}

fn heap(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::BigInt(big) => big.as_le_bytes().len(),
        _ => 0,
    }
}

fn too_large() -> Fault {
    Fault::new("a pickle that unfolds to far more than it is")
}
