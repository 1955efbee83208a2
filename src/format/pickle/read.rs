//! The machine that a pickle is a program for, without the instructions that reach outside.

use std::collections::HashMap;

use super::{
    graph::{Graph, Id, Node, pairs},
    opcode::{self as op, refused},
};
use crate::format::{BigInt, Value, fault::Fault, unpack::Input};

/// How much a pickle may unfold to through what it shares: this many bytes, and so many times its
/// own length.
const UNFOLDED: (usize, usize) = (64 << 20, 64);

/// Reads whatever it is.
pub(crate) fn read_value(payload: &[u8]) -> Result<Value, Fault> {
    let mut machine = Machine {
        input: Input::new(payload),
        graph: Graph::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    while !machine.step()? {}
    let root = machine.pop()?;
    machine.input.end()?;
    let (base, times) = UNFOLDED;
    machine.graph.into_value(root, payload.len().saturating_mul(times).saturating_add(base))
}

struct Machine<'a> {
    input: Input<'a>,
    graph: Graph,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

impl Machine<'_> {
    /// One instruction. Whether it was the last.
    fn step(&mut self) -> Result<bool, Fault> {
        let opcode = self.input.byte()?;
        match opcode {
            op::STOP => return Ok(true),
            op::PROTO => match self.input.byte()? {
                2..=5 => {}
                other => return Err(Fault::new(format_args!("pickle protocol {other}"))),
            },
            op::FRAME => {
                let len = self.long_length()?;
                self.input.expect(len, 1)?;
            }
            op::MARK => self.marks.push(self.stack.len()),
            op::POP => self.drop_top()?,
            op::POP_MARK => drop(self.pop_mark()?),
            op::DUP => self.stack.push(self.top()?),

            op::EMPTY_LIST | op::EMPTY_TUPLE | op::EMPTY_SET => self.push(Node::List(Vec::new())),
            op::EMPTY_DICT => self.push(Node::Dict(Vec::new())),
            op::LIST | op::TUPLE | op::FROZENSET => {
                let items = self.pop_mark()?;
                self.push(Node::List(items));
            }
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => self.tuple(opcode - op::TUPLE1 + 1)?,
            op::DICT => {
                let items = self.pop_mark()?;
                self.push(Node::Dict(pairs(&items)?));
            }
            op::APPEND => {
                let item = self.pop()?;
                self.graph.extend(self.top()?, &[item])?;
            }
            op::APPENDS | op::ADDITEMS => {
                let items = self.pop_mark()?;
                self.graph.extend(self.top()?, &items)?;
            }
            op::SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.graph.insert(self.top()?, &[key, value])?;
            }
            op::SETITEMS => {
                let items = self.pop_mark()?;
                self.graph.insert(self.top()?, &items)?;
            }

            op::BINGET => self.get_memo(u8::from_le_bytes)?,
            op::LONG_BINGET => self.get_memo(u32::from_le_bytes)?,
            op::BINPUT => self.put_memo(u8::from_le_bytes)?,
            op::LONG_BINPUT => self.put_memo(u32::from_le_bytes)?,
            op::MEMOIZE => {
                let top = self.top()?;
                self.memo.insert(self.memo.len(), top);
            }

            _ => match self.leaf(opcode)? {
                Some(value) => self.push(Node::Leaf(value)),
                None => return Err(self.refuse(opcode)),
            },
        }
        Ok(false)
    }

    /// A value that holds no other, if the opcode is one.
    fn leaf(&mut self, opcode: u8) -> Result<Option<Value>, Fault> {
        let input = &mut self.input;
        Ok(Some(match opcode {
            op::NONE => Value::Null,
            op::NEWTRUE => Value::Bool(true),
            op::NEWFALSE => Value::Bool(false),
            op::BININT1 => Value::from(u8::from_le_bytes(input.array()?)),
            op::BININT2 => Value::from(u16::from_le_bytes(input.array()?)),
            op::BININT => Value::from(i32::from_le_bytes(input.array()?)),
            op::BINFLOAT => Value::F64(f64::from_bits(u64::from_be_bytes(input.array()?))),
            op::LONG1 | op::LONG4 => {
                let len = if opcode == op::LONG1 {
                    self.length(u8::from_le_bytes)?
                } else {
                    self.length(u32::from_le_bytes)?
                };
                BigInt::parse(self.input.take(len)?)?
            }
            op::SHORT_BINUNICODE => {
                let len = self.length(u8::from_le_bytes)?;
                Value::from(self.input.text(len)?)
            }
            op::BINUNICODE => {
                let len = self.length(u32::from_le_bytes)?;
                Value::from(self.input.text(len)?)
            }
            op::BINUNICODE8 => {
                let len = self.long_length()?;
                Value::from(self.input.text(len)?)
            }
            op::SHORT_BINBYTES => {
                let len = self.length(u8::from_le_bytes)?;
                Value::from(self.input.take(len)?)
            }
            op::BINBYTES => {
                let len = self.length(u32::from_le_bytes)?;
                Value::from(self.input.take(len)?)
            }
            op::BINBYTES8 | op::BYTEARRAY8 => {
                let len = self.long_length()?;
                Value::from(self.input.take(len)?)
            }
            _ => return Ok(None),
        }))
    }

    fn length<const N: usize, T: TryInto<usize>>(
        &mut self,
        read: fn([u8; N]) -> T,
    ) -> Result<usize, Fault> {
        let len = read(self.input.array()?);
        len.try_into().map_err(|_| Fault::new("a length over what memory can be"))
    }

    fn long_length(&mut self) -> Result<usize, Fault> {
        self.length(u64::from_le_bytes)
    }

    fn push(&mut self, node: Node) {
        let id = self.graph.add(node);
        self.stack.push(id);
    }

    /// The part of the stack above the last mark is all that instructions may take from.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, Fault> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.floor() => Ok(id),
            _ => Err(Fault::new("an instruction with nothing to work on")),
        }
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// A mark may be dropped like a value.
    fn drop_top(&mut self) -> Result<(), Fault> {
        if self.stack.len() == self.floor() && self.marks.pop().is_some() {
            return Ok(());
        }
        self.pop().map(|_| ())
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, Fault> {
        let mark = self.marks.pop().ok_or_else(|| Fault::new("an instruction without a mark"))?;
        Ok(self.stack.split_off(mark))
    }

    fn tuple(&mut self, len: u8) -> Result<(), Fault> {
        let start = self.stack.len().checked_sub(len.into());
        let start = start.filter(|&start| start >= self.floor());
        let start = start.ok_or_else(|| Fault::new("a tuple of too few values"))?;
        let items = self.stack.split_off(start);
        self.push(Node::List(items));
        Ok(())
    }

    fn get_memo<const N: usize, T: TryInto<usize>>(
        &mut self,
        read: fn([u8; N]) -> T,
    ) -> Result<(), Fault> {
        let index = self.length(read)?;
        let id = self.memo.get(&index);
        let id = *id.ok_or_else(|| Fault::new(format_args!("nothing is memoized as {index}")))?;
        self.stack.push(id);
        Ok(())
    }

    fn put_memo<const N: usize, T: TryInto<usize>>(
        &mut self,
        read: fn([u8; N]) -> T,
    ) -> Result<(), Fault> {
        let index = self.length(read)?;
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    /// Why an opcode is not carried out; what it would import is named.
    fn refuse(&mut self, opcode: u8) -> Fault {
        let Some((name, why)) = refused(opcode) else {
            return Fault::new(format_args!("unknown pickle opcode 0x{opcode:02X}"));
        };
        let target = match opcode {
            op::GLOBAL => self.named_by_lines(),
            op::STACK_GLOBAL => self.named_by_stack(),
            _ => None,
        };
        let target = target.map_or(String::new(), |(module, name)| format!(": {module}.{name}"));
        Fault::new(format_args!("pickle opcode {name} {why}{target}"))
    }

    fn named_by_lines(&mut self) -> Option<(String, String)> {
        let module = self.input.line().ok()?.escape_ascii().to_string();
        Some((module, self.input.line().ok()?.escape_ascii().to_string()))
    }

    fn named_by_stack(&self) -> Option<(String, String)> {
        let [.., module, name] = self.stack.as_slice() else {
            return None;
        };
        Some((self.graph.text(*module)?.to_owned(), self.graph.text(*name)?.to_owned()))
    }
}
