//! Variable shifts as ladders of multiplexers, one per bit of the distance.
//!
//! The order keeps what lies between the steps narrow: a short value that moves into a wide word takes small steps
//! first and grows late; a wide word of which little is left takes big steps first, so that what
//! nobody reads goes early.
use super::Splitter;
use crate::ir::NodeId;
use crate::ops::Op;

impl Splitter<'_> {
    /// Bits of the distance that move something within `width` bits, and one bit that is 1 if any higher one is.
    fn distance(&mut self, n: NodeId, width: u32) -> (Vec<NodeId>, Option<NodeId>) {
        let useful = (0..self.f.w(n)).take_while(|i| *i < 31 && 1 << i < width).count() as u32;
        let far = self.f.w(n) - useful;
        let steps = (0..useful).map(|i| self.bit(n, i)).collect();
        let far = (far > 0).then(|| {
            let high = self.f.slice(n, useful, far);
            self.make(Op::RedOr, 1, &[high], 0)
        });
        (steps, far)
    }

    /// `a << n`.
    pub(super) fn left(&mut self, a: NodeId, n: NodeId) -> NodeId {
        let w = self.f.w(a);
        let own = w - self.f.leading_zeros(a).min(w - 1);
        let mut x = self.f.slice(a, 0, own);
        let (steps, far) = self.distance(n, w);
        for (i, step) in steps.into_iter().enumerate() {
            let d = 1 << i;
            let width = (self.f.w(x) + d).min(w);
            let low = self.f.slice(x, 0, width - d);
            let (moved, kept) = (self.f.above_zeros(low, d), self.f.zext(x, width));
            x = self.mux(step, moved, kept);
            self.named(x, &format!("by{d}"));
        }
        let x = self.f.zext(x, w);
        self.gone(far, x, false)
    }

    /// `a >> n`, filled with 0 or with the sign.
    pub(super) fn right(&mut self, signed: bool, a: NodeId, n: NodeId) -> NodeId {
        let w = self.f.w(a);
        let own = if signed { w } else { w - self.f.leading_zeros(a).min(w - 1) };
        // Zeros below `low` are not carried along.
        let mut low = self.f.trailing_zeros(a).min(own - 1);
        let mut x = self.f.slice(a, low, own - low);
        let (steps, far) = self.distance(n, own);
        let mut order: Vec<(u32, NodeId)> = steps.into_iter().enumerate().map(|(i, s)| (1 << i, s)).collect();
        if low == 0 {
            order.reverse();
        }
        for (d, step) in order {
            let grown = low.min(d);
            low -= grown;
            let wide = self.f.above_zeros(x, grown);
            let width = self.f.w(wide);
            // What `grown` does not cover falls off.
            let lost = d - grown;
            let above = if lost < self.f.w(x) { self.f.slice(x, lost, self.f.w(x) - lost) } else { self.top(x, signed) };
            let moved = if signed { self.f.sext(above, width) } else { self.f.zext(above, width) };
            x = self.mux(step, moved, wide);
            self.named(x, &format!("by{d}"));
        }
        let x = self.f.above_zeros(x, low);
        let x = if signed { x } else { self.f.zext(x, w) };
        self.gone(far, x, signed)
    }

    /// One bit of what fills from above.
    fn top(&mut self, x: NodeId, signed: bool) -> NodeId {
        if signed { self.bit(x, self.f.w(x) - 1) } else { self.f.zero(1) }
    }

    /// Nothing is left if `far`.
    fn gone(&mut self, far: Option<NodeId>, x: NodeId, signed: bool) -> NodeId {
        let Some(far) = far else { return x };
        let w = self.f.w(x);
        let fill = self.top(x, signed);
        let fill = self.f.sext(fill, w);
        self.mux(far, fill, x)
    }
}
