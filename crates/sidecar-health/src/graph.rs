//! Which component depends on which. Pure: components are places in the table, which is sorted by name.

use std::sync::Arc;

/// A component as the graph sees it: its name, and the names of those that it depends on.
pub(crate) type Node<'a> = (&'a str, &'a [Arc<str>]);

/// What depends on what, without cycles.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Places of components that depend on others, with the places of these; whatever a component depends on
    /// comes before it.
    edges: Vec<(usize, Vec<usize>)>,
}

impl Graph {
    /// The graph of `nodes`, which are sorted by name. A name that is not among them is one that was removed,
    /// and stands in nobody's way.
    ///
    /// # Errors
    /// The places along a cycle.
    pub(crate) fn new(nodes: &[Node<'_>]) -> Result<Self, Vec<usize>> {
        let mut walk =
            Walk { nodes, marks: vec![Mark::New; nodes.len()], path: Vec::new(), edges: Vec::new() };
        for place in 0..nodes.len() {
            walk.visit(place)?;
        }
        Ok(Self { edges: walk.edges })
    }

    /// For each of `count` places the failing ones that keep it from being checked; nothing at all if no
    /// component depends on another. A place with a blocker is none itself: it is not a cause, but follows.
    pub(crate) fn blockers(&self, count: usize, fails: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        if self.edges.is_empty() {
            return Vec::new();
        }
        let mut blockers = vec![Vec::new(); count];
        for (child, parents) in &self.edges {
            let mut found: Vec<usize> = Vec::new();
            for &parent in parents {
                if !blockers[parent].is_empty() {
                    found.extend(&blockers[parent]);
                } else if fails(parent) {
                    found.push(parent);
                }
            }
            found.sort_unstable();
            found.dedup();
            blockers[*child] = found;
        }
        blockers
    }

    /// Whether no component depends on another.
    pub(crate) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Marks whatever a marked place depends on.
    pub(crate) fn spread(&self, marked: &mut [bool]) {
        for (child, parents) in self.edges.iter().rev() {
            if marked[*child] {
                parents.iter().for_each(|&parent| marked[parent] = true);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    /// On the way from where the walk began to where it is.
    Open,
    Done,
}

/// A walk in depth; no deeper than an application has components.
struct Walk<'a> {
    nodes: &'a [Node<'a>],
    marks: Vec<Mark>,
    path: Vec<usize>,
    edges: Vec<(usize, Vec<usize>)>,
}

impl Walk<'_> {
    fn visit(&mut self, place: usize) -> Result<(), Vec<usize>> {
        match self.marks[place] {
            Mark::Done => return Ok(()),
            Mark::Open => {
                let begin = self.path.iter().position(|&at| at == place).unwrap_or(0);
                return Err(self.path[begin..].to_vec());
            }
            Mark::New => {}
        }
        let names = self.nodes[place].1;
        if !names.is_empty() {
            self.marks[place] = Mark::Open;
            self.path.push(place);
            let place_of =
                |name: &Arc<str>| self.nodes.binary_search_by(|(other, _)| (*other).cmp(name)).ok();
            let parents: Vec<_> = names.iter().filter_map(place_of).collect();
            for &parent in &parents {
                self.visit(parent)?;
            }
            self.path.pop();
            self.edges.push((place, parents));
        }
        self.marks[place] = Mark::Done;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Names of ascending places, each with the places that it depends on.
    fn graph(parents: &[Vec<usize>]) -> Result<Graph, Vec<usize>> {
        let names: Vec<Arc<str>> = (0..parents.len()).map(|at| format!("c{at:03}").into()).collect();
        let depends: Vec<Vec<Arc<str>>> = parents
            .iter()
            .map(|places| places.iter().map(|&place| Arc::clone(&names[place])).collect())
            .collect();
        let nodes: Vec<Node<'_>> =
            names.iter().zip(&depends).map(|(name, depends)| (&**name, &**depends)).collect();
        Graph::new(&nodes)
    }

    #[test]
    fn a_cycle_is_found_and_named_from_where_it_begins() {
        assert_eq!(graph(&[vec![1], vec![2], vec![3], vec![1]]).expect_err("a cycle"), [1, 2, 3]);
        assert_eq!(graph(&[vec![0]]).expect_err("a cycle"), [0]);
        assert!(graph(&[vec![1, 2], vec![3], vec![3], vec![]]).is_ok(), "a diamond is none");
    }

    #[test]
    fn a_name_that_is_not_there_stands_in_nobodys_way() {
        let nodes: [Node<'_>; 1] = [("child", &["gone".into()])];
        let graph = Graph::new(&nodes).expect("no cycle");
        assert_eq!(graph.blockers(1, |_| true), [Vec::<usize>::new()]);
    }

    #[test]
    fn the_deepest_chain_there_can_be_is_walked() {
        let chain: Vec<Vec<usize>> =
            (0..256).map(|at| if at < 255 { vec![at + 1] } else { vec![] }).collect();
        let blockers = graph(&chain).expect("no cycle").blockers(256, |at| at == 255);
        assert!(blockers[..255].iter().all(|each| *each == [255]));
    }

    /// Each component depends on some of those before it, in a shuffled order of places.
    fn any_graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
        let size = 1..14_usize;
        size.prop_flat_map(|size| {
            let order = Just((0..size).collect::<Vec<_>>()).prop_shuffle();
            (order, prop::collection::vec(prop::collection::vec(any::<bool>(), size), size))
        })
        .prop_map(|(order, wanted)| {
            let mut parents = vec![Vec::new(); order.len()];
            for (at, &place) in order.iter().enumerate() {
                parents[place] =
                    (0..at).filter(|&other| wanted[at][other]).map(|other| order[other]).collect();
            }
            parents
        })
    }

    /// Whether `at` depends on `to`, however indirectly.
    fn reaches(parents: &[Vec<usize>], at: usize, to: usize) -> bool {
        parents[at].iter().any(|&parent| parent == to || reaches(parents, parent, to))
    }

    proptest! {
        #[test]
        fn blockers_are_the_failing_ancestors_that_have_no_failing_ancestor(
            parents in any_graph(), failing in prop::collection::vec(any::<bool>(), 14),
        ) {
            let count = parents.len();
            let graph = graph(&parents).expect("no cycle");
            let found = graph.blockers(count, |at| failing[at]);
            let parents = &parents;
            let ancestors = |at: usize| (0..count).filter(move |&to| reaches(parents, at, to));
            for at in 0..count {
                let wanted: Vec<_> = ancestors(at)
                    .filter(|&above| failing[above] && !ancestors(above).any(|higher| failing[higher]))
                    .collect();
                let found = found.get(at).cloned().unwrap_or_default();
                prop_assert_eq!(found, wanted, "{}", at);
            }
        }

        #[test]
        fn a_mark_spreads_to_every_ancestor_and_no_further(
            parents in any_graph(), marked in prop::collection::vec(any::<bool>(), 14),
        ) {
            let count = parents.len();
            let mut spread = marked[..count].to_vec();
            graph(&parents).expect("no cycle").spread(&mut spread);
            for at in 0..count {
                let wanted = marked[at] || (0..count).any(|below| marked[below] && reaches(&parents, below, at));
                prop_assert_eq!(spread[at], wanted, "{}", at);
            }
        }
    }
}
