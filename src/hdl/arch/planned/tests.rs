//! Plans that can be carried out and are no dearer than those of rules.
use super::*;

/// Columns of an unsigned or signed product, of lists of numbers, and of single bits.
fn shapes() -> Vec<(String, Vec<Column>)> {
    let mut all = Vec::new();
    for (a, b) in [(2, 2), (3, 3), (4, 4), (3, 6), (6, 6), (8, 8)] {
        for signed in [false, true] {
            let mut columns = vec![Column::default(); a + b];
            for i in 0..a * b {
                columns[i % a + i / a].height += 1;
                columns[i % a + i / a].gates += 1;
            }
            if signed {
                columns[a].height += 1;
                columns[a + b - 1].height += 1;
            }
            all.push((format!("{a}x{b} {signed}"), columns));
        }
    }
    for (bits, count, width) in [(1, 8, 4), (1, 32, 6), (1, 64, 7), (4, 5, 7), (4, 16, 8), (8, 3, 10), (8, 16, 12), (16, 8, 19)] {
        let column = |at: usize| Column { height: if at < bits { count } else { 0 }, gates: 0 };
        all.push((format!("{count}x{bits}"), (0..width).map(column).collect()));
    }
    all
}

/// Carries a plan out on bits of given values, stage by stage: no bit is taken that is not there, and the sum stays the same.
fn carry_out(name: &str, columns: &[Column], plan: &Plan, value: &mut dyn FnMut() -> bool) {
    let modulus = 1u64 << columns.len();
    let sum = |bits: &[Vec<bool>]| -> u64 {
        bits.iter().enumerate().map(|(at, c)| (c.iter().filter(|b| **b).count() as u64) << at).sum::<u64>() % modulus
    };
    let mut bits: Vec<Vec<bool>> = columns.iter().map(|c| (0..c.height).map(|_| value()).collect()).collect();
    let before = sum(&bits);
    for stage in plan {
        let mut made = vec![Vec::new(); columns.len() + 3];
        for (at, counter) in stage {
            let mut count = 0u64;
            for (column, taken, weight) in [(*at, counter.low, 1), (at + 1, counter.high, 2)] {
                for _ in 0..taken {
                    let bit = bits[column].pop().unwrap_or_else(|| panic!("{name}: no bit left in column {column}"));
                    count += weight * u64::from(bit);
                }
            }
            assert!(count < 1 << counter.outputs(), "{name}: {count} of {counter:?}");
            (0..counter.outputs()).for_each(|i| made[at + i].push(count >> i & 1 == 1));
        }
        bits.iter_mut().zip(made).for_each(|(column, made)| column.extend(made));
        assert_eq!(sum(&bits), before, "{name}");
    }
    assert!(bits.iter().all(|c| c.len() <= 2), "{name}: more than two rows are left");
}

#[test]
fn plans_keep_the_sum_and_leave_two_rows() {
    let mut state = 1u64;
    let mut value = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state >> 63 == 1
    };
    for (name, columns) in shapes() {
        for plan in [six(&columns), dadda(&columns), plan(&columns)] {
            carry_out(&name, &columns, &plan, &mut || true);
            (0..20).for_each(|_| carry_out(&name, &columns, &plan, &mut value));
        }
    }
}

#[test]
fn no_plan_is_dearer_than_those_of_rules() {
    let mut cheaper = 0;
    for (name, columns) in shapes() {
        let [chosen, six, dadda] = [plan(&columns), six(&columns), dadda(&columns)].map(|p| price(&columns, &p).expect("a plan"));
        assert!(chosen <= six && chosen <= dadda, "{name}: {chosen}, by rules {six} and {dadda}");
        assert_eq!(find(&columns), plan(&columns), "{name}");
        println!("{name}: {chosen}, by rules {six} and {dadda}");
        cheaper += usize::from(chosen < six.min(dadda));
    }
    assert!(cheaper > 0, "the program finds nothing");
}

#[test]
fn few_bits() {
    let columns = |heights: &[usize]| -> Vec<Column> { heights.iter().map(|h| Column { height: *h, gates: 0 }).collect() };
    assert_eq!(plan(&columns(&[6, 0, 0])), [[(0, Counter { low: 6, high: 0 })]]);
    assert_eq!(plan(&columns(&[1, 2, 2])), Plan::new());
    assert_eq!(plan(&[]), Plan::new());
    // Too many for the program: a rule decides.
    let many = columns(&[20; 90]);
    assert!(program::improve(&many, &six(&many)) == six(&many));
    assert!(price(&many, &plan(&many)).is_some());
}
