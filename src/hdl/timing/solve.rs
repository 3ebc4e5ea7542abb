//! Integers under difference constraints with the least linear cost: the arithmetic of scheduling.
//!
//! [`Problem::solve`] minimises Σ costᵢ·xᵢ over integers with `x_later − x_earlier ≥ gap` and
//! `lowerᵢ ≤ xᵢ ≤ upperᵢ`. The constraint matrix is totally unimodular, so the optimum over the
//! integers is that of the linear program; its dual is a minimum-cost flow.
//!
//! Method: from the least solution upwards, move in every step the set of variables that lowers the
//! cost most, by as far as the constraints allow. The set is a closure of least weight, found by a
//! maximum flow. The cost is an L♮-convex function, for which this descent ends in the global
//! optimum after few steps (K. Murota, *Discrete Convex Analysis*, SIAM 2003, ch. 10; steps of
//! more than one: A. Shioura, *SIAM J. Discrete Math.* 31 (2017)).
use super::flow_network::Network;

/// A variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub u32);

/// `later − earlier ≥ gap`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    earlier: u32,
    later: u32,
    gap: i32,
}

/// Variables, constraints and costs.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    cost: Vec<i64>,
    lower: Vec<i32>,
    upper: Vec<i32>,
    edges: Vec<Edge>,
}

/// The constraints contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Infeasible {
    /// A variable whose constraints lead beyond its upper bound.
    pub var: Var,
}

impl Problem {
    /// A variable between two bounds.
    pub fn variable(&mut self, lower: i32, upper: i32) -> Var {
        self.cost.push(0);
        self.lower.push(lower);
        self.upper.push(upper);
        Var(self.cost.len() as u32 - 1)
    }

    /// Number of variables.
    pub fn variables(&self) -> usize {
        self.cost.len()
    }

    /// Requires `later − earlier ≥ gap`.
    pub fn at_least(&mut self, later: Var, earlier: Var, gap: i32) {
        if later != earlier {
            self.edges.push(Edge { earlier: earlier.0, later: later.0, gap });
        }
    }

    /// Adds `weight`·(to − from) to the cost.
    pub fn charge(&mut self, from: Var, to: Var, weight: i64) {
        self.cost[from.0 as usize] -= weight;
        self.cost[to.0 as usize] += weight;
    }

    /// Raises a lower bound.
    pub fn raise(&mut self, var: Var, lower: i32) {
        let at = &mut self.lower[var.0 as usize];
        *at = lower.max(*at);
    }

    /// Lowers an upper bound.
    pub fn limit(&mut self, var: Var, upper: i32) {
        let at = &mut self.upper[var.0 as usize];
        *at = upper.min(*at);
    }

    /// Edges by one of their ends: (first edge of each variable, edges).
    fn adjacency(&self, end: impl Fn(&Edge) -> u32) -> (Vec<u32>, Vec<u32>) {
        let mut first = vec![0u32; self.cost.len() + 1];
        self.edges.iter().for_each(|e| first[end(e) as usize + 1] += 1);
        (1..first.len()).for_each(|i| first[i] += first[i - 1]);
        let mut fill = first.clone();
        let mut list = vec![0u32; self.edges.len()];
        for (i, e) in self.edges.iter().enumerate() {
            let at = &mut fill[end(e) as usize];
            list[*at as usize] = i as u32;
            *at += 1;
        }
        (first, list)
    }

    /// Constraints: (earlier, later, gap).
    pub fn constraints(&self) -> impl Iterator<Item = (Var, Var, i32)> + '_ {
        self.edges.iter().map(|e| (Var(e.earlier), Var(e.later), e.gap))
    }

    /// Bounds and cost of each variable: (lower, upper, cost).
    pub fn columns(&self) -> impl Iterator<Item = (i32, i32, i64)> + '_ {
        self.lower.iter().zip(&self.upper).zip(&self.cost).map(|((l, u), c)| (*l, *u, *c))
    }

    /// The solution in which every variable is as small as it can be.
    pub fn least(&self) -> Result<Vec<i32>, Infeasible> {
        let (first, list) = self.adjacency(|e| e.earlier);
        let mut x = self.lower.clone();
        let mut queued = vec![true; x.len()];
        let mut work: std::collections::VecDeque<u32> = (0..x.len() as u32).collect();
        while let Some(u) = work.pop_front() {
            queued[u as usize] = false;
            if x[u as usize] > self.upper[u as usize] {
                return Err(Infeasible { var: Var(u) });
            }
            for i in &list[first[u as usize] as usize..first[u as usize + 1] as usize] {
                let e = self.edges[*i as usize];
                let least = x[u as usize] + e.gap;
                if x[e.later as usize] < least {
                    x[e.later as usize] = least;
                    if !std::mem::replace(&mut queued[e.later as usize], true) {
                        work.push_back(e.later);
                    }
                }
            }
        }
        Ok(x)
    }

    /// The cost of a solution.
    pub fn cost(&self, x: &[i32]) -> i64 {
        self.cost.iter().zip(x).map(|(c, x)| c * i64::from(*x)).sum()
    }

    /// A solution of least cost; among those the least one.
    pub fn solve(&self) -> Result<Vec<i32>, Infeasible> {
        let mut x = self.least()?;
        let (first, list) = self.adjacency(|e| e.later);
        while let Some((set, step)) = self.descent(&x, &first, &list) {
            set.iter().zip(&mut x).filter(|(s, _)| **s).for_each(|(_, x)| *x += step);
        }
        Ok(x)
    }

    /// The set of variables to raise, and by how much; nothing at the optimum. `first`, `list`: edges by their later end.
    fn descent(&self, x: &[i32], first: &[u32], list: &[u32]) -> Option<(Vec<bool>, i32)> {
        let n = x.len();
        let slack = |e: &Edge| x[e.later as usize] - x[e.earlier as usize] - e.gap;
        // What would push a variable at its bound cannot move.
        let mut stuck: Vec<bool> = (0..n).map(|i| x[i] >= self.upper[i]).collect();
        let mut work: Vec<u32> = (0..n as u32).filter(|i| stuck[*i as usize]).collect();
        while let Some(v) = work.pop() {
            for i in &list[first[v as usize] as usize..first[v as usize + 1] as usize] {
                let e = &self.edges[*i as usize];
                if slack(e) == 0 && !std::mem::replace(&mut stuck[e.earlier as usize], true) {
                    work.push(e.earlier);
                }
            }
        }
        let (source, sink) = (n as u32, n as u32 + 1);
        let mut network = Network::new(n + 2);
        for (i, c) in self.cost.iter().enumerate().filter(|(i, _)| !stuck[*i]) {
            match c {
                0 => {}
                c if *c < 0 => network.edge(source, i as u32, -c),
                c => network.edge(i as u32, sink, *c),
            }
        }
        for e in self.edges.iter().filter(|e| !stuck[e.earlier as usize] && !stuck[e.later as usize] && slack(e) == 0) {
            network.edge(e.earlier, e.later, i64::MAX / 4);
        }
        let set = network.cut(source, sink);
        let gain: i64 = (0..n).filter(|i| set[*i]).map(|i| self.cost[i]).sum();
        if gain >= 0 {
            return None;
        }
        let bound = (0..n).filter(|i| set[*i]).map(|i| self.upper[i] - x[i]).min().unwrap_or(0);
        let free = self.edges.iter().filter(|e| set[e.earlier as usize] && !set[e.later as usize]).map(slack).min();
        Some((set[..n].to_vec(), free.unwrap_or(bound).min(bound)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every solution, one after the other.
    fn brute(p: &Problem) -> Option<i64> {
        let n = p.variables();
        let mut x = p.lower.clone();
        let mut best = None;
        loop {
            if p.edges.iter().all(|e| x[e.later as usize] - x[e.earlier as usize] >= e.gap) {
                let cost = p.cost(&x);
                best = Some(best.map_or(cost, |b: i64| b.min(cost)));
            }
            let Some(i) = (0..n).find(|i| x[*i] < p.upper[*i]) else { return best };
            x[..i].copy_from_slice(&p.lower[..i]);
            x[i] += 1;
        }
    }

    #[test]
    fn the_descent_ends_in_the_optimum() {
        let mut state = 1u64;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % n
        };
        let (mut feasible, mut infeasible) = (0, 0);
        for _ in 0..3000 {
            let n = 2 + next(5);
            let mut p = Problem::default();
            let vars: Vec<Var> = (0..n)
                .map(|_| {
                    let lower = next(2) as i32;
                    p.variable(lower, lower + next(4) as i32)
                })
                .collect();
            for _ in 0..next(3 * n) {
                p.at_least(vars[next(n) as usize], vars[next(n) as usize], next(5) as i32 - 2);
            }
            for _ in 0..next(3 * n) {
                p.charge(vars[next(n) as usize], vars[next(n) as usize], next(9) as i64 - 2);
            }
            match (p.solve(), brute(&p)) {
                (Ok(x), Some(best)) => {
                    assert_eq!(p.cost(&x), best, "{p:?}");
                    feasible += 1;
                }
                (Err(_), None) => infeasible += 1,
                (found, best) => panic!("{found:?} {best:?} {p:?}"),
            }
        }
        assert!(feasible > 500 && infeasible > 100, "{feasible} {infeasible}");
    }
}
