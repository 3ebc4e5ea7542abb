//! Registers and memories.
use super::builder::{Builder, POISON};
use super::range::{Range, bits_signed};
use super::signal::{Bit, SInt, UInt, Value};
use crate::bits::Bits;
use crate::ir::*;
use crate::ops::Op;
use crate::verify::address_bits;
use num_bigint::BigInt;
use std::panic::Location;

impl<'b> Builder<'b> {
    /// A register starting at `init`, whose two's complement form must fit the width.
    fn state(self, loc: Loc, name: &str, width: u32, init: &BigInt, fits: bool) -> (NodeId, u32) {
        let poison = (POISON, u32::MAX);
        if width == 0 {
            self.error_at(loc, "W004", format!("state `{name}` has no bits"), &[], "ask for at least one bit");
            return poison;
        }
        if !fits {
            let message = format!("initial value {init} does not fit the {width} bits of state `{name}`");
            self.error_at(loc, "W001", message, &[], "give it at least as many bits as the value needs");
            return poison;
        }
        let mut ctx = self.ctx.borrow_mut();
        let imm = ctx.module.states.len() as u32;
        let id = ctx.module.push(Node { op: Op::State, width, args: [NodeId(0); 3], imm }, NameId(0), Some(loc));
        let name = format!("{}{name}", ctx.scope);
        ctx.module.states.push(State {
            name,
            read: id,
            next: id,
            enable: None,
            init: Bits::from_signed(width, init),
            reset: true,
        });
        ctx.driven.push(false);
        (id, imm)
    }

    /// Register of `width` unsigned bits, starting at `init`.
    #[track_caller]
    pub fn state_uint(self, name: &str, width: u32, init: u64) -> Reg<UInt<'b>> {
        let fits = 64 - init.leading_zeros() <= width;
        let (id, index) = self.state(Location::caller(), name, width, &BigInt::from(init), fits);
        Reg { value: UInt::make(self, id, width, Range::unsigned(width)), index }
    }

    /// Register of `width` two's complement bits, starting at `init`.
    #[track_caller]
    pub fn state_sint(self, name: &str, width: u32, init: i64) -> Reg<SInt<'b>> {
        let fits = bits_signed(init.into(), init.into()) <= width;
        let (id, index) = self.state(Location::caller(), name, width, &BigInt::from(init), fits);
        Reg { value: SInt::make(self, id, width, Range::signed(width)), index }
    }

    /// One-bit register.
    #[track_caller]
    pub fn state_bit(self, name: &str, init: bool) -> Reg<Bit<'b>> {
        let (id, index) = self.state(Location::caller(), name, 1, &BigInt::from(u8::from(init)), true);
        Reg { value: Bit::make(self, id, 1, Range::unsigned(1)), index }
    }

    /// Synchronous memory of `depth` words of `width` bits, all 0 at power-up and not cleared by reset;
    /// one write port and any number of reads.
    #[track_caller]
    pub fn ram(self, name: &str, depth: u32, width: u32) -> Memory<'b> {
        self.memory(name, depth, width, true)
    }

    /// Synchronous memory whose words may be anything until they are written.
    #[track_caller]
    pub fn buffer(self, name: &str, depth: u32, width: u32) -> Memory<'b> {
        self.memory(name, depth, width, false)
    }

    #[track_caller]
    fn memory(self, name: &str, depth: u32, width: u32, zeroed: bool) -> Memory<'b> {
        if depth == 0 || width == 0 {
            let message = format!("memory `{name}` has {depth} words of {width} bits");
            self.error("W004", message, "ask for at least one word of one bit");
        }
        let mut ctx = self.ctx.borrow_mut();
        let index = ctx.module.rams.len() as u32;
        let name = format!("{}{name}", ctx.scope);
        let (depth, width) = (depth.max(1), width.max(1));
        ctx.module.rams.push(Ram { name, width, depth, zeroed, write: None });
        drop(ctx);
        Memory { m: self, index, width, depth }
    }

    pub(super) fn drive(self, loc: Loc, index: u32, next: NodeId, width: u32, enable: Option<NodeId>) {
        if index == u32::MAX {
            return; // The state itself was a mistake.
        }
        let (name, own, again) = {
            let mut ctx = self.ctx.borrow_mut();
            let again = std::mem::replace(&mut ctx.driven[index as usize], true);
            let s = &ctx.module.states[index as usize];
            (s.name.clone(), s.init.width(), again)
        };
        if again {
            self.error_at(
                loc,
                "S001",
                format!("state `{name}` gets a second next value"),
                &[next],
                "choose with `select` before one `set`",
            );
        } else if width != own {
            self.error_at(
                loc,
                "S002",
                format!("state `{name}` has {own} bits, its next value {width}"),
                &[next],
                "use `wrap`, `saturate`, `narrow` or a wider state",
            );
        } else if next != POISON && enable != Some(POISON) {
            let mut ctx = self.ctx.borrow_mut();
            let s = &mut ctx.module.states[index as usize];
            (s.next, s.enable) = (next, enable);
        }
    }
}

/// A register handle: read with [`Reg::get`], written once with [`Reg::set`] or [`Reg::set_when`].
#[derive(Clone, Copy)]
pub struct Reg<V> {
    value: V,
    index: u32,
}

impl<'b, V: Value<'b>> Reg<V> {
    /// Present value.
    pub fn get(self) -> V {
        self.value
    }

    /// Value after the next clock edge; call once.
    #[track_caller]
    pub fn set(self, next: V) {
        self.value.builder().drive(Location::caller(), self.index, next.id(), next.width(), None);
    }

    /// Value after the next clock edge if `enable`, else unchanged; call once.
    #[track_caller]
    pub fn set_when(self, enable: Bit<'b>, next: V) {
        self.value.builder().drive(Location::caller(), self.index, next.id(), next.width(), Some(enable.id()));
    }
}

/// A memory handle.
#[derive(Clone, Copy)]
pub struct Memory<'b> {
    m: Builder<'b>,
    index: u32,
    width: u32,
    depth: u32,
}

impl<'b> Memory<'b> {
    /// The address at the width of the memory's; a wider one must be known to stay below the depth, or claims it.
    fn address(self, loc: Loc, addr: UInt<'b>) -> NodeId {
        let bits = address_bits(self.depth);
        let last = u128::from(self.depth - 1);
        let reaches = addr.range().bounds().is_none_or(|(_, hi)| hi as u128 > last);
        if reaches && addr.id() != POISON {
            let over = self.m.nat(last).lt(addr);
            let holds = self.m.op(loc, Op::Not, 1, &[over.id()], 0);
            self.m.claim(holds, format!("address below {} at {}:{}", self.depth, loc.file(), loc.line()));
        }
        addr.extend_to(loc, bits)
    }

    /// Connects the write port: when `enable`, `data` goes to `addr` at the clock edge. Call once.
    #[track_caller]
    pub fn write(self, addr: UInt<'b>, data: UInt<'b>, enable: Bit<'b>) {
        let loc = Location::caller();
        let again = self.m.ctx.borrow().module.rams[self.index as usize].write.is_some();
        if again {
            self.m.error_at(
                loc,
                "S001",
                "a memory gets a second write port".into(),
                &[],
                "choose with `select` before one `write`",
            );
        } else if data.width() != self.width {
            let message = format!("memory words have {} bits, the data {}", self.width, data.width());
            self.m.error_at(loc, "S002", message, &[data.id()], "bring the data to the word width");
        } else {
            let nodes = (self.address(loc, addr), data.id(), enable.id());
            if ![nodes.0, nodes.1, nodes.2].contains(&POISON) {
                self.m.ctx.borrow_mut().module.rams[self.index as usize].write = Some(nodes);
            }
        }
    }

    /// A read port: the word at `addr` appears after the next clock edge (the old word if it is being written).
    #[track_caller]
    pub fn read(self, addr: UInt<'b>) -> UInt<'b> {
        let loc = Location::caller();
        let addr = self.address(loc, addr);
        if addr == POISON {
            return UInt::make(self.m, POISON, self.width, Range::unsigned(self.width));
        }
        let mut ctx = self.m.ctx.borrow_mut();
        let imm = ctx.module.ram_reads.len() as u32;
        let node = Node { op: Op::RamRead, width: self.width, args: [NodeId(0); 3], imm };
        let id = ctx.module.push(node, NameId(0), Some(loc));
        ctx.module.ram_reads.push(RamRead { ram: self.index, addr, read: id });
        drop(ctx);
        UInt::make(self.m, id, self.width, Range::unsigned(self.width))
    }
}
