//! The pass: which nodes become units, and the instances in their place.
use super::Arch;
use super::coded::Magnitudes;
use super::cone::{Cone, Place};
use super::unit::{Kind, Unit};
use crate::edit::uses;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use crate::pass::fold::Fold;
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// The design with units built as `choose` says; what it has no architecture for stays as it is.
pub fn lower(design: &Design, choose: &dyn Fn(&Unit) -> Option<Arch>) -> Design {
    let mut library = Library { choose, modules: Vec::new(), known: BTreeMap::new() };
    let mut modules: Vec<Module> = Vec::new();
    for old in &design.modules {
        let new = sweep(old, &mut library);
        modules.push(Module { clocked: !old.is_combinational(design), pins: old.pins.clone(), ..new });
    }
    // New modules stand first: what was there moves up.
    let first = library.modules.len() as u32;
    for instance in library.modules.iter_mut().chain(&mut modules).flat_map(|m| &mut m.instances) {
        let id = instance.module.0;
        instance.module = ModuleId(if id >= NEW { id - NEW } else { id + first });
    }
    let modules = library.modules.into_iter().chain(modules).collect();
    Design { modules, top: ModuleId(design.top.0 + first), reset: design.reset }
}

/// Numbers of new modules start here until all are known.
const NEW: u32 = 1 << 31;

/// Bits that a distance may depend on for its range to be looked for.
const RANGE: u32 = 10;

struct Library<'c> {
    choose: &'c dyn Fn(&Unit) -> Option<Arch>,
    modules: Vec<Module>,
    known: BTreeMap<Unit, Option<ModuleId>>,
}

impl Library<'_> {
    /// True if a unit is to have a module.
    fn wants(&self, unit: &Unit) -> bool {
        (self.choose)(unit).is_some_and(|a| unit.architectures().contains(&a))
    }

    /// The module of a unit, if it is to have one.
    fn module(&mut self, unit: &Unit) -> Option<ModuleId> {
        if let Some(known) = self.known.get(unit) {
            return *known;
        }
        let arch = (self.choose)(unit).filter(|a| unit.architectures().contains(a));
        let id = arch.map(|arch| {
            let (built, first) = (unit.build(arch), NEW + self.modules.len() as u32);
            for mut m in built.modules {
                m.instances.iter_mut().for_each(|i| i.module.0 += first);
                m.name = self.free_name(&m.name);
                self.modules.push(m);
            }
            ModuleId(first + built.top.0)
        });
        self.known.insert(unit.clone(), id);
        id
    }

    /// A name that no module has yet: tables of one size need not be the same.
    fn free_name(&self, name: &str) -> String {
        let taken = |n: &String| self.modules.iter().any(|m| m.name == *n);
        let numbered = (2..).map(|k| format!("{name}_{k}"));
        std::iter::once(name.to_string()).chain(numbered).find(|n| !taken(n)).unwrap_or_default()
    }
}

/// What stands for a node and those below it that nothing else looks at.
struct Plan {
    unit: Unit,
    module: ModuleId,
    products: Vec<NodeId>,
    /// Addresses of numbers from a table.
    addresses: Vec<Vec<Place>>,
    /// Other inputs.
    others: Vec<NodeId>,
    /// Zeros below the result of the unit.
    zeros: u32,
}

/// The plans of a module, by the node whose value they give.
struct Plans {
    at: BTreeMap<NodeId, Plan>,
    /// Nodes made inside a unit.
    inside: Vec<bool>,
}

impl Plans {
    fn new(old: &Module, library: &mut Library) -> Plans {
        // A copy to look at: what is known of bits.
        let mut f = Fold { r: Rebuild::new(old) };
        (0..old.nodes.len() as u32).for_each(|i| {
            f.r.copy(NodeId(i));
        });
        let uses = uses(old);
        let mut plans = Plans { at: BTreeMap::new(), inside: vec![false; old.nodes.len()] };
        // Last adders first: the widest trees.
        for i in (0..old.nodes.len() as u32).rev() {
            let id = NodeId(i);
            if plans.inside[id.index()] {
                continue;
            }
            match old.node(id).op {
                Op::Add => {
                    let _ = plans.tree(old, &mut f, library, &uses, id)
                        || plans.coded(old, library, &uses, id)
                        || plans.sum(old, &mut f, library, &uses, id)
                        || plans.shift_add(old, &f, library, &uses, id);
                }
                Op::Slice => {
                    let _ = plans.lanes(old, library, &uses, id);
                }
                Op::RedOr if uses[i as usize] > 1 && super::apart::ANY.contains(&old.width(old.args(id)[0])) => {
                    let from = old.args(id)[0];
                    plans.add(library, id, Unit::Any { bits: old.width(from) }, Vec::new(), vec![from], &[]);
                }
                Op::Shl if plans.number(old, library, &uses, id) => {}
                Op::Shl => {
                    if let Some(s) = shifted(old, &uses, id) {
                        let (a, b) = s.kinds(old);
                        let unit = Unit::Shift { a, b, width: old.width(id) };
                        plans.add(library, id, unit, Vec::new(), vec![s.x, s.k, s.sign], &s.inside);
                    }
                }
                Op::MulS | Op::MulU => {
                    let (a, b) = kinds(&mut f, old, id);
                    plans.add(library, id, Unit::Product { a, b }, vec![id], Vec::new(), &[]);
                }
                _ => {}
            }
        }
        plans
    }

    /// Plans a unit, if it is to have a module.
    fn add(
        &mut self,
        library: &mut Library,
        id: NodeId,
        unit: Unit,
        products: Vec<NodeId>,
        others: Vec<NodeId>,
        inside: &[NodeId],
    ) -> bool {
        let Some(module) = library.module(&unit) else { return false };
        inside.iter().for_each(|n| self.inside[n.index()] = true);
        self.at.insert(id, Plan { unit, module, products, addresses: Vec::new(), others, zeros: 0 });
        true
    }

    /// An adder tree over products of one kind. No sum in it loses a carry.
    fn tree(&mut self, old: &Module, f: &mut Fold, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let (mut products, mut inside) = (Vec::new(), Vec::new());
        let args = old.args(id);
        if args.iter().any(|a| leaves(old, uses, *a, &mut products, &mut inside).is_none()) || products.len() < 2 {
            return false;
        }
        let (a, b) = kinds(f, old, products[0]);
        if products.iter().any(|p| kinds(f, old, *p) != (a, b)) {
            return false;
        }
        let unit = Unit::Dot { a, b, lanes: products.len() as u32, width: old.width(id) };
        self.add(library, id, unit, products, Vec::new(), &inside)
    }

    /// An adder tree over shifted numbers from one table, or the sum of something and such a number.
    fn coded(&mut self, old: &Module, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let args = old.args(id);
        let look = |x: NodeId| {
            let mut terms = Terms::default();
            terms.add(old, uses, x).map(|_| terms)
        };
        let (terms, base) = match (look(args[0]), look(args[1])) {
            (Some(a), Some(b)) => match b.followed_by(a) {
                Some(all) => (all, None),
                None => return false,
            },
            (Some(terms), None) if terms.signs.len() == 1 => (terms, Some(args[1])),
            (None, Some(terms)) if terms.signs.len() == 1 => (terms, Some(args[0])),
            _ => return false,
        };
        self.terms(library, old.width(id), id, terms, base, 0)
    }

    /// A shifted number from a table.
    fn number(&mut self, old: &Module, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let Some(zeros) = shifted(old, uses, id).and_then(|s| {
            let all = Cone::of(old, &[s.x, s.k])?;
            (0..4).rev().find(|drop| all.shifted(old, s.x, s.k, *drop).is_some())
        }) else {
            return false;
        };
        let mut terms = Terms::default();
        let width = old.width(id) - zeros;
        terms.one(old, uses, (id, zeros, width)).is_some() && self.terms(library, width, id, terms, None, zeros)
    }

    fn terms(&mut self, library: &mut Library, width: u32, id: NodeId, terms: Terms, base: Option<NodeId>, zeros: u32) -> bool {
        let Some(table) = terms.table else { return false };
        let unit = Unit::Coded { table, lanes: terms.signs.len() as u32, base: base.is_some(), width };
        let others: Vec<NodeId> = base.into_iter().collect();
        if !self.add(library, id, unit, terms.signs, others, &terms.inside) {
            return false;
        }
        if let Some(plan) = self.at.get_mut(&id) {
            (plan.addresses, plan.zeros) = (terms.addresses, zeros);
        }
        self.inside[id.index()] = false;
        true
    }

    /// A shifted number without low bits, whose distance is known to reach above them and not too far.
    fn lanes(&mut self, old: &Module, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let (at, drop) = (old.args(id)[0], old.node(id).imm);
        if old.node(at).op != Op::Shl || uses[at.index()] != 1 || drop + old.width(id) != old.width(at) {
            return false;
        }
        let Some(s) = shifted(old, uses, at) else { return false };
        let (a, b) = s.kinds(old);
        let unit = Unit::Lanes { a, b, drop, width: old.width(id) };
        if !super::apart::suits(a, b) || !library.wants(&unit) {
            return false;
        }
        let within = |k: u32| (drop..=drop + super::apart::FARTHEST).contains(&k);
        let distances = Cone::within(old, &[s.k], RANGE).and_then(|cone| cone.values(old, [s.k]));
        if !distances.is_some_and(|all| all.iter().all(|[k]| within(*k))) {
            return false;
        }
        let inside: Vec<NodeId> = s.inside.iter().copied().chain([at]).collect();
        self.add(library, id, unit, Vec::new(), vec![s.x, s.k, s.sign], &inside)
    }

    /// The sum of something and a shifted number.
    fn shift_add(&mut self, old: &Module, f: &Fold, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let args = old.args(id);
        for (x, base) in [(args[1], args[0]), (args[0], args[1])] {
            let mut inside = Vec::new();
            let mut at = x;
            let mut step = |op: Op| match old.node(at).op == op && uses[at.index()] == 1 {
                true => {
                    inside.push(at);
                    let from = old.node(at).imm;
                    at = old.args(at)[0];
                    from
                }
                false => 0,
            };
            step(Op::Sext);
            let drop = step(Op::Slice);
            let top = if inside.last().is_some_and(|s| old.node(*s).op == Op::Slice) {
                inside.last().map_or(0, |s| old.width(*s)) + drop
            } else {
                old.width(at)
            };
            if uses[at.index()] != 1 || top != old.width(at) || old.node(at).op != Op::Shl {
                continue;
            }
            let Some(s) = shifted(old, uses, at) else { continue };
            let (a, b) = s.kinds(old);
            let from = old.width(at);
            let reach = u64::from(a.bits) + most(f, f.r.get(s.k), 4);
            if reach >= u64::from(from) || from - drop > old.width(id) {
                continue;
            }
            let unit = Unit::ShiftAdd { a, b, from, drop, width: old.width(id) };
            inside.push(at);
            inside.extend(&s.inside);
            return self.add(library, id, unit, Vec::new(), vec![s.x, s.k, s.sign, base], &inside);
        }
        false
    }

    /// The sum of something and a product.
    fn sum(&mut self, old: &Module, f: &mut Fold, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let args = old.args(id);
        for (x, base) in [(args[1], args[0]), (args[0], args[1])] {
            let Some(product) = only_product(old, uses, x) else { continue };
            let (a, b) = kinds(f, old, product);
            let unit = Unit::Accumulate { a, b, width: old.width(id) };
            return self.add(library, id, unit, vec![product], vec![base], &[x, product]);
        }
        false
    }
}

/// Shifted numbers from one table, last lane first.
#[derive(Default)]
struct Terms {
    table: Option<Magnitudes>,
    addresses: Vec<Vec<Place>>,
    signs: Vec<NodeId>,
    inside: Vec<NodeId>,
}

impl Terms {
    /// Adds what stands below a node that has no other use; returns the range of its sum, or nothing if there is something else
    /// or a sum may wrap.
    fn add(&mut self, m: &Module, uses: &[u32], x: NodeId) -> Option<(BigInt, BigInt)> {
        if uses[x.index()] != 1 {
            return None;
        }
        let args = m.args(x);
        match m.node(x).op {
            Op::Sext => {
                self.inside.push(x);
                self.add(m, uses, args[0]).filter(|(lo, hi)| fits(lo, hi, m.width(args[0]), true))
            }
            Op::Add => {
                self.inside.push(x);
                let (b, a) = (self.add(m, uses, args[1])?, self.add(m, uses, args[0])?);
                Some((a.0 + b.0, a.1 + b.1))
            }
            Op::Slice if uses[args[0].index()] == 1 => {
                self.inside.push(x);
                self.one(m, uses, (args[0], m.node(x).imm, m.width(x)))
            }
            _ => self.one(m, uses, (x, 0, m.width(x))),
        }
    }

    /// One number: the bits of a shift from `drop` on.
    fn one(&mut self, m: &Module, uses: &[u32], (x, drop, width): (NodeId, u32, u32)) -> Option<(BigInt, BigInt)> {
        let s = Some(x).filter(|x| m.node(*x).op == Op::Shl).and_then(|x| shifted(m, uses, x))?;
        let cone = Cone::of(m, &[s.x, s.k])?;
        let table = cone.shifted(m, s.x, s.k, drop)?;
        let most = BigInt::from(table.most());
        if self.table.as_ref().is_some_and(|t| *t != table) || !fits(&-&most, &most, width, true) {
            return None;
        }
        self.table = Some(table);
        self.addresses.push(cone.address);
        self.signs.push(s.sign);
        self.inside.push(x);
        self.inside.extend(s.inside);
        Some((-&most, most))
    }

    fn followed_by(mut self, lower: Terms) -> Option<Terms> {
        if self.table != lower.table {
            return None;
        }
        self.addresses.extend(lower.addresses);
        self.signs.extend(lower.signs);
        self.inside.extend(lower.inside);
        Some(self)
    }
}

/// ±x << k, as its parts.
struct Shifted {
    x: NodeId,
    k: NodeId,
    sign: NodeId,
    /// Nodes that nothing else looks at.
    inside: Vec<NodeId>,
}

impl Shifted {
    fn kinds(&self, m: &Module) -> (Kind, Kind) {
        let kind = |x: NodeId| Kind { bits: m.width(x), signed: false };
        (kind(self.x), kind(self.k))
    }
}

/// The parts of a left shift of a number that is negated if a bit is 1.
fn shifted(m: &Module, uses: &[u32], id: NodeId) -> Option<Shifted> {
    let (long, k) = (m.args(id)[0], m.args(id)[1]);
    let short = Some(long).filter(|n| m.node(*n).op == Op::Sext).map(|n| m.args(n)[0])?;
    let [sign, minus, plus] =
        Some(short).filter(|n| m.node(*n).op == Op::Mux).map(|n| m.args(n)).and_then(|a| a.try_into().ok())?;
    let [zero, same] = Some(minus).filter(|n| m.node(*n).op == Op::Sub).map(|n| m.args(n)).and_then(|a| a.try_into().ok())?;
    let x =
        Some(plus).filter(|n| m.node(*n).op == Op::Zext && m.width(*n) == m.width(m.args(*n)[0]) + 1).map(|n| m.args(n)[0])?;
    let alone = [long, short, minus].iter().all(|n| uses[n.index()] == 1);
    let is = alone && same == plus && m.const_of(zero).is_some_and(crate::bits::Bits::is_zero);
    is.then(|| Shifted { x, k, sign, inside: vec![long, short, minus] })
}

/// The most a node can be, as far as a quick look tells.
fn most(f: &Fold, id: NodeId, depth: u32) -> u64 {
    let all = (f.w(id) - f.leading_zeros(id)).min(62);
    let all = (1u64 << all) - 1;
    match f.of::<2>(id, Op::Add) {
        Some([a, b]) if depth > 0 => all.min(most(f, a, depth - 1) + most(f, b, depth - 1)),
        _ => match f.of::<1>(id, Op::Zext) {
            Some([a]) if depth > 0 => all.min(most(f, a, depth - 1)),
            _ => all,
        },
    }
}

/// The product that `x` is, as it is or extended, if nothing else looks at it.
fn only_product(m: &Module, uses: &[u32], x: NodeId) -> Option<NodeId> {
    let once = |x: NodeId| uses[x.index()] == 1;
    match m.node(x).op {
        Op::MulS | Op::MulU if once(x) => Some(x),
        Op::Sext if once(x) && m.node(m.args(x)[0]).op == Op::MulS => Some(m.args(x)[0]).filter(|p| once(*p)),
        Op::Zext if once(x) && m.node(m.args(x)[0]).op == Op::MulU => Some(m.args(x)[0]).filter(|p| once(*p)),
        _ => None,
    }
}

/// The products below a node that has no other use, and the range of their sum; nothing if there is
/// something else or a sum may wrap.
fn leaves(m: &Module, uses: &[u32], x: NodeId, products: &mut Vec<NodeId>, inside: &mut Vec<NodeId>) -> Option<(BigInt, BigInt)> {
    if uses[x.index()] != 1 {
        return None;
    }
    let args = m.args(x);
    inside.push(x);
    match m.node(x).op {
        Op::Sext | Op::Zext => {
            let (lo, hi) = leaves(m, uses, args[0], products, inside)?;
            let signed = m.node(x).op == Op::Sext;
            fits(&lo, &hi, m.width(args[0]), signed).then_some((lo, hi))
        }
        op @ (Op::MulS | Op::MulU) => {
            products.push(x);
            let one = BigInt::from(1);
            let range = |a: NodeId| match op {
                Op::MulS => (-(&one << (m.width(a) - 1)), (&one << (m.width(a) - 1)) - 1),
                _ => (BigInt::ZERO, (&one << m.width(a)) - 1),
            };
            let ((a, b), (c, d)) = (range(args[0]), range(args[1]));
            let corners = [&a * &c, &a * &d, &b * &c, &b * &d];
            Some((corners.iter().min()?.clone(), corners.iter().max()?.clone()))
        }
        Op::Add => {
            let (a, b) = (leaves(m, uses, args[0], products, inside)?, leaves(m, uses, args[1], products, inside)?);
            Some((a.0 + b.0, a.1 + b.1))
        }
        _ => None,
    }
}

/// True if everything from `lo` to `hi` fits the width.
fn fits(lo: &BigInt, hi: &BigInt, width: u32, signed: bool) -> bool {
    let one = BigInt::from(1);
    let (least, most) = match signed {
        true => (-(&one << (width - 1)), (&one << (width - 1)) - 1),
        false => (BigInt::ZERO, (&one << width) - 1),
    };
    *lo >= least && *hi <= most
}

fn sweep(old: &Module, library: &mut Library) -> Module {
    let plans = Plans::new(old, library);
    let mut f = Fold { r: Rebuild::new(old) };
    for i in 0..old.nodes.len() {
        let id = NodeId(i as u32);
        f.r.loc = old.locs[i];
        match plans.at.get(&id) {
            _ if plans.inside[i] => {}
            Some(plan) => {
                let out = instance(&mut f, old, id, plan);
                f.r.set(id, out);
            }
            None => {
                f.r.copy(id);
            }
        }
    }
    f.r.finish()
}

/// Kinds of the factors of a product, without bits that say nothing.
fn kinds(f: &mut Fold, old: &Module, id: NodeId) -> (Kind, Kind) {
    let signed = old.node(id).op == Op::MulS;
    let args = f.r.args(id);
    let kind = |x: NodeId| match (f.w(x), f.leading_zeros(x)) {
        (w, zeros) if !signed || zeros > 0 => Kind { bits: (w - zeros).max(1), signed: false },
        (w, _) => Kind { bits: w - f.sign_copies(x), signed: true },
    };
    (kind(args[0]), kind(args[1]))
}

/// An instance of a unit's module, named after the product or the sum it stands for.
fn instance(f: &mut Fold, old: &Module, id: NodeId, plan: &Plan) -> NodeId {
    let (a, b) = plan.unit.factors();
    let named = if plan.products.len() == 1 { plan.products[0] } else { id };
    let name = old.name_of(named).map_or_else(|| plan.unit.name(), str::to_string);
    let mut inputs = Vec::new();
    if !plan.addresses.is_empty() {
        let places: Vec<Place> = plan.addresses.iter().flat_map(|lane| lane.iter().rev().copied()).collect();
        let bits: Vec<NodeId> = places.iter().map(|(leaf, bit)| f.slice(f.r.get(*leaf), *bit, 1)).collect();
        let signs: Vec<NodeId> = plan.products.iter().map(|s| f.r.get(*s)).collect();
        inputs = vec![f.concat(&bits), f.concat(&signs)];
    } else if !plan.products.is_empty() {
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for p in plan.products.iter().rev() {
            let args = f.r.args(*p);
            xs.push(f.slice(args[0], 0, a.bits));
            ys.push(f.slice(args[1], 0, b.bits));
        }
        inputs = vec![f.concat(&xs), f.concat(&ys)];
    }
    inputs.extend(plan.others.iter().map(|n| f.r.get(*n)));
    let out = f.r.place(plan.module, &format!("u_{name}"), &inputs, &[plan.unit.width()])[0];
    // Factors without their idle bits have a shorter product.
    let width = old.width(id);
    let out = f.above_zeros(out, plan.zeros);
    if a.signed || b.signed { f.sext(out, width) } else { f.zext(out, width) }
}
