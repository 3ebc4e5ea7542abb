//! Maximum flow and minimum cut: Dinic's algorithm (E. A. Dinic, *Soviet Math. Doklady* 11, 1970).

/// A flow network under construction.
pub struct Network {
    first: Vec<u32>,
    next: Vec<u32>,
    to: Vec<u32>,
    /// Remaining capacity; the reverse of edge `e` is `e ^ 1`.
    left: Vec<i64>,
}

const NONE: u32 = u32::MAX;

impl Network {
    /// A network of that many vertices.
    pub fn new(vertices: usize) -> Network {
        Network { first: vec![NONE; vertices], next: Vec::new(), to: Vec::new(), left: Vec::new() }
    }

    /// Adds an edge.
    pub fn edge(&mut self, from: u32, to: u32, capacity: i64) {
        for (a, b, c) in [(from, to, capacity), (to, from, 0)] {
            self.next.push(self.first[a as usize]);
            self.first[a as usize] = self.to.len() as u32;
            self.to.push(b);
            self.left.push(c);
        }
    }

    /// The vertices on the source's side of the minimum cut nearest to the source.
    pub fn cut(mut self, source: u32, sink: u32) -> Vec<bool> {
        loop {
            let level = self.levels(source);
            if level[sink as usize] == NONE {
                return level.iter().map(|l| *l != NONE).collect();
            }
            self.block(source, sink, &level);
        }
    }

    fn levels(&self, source: u32) -> Vec<u32> {
        let mut level = vec![NONE; self.first.len()];
        level[source as usize] = 0;
        let mut queue = vec![source];
        let mut at = 0;
        while at < queue.len() {
            let u = queue[at];
            at += 1;
            let mut e = self.first[u as usize];
            while e != NONE {
                let v = self.to[e as usize];
                if self.left[e as usize] > 0 && level[v as usize] == NONE {
                    level[v as usize] = level[u as usize] + 1;
                    queue.push(v);
                }
                e = self.next[e as usize];
            }
        }
        level
    }

    /// A blocking flow along edges that lead one level down.
    fn block(&mut self, source: u32, sink: u32, level: &[u32]) {
        let mut current = self.first.clone();
        let mut path: Vec<u32> = Vec::new();
        let mut u = source;
        loop {
            if u == sink {
                let flow = path.iter().map(|e| self.left[*e as usize]).min().unwrap_or(0);
                for e in &path {
                    self.left[*e as usize] -= flow;
                    self.left[(*e ^ 1) as usize] += flow;
                }
                // Back to the first edge that is full now.
                let full = path.iter().position(|e| self.left[*e as usize] == 0).unwrap_or(0);
                u = self.to[(path[full] ^ 1) as usize];
                path.truncate(full);
                continue;
            }
            let e = current[u as usize];
            if e == NONE {
                // A dead end: go back and past the edge that led here.
                let Some(e) = path.pop() else { return };
                u = self.to[(e ^ 1) as usize];
                current[u as usize] = self.next[e as usize];
                continue;
            }
            let v = self.to[e as usize];
            if self.left[e as usize] > 0 && level[v as usize] == level[u as usize] + 1 {
                path.push(e);
                u = v;
            } else {
                current[u as usize] = self.next[e as usize];
            }
        }
    }
}
