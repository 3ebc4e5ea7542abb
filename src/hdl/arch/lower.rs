//! The pass: which nodes become units, and the instances in their place.
use super::Arch;
use super::cone::{Cone, Place};
use super::function::Function;
use super::patterns::{Terms, leaves, most, only_product, shifted, stands_alone};
use super::quotient::Quotient;
use super::scaled::Scaled;
use super::square::Square;
use super::sum::{Sum, Tree};
use super::unit::{Kind, Unit};
use crate::edit::uses;
use crate::ir::*;
use crate::ops::Op;
use crate::pass::Rebuild;
use crate::pass::fold::Fold;
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
        (self.choose)(unit).is_some_and(|a| unit.can(a))
    }

    /// The module of a unit, if it is to have one.
    fn module(&mut self, unit: &Unit) -> Option<ModuleId> {
        if let Some(known) = self.known.get(unit) {
            return *known;
        }
        let arch = (self.choose)(unit).filter(|a| unit.can(*a));
        let id = arch.map(|arch| {
            let built = unit.build(arch);
            let mut places: Vec<ModuleId> = Vec::new();
            for mut m in built.modules {
                m.instances.iter_mut().for_each(|i| i.module = places[i.module.index()]);
                // Adders and digits are the same for all units.
                let known = self.modules.iter().position(|k| *k == m).unwrap_or(self.modules.len());
                if known == self.modules.len() {
                    m.name = self.free_name(&m.name);
                    self.modules.push(m);
                }
                places.push(ModuleId(NEW + known as u32));
            }
            places[built.top.index()]
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
                        || plans.list(old, &f, library, &uses, id)
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
                Op::Table => {
                    let address = old.args(id)[0];
                    if let Some(unit) = Function::new(&old.tables[old.node(id).imm as usize], old.width(address)).map(Unit::from)
                        && library.wants(&unit)
                        && stands_alone(old, id)
                    {
                        plans.add(library, id, unit, Vec::new(), vec![address], &[]);
                    }
                }
                Op::MulU if plans.quotient(old, &f, library, &uses, id) => {}
                Op::MulS | Op::MulU => {
                    let (a, b) = kinds(&mut f, old, id);
                    let args = old.args(id);
                    let own: Option<Unit> = match old.const_of(args[1]) {
                        Some(by) if !by.is_zero() => {
                            let by = if old.node(id).op == Op::MulS { by.signed() } else { by.unsigned().clone().into() };
                            Some(Scaled { a, by }.into())
                        }
                        _ => (args[0] == args[1]).then(|| Square { a }.into()),
                    };
                    if !own.is_some_and(|unit| plans.add(library, id, unit, Vec::new(), vec![args[0]], &[])) {
                        plans.add(library, id, Unit::Product { a, b }, vec![id], Vec::new(), &[]);
                    }
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
        let Some((terms, base)) = coded_terms(old, uses, id) else { return false };
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

    /// A product with a reciprocal of which only the high bits are looked at.
    fn quotient(&mut self, old: &Module, f: &Fold, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let [a, factor] = [0, 1].map(|i| old.args(id)[i]);
        let Some(factor) = old.const_of(factor).filter(|_| old.node(id).op == Op::MulU) else { return false };
        let slices =
            (id.0 + 1..old.nodes.len() as u32).map(NodeId).filter(|n| old.node(*n).op == Op::Slice && old.args(*n)[0] == id);
        let from: Vec<u32> = slices.map(|n| old.node(n).imm).collect();
        let Some(low) = from.iter().min().filter(|_| from.len() == uses[id.index()] as usize) else { return false };
        let bits = f.w(f.r.get(a)) - f.leading_zeros(f.r.get(a));
        let Some(unit) = Quotient::of(bits, factor.unsigned(), *low) else { return false };
        if !self.add(library, id, unit.into(), Vec::new(), vec![a], &[]) {
            return false;
        }
        if let Some(plan) = self.at.get_mut(&id) {
            plan.zeros = *low;
        }
        true
    }

    /// The sum of three or more numbers of any kind.
    fn list(&mut self, old: &Module, f: &Fold, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        let mut tree = Tree { m: old, uses, terms: Vec::new(), inside: Vec::new() };
        old.args(id).iter().rev().for_each(|x| {
            tree.add(*x);
        });
        if tree.terms.len() < 3 {
            return false;
        }
        let (nodes, terms): (Vec<NodeId>, Vec<Kind>) = tree.terms.into_iter().rev().unzip();
        // A term that is a product has better places.
        let places = nodes.iter().any(|n| matches!(old.node(*n).op, Op::MulS | Op::MulU | Op::Const));
        let coded = |n: &NodeId| match coded_terms(old, uses, *n) {
            Some((Terms { table: Some(table), signs, .. }, base)) => {
                library.wants(&Unit::Coded { table, lanes: signs.len() as u32, base: base.is_some(), width: old.width(*n) })
            }
            _ => false,
        };
        // Better than a list are adders that take the last shift in front of them.
        let absorbs =
            |n: &NodeId| shift_sum(old, f, uses, *n).is_some_and(|(u, ..)| (library.choose)(&u).is_some_and(Arch::absorbs));
        if places || tree.inside.iter().chain([&id]).any(|n| coded(n) || absorbs(n)) {
            return false;
        }
        let unit = Sum { terms, width: old.width(id) };
        self.add(library, id, unit.into(), Vec::new(), nodes, &tree.inside)
    }

    /// The sum of something and a shifted number.
    fn shift_add(&mut self, old: &Module, f: &Fold, library: &mut Library, uses: &[u32], id: NodeId) -> bool {
        match shift_sum(old, f, uses, id) {
            Some((unit, others, inside)) => self.add(library, id, unit, Vec::new(), others, &inside),
            None => false,
        }
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

/// The sum of something and a shifted number: the unit, its inputs and the nodes inside.
fn shift_sum(old: &Module, f: &Fold, uses: &[u32], id: NodeId) -> Option<(Unit, Vec<NodeId>, Vec<NodeId>)> {
    let args = old.args(Some(id).filter(|id| old.node(*id).op == Op::Add)?);
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
        return Some((unit, vec![s.x, s.k, s.sign, base], inside));
    }
    None
}

/// Shifted numbers from one table below an adder, and what else is added to a single one.
fn coded_terms(old: &Module, uses: &[u32], id: NodeId) -> Option<(Terms, Option<NodeId>)> {
    let args = old.args(Some(id).filter(|id| old.node(*id).op == Op::Add)?);
    let look = |x: NodeId| {
        let mut terms = Terms::default();
        terms.add(old, uses, x).map(|_| terms)
    };
    match (look(args[0]), look(args[1])) {
        (Some(a), Some(b)) => b.followed_by(a).map(|all| (all, None)),
        (Some(terms), None) if terms.signs.len() == 1 => Some((terms, Some(args[1]))),
        (None, Some(terms)) if terms.signs.len() == 1 => Some((terms, Some(args[0]))),
        _ => None,
    }
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
    if let Some(form) = plan.unit.form() {
        // Without idle bits.
        let widths = form.inputs();
        inputs.iter_mut().zip(&widths).for_each(|(n, (_, width))| *n = f.slice(*n, 0, *width));
    }
    let out = f.r.place(plan.module, &format!("u_{name}"), &inputs, &[plan.unit.width()])[0];
    // Factors without their idle bits have a shorter product.
    let width = old.width(id);
    let out = f.above_zeros(out, plan.zeros);
    let out = f.slice(out, 0, width.min(f.w(out)));
    if plan.unit.signed() { f.sext(out, width) } else { f.zext(out, width) }
}
