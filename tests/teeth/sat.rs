//! A SAT solver's answer about a circuit.
use batsat::{Callbacks, ClauseKind, Lit, Solver, SolverInterface, SolverOpts, lbool};
use narrowgen::hdl::ir::Design;
use narrowgen::hdl::sim::cnf::can_be_one;

/// Counts what the solver learns, and stops it.
struct Effort {
    learnt: u64,
    most: u64,
}

impl Callbacks for Effort {
    fn on_new_clause(&mut self, _: &[Lit], _: ClauseKind) {
        self.learnt += 1;
    }
    fn stop(&self) -> bool {
        self.learnt > self.most
    }
}

/// Can the only output of the combinational design be 1? `None` if learning `effort` clauses does not tell.
pub fn satisfiable(design: &Design, effort: u64) -> Option<bool> {
    let cnf = can_be_one(design).ok()?;
    let mut solver = Solver::new(SolverOpts::default(), Effort { learnt: 0, most: effort });
    for clause in &cnf.clauses {
        let literal = |l: &i32| (l.unsigned_abs() - 1, *l > 0);
        let mut clause: Vec<Lit> = clause.iter().map(literal).map(|(v, p)| Lit::new(solver.var_of_int(v), p)).collect();
        solver.add_clause_reuse(&mut clause);
    }
    let answer = solver.solve_limited(&[]);
    if answer == lbool::TRUE { Some(true) } else { (answer == lbool::FALSE).then_some(false) }
}
