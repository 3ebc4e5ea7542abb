//! A combinational design as clauses for a SAT solver: the gates its output depends on, each written
//! as the clauses that tie its variable to its operands (Tseitin 1968).
use super::SimError;
use super::flatten::flatten;
use super::net::{FALSE, Gate, Kind, Lit, Net};
use crate::ir::Design;

/// A conjunction of clauses. Literals as in the DIMACS format: variables count from 1, a negative
/// number is the complement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cnf {
    /// Number of variables.
    pub variables: usize,
    /// The clauses.
    pub clauses: Vec<Vec<i32>>,
}

/// Clauses that can be satisfied exactly if the first bit of the first output can be 1. Registers and
/// memories count as free inputs.
pub fn can_be_one(design: &Design) -> Result<Cnf, SimError> {
    let flat = flatten(design)?;
    let goal = flat.outputs[0];
    let mut encoder = Encoder { net: &flat.net, variable: vec![0; flat.net.gates.len()], cnf: Cnf::default() };
    encoder.cone(goal.gate());
    let goal = encoder.literal(goal);
    encoder.cnf.clauses.push(vec![goal]);
    Ok(encoder.cnf)
}

struct Encoder<'a> {
    net: &'a Net,
    /// Of each gate; 0 if it does not matter.
    variable: Vec<i32>,
    cnf: Cnf,
}

impl Encoder<'_> {
    fn literal(&self, l: Lit) -> i32 {
        let variable = self.variable[l.gate()];
        if l.negated() { -variable } else { variable }
    }

    /// Encodes a gate and all it depends on.
    fn cone(&mut self, root: usize) {
        let mut wanted = vec![false; self.net.gates.len()];
        let mut work = vec![root, FALSE.gate()];
        while let Some(g) = work.pop() {
            if std::mem::replace(&mut wanted[g], true) {
                continue;
            }
            let gate = &self.net.gates[g];
            match gate.kind {
                Kind::Leaf => work.extend(self.lookup_of(g)),
                Kind::Lookup => work.extend(self.net.lookups[gate.lookup()].addr.iter().map(|l| l.gate())),
                _ => work.extend(gate.args.iter().map(|l| l.gate())),
            }
        }
        for g in (0..wanted.len()).filter(|g| wanted[*g]) {
            self.cnf.variables += 1;
            self.variable[g] = self.cnf.variables as i32;
            let gate = self.net.gates[g];
            match gate.kind {
                Kind::Leaf if g == FALSE.gate() => self.cnf.clauses.push(vec![-self.variable[g]]),
                Kind::Leaf => {
                    if let Some(lookup) = self.lookup_of(g) {
                        self.entry_bit(g, lookup);
                    }
                }
                Kind::Lookup => {}
                _ => self.gate(self.variable[g], gate),
            }
        }
    }

    /// The lookup whose output a leaf is, if any: its outputs follow it.
    fn lookup_of(&self, leaf: usize) -> Option<usize> {
        let gates = &self.net.gates;
        let before = (0..leaf).rev().find(|g| gates[*g].kind != Kind::Leaf)?;
        let within = || leaf - before <= self.net.lookups[gates[before].lookup()].width as usize;
        (gates[before].kind == Kind::Lookup && within()).then_some(before)
    }

    /// One bit of a table entry: a clause for every address.
    fn entry_bit(&mut self, leaf: usize, lookup: usize) {
        let found = &self.net.lookups[self.net.gates[lookup].lookup()];
        let (bit, words) = (leaf - lookup - 1, found.width.div_ceil(64) as usize);
        let addr: Vec<i32> = found.addr.iter().map(|l| self.literal(*l)).collect();
        let table = &self.net.tables[found.table];
        for entry in 0..1usize << addr.len() {
            let value = table.get(entry * words + bit / 64).is_some_and(|w| w >> (bit % 64) & 1 == 1);
            let mut clause: Vec<i32> = addr.iter().enumerate().map(|(i, l)| if entry >> i & 1 == 1 { -l } else { *l }).collect();
            clause.push(if value { self.variable[leaf] } else { -self.variable[leaf] });
            self.cnf.clauses.push(clause);
        }
    }

    /// Every row of the gate's truth table that leaves the output no choice.
    fn gate(&mut self, y: i32, gate: Gate) {
        let [a, b, c] = gate.args.map(|l| self.literal(l));
        let mut add = |clause: &[i32]| self.cnf.clauses.push(clause.to_vec());
        match gate.kind {
            Kind::And => [&[-y, a][..], &[-y, b], &[y, -a, -b]].into_iter().for_each(&mut add),
            Kind::Xor => [[-y, a, b], [-y, -a, -b], [y, -a, b], [y, a, -b]].iter().for_each(|r| add(r)),
            Kind::Mux => {
                let rows = [[-a, -y, b], [-a, y, -b], [a, -y, c], [a, y, -c], [-y, b, c], [y, -b, -c]];
                rows.iter().for_each(|r| add(r));
            }
            Kind::Maj => {
                for [p, q] in [[a, b], [a, c], [b, c]] {
                    add(&[-y, p, q]);
                    add(&[y, -p, -q]);
                }
            }
            Kind::Xor3 => {
                for row in 0..8u32 {
                    let bit = |i: u32, l: i32| if row >> i & 1 == 1 { -l } else { l };
                    let odd = row.count_ones() % 2 == 1;
                    add(&[bit(0, a), bit(1, b), bit(2, c), if odd { y } else { -y }]);
                }
            }
            Kind::Leaf | Kind::Lookup => {}
        }
    }
}
