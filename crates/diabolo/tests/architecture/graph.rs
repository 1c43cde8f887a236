//! Which file of a crate uses which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::Source;

/// The files of a crate; names are followed through `use` to the file that they come from.
pub struct Graph<'a> {
    sources: &'a [Source],
    /// The file of each module.
    modules: BTreeMap<&'a str, usize>,
    /// For each file, the files it uses. Not counted are `mod x;`, re-exports that the file itself
    /// does not use, and what a file uses of the modules it lies in: `a/mod.rs` may hold what its
    /// children share, and call them.
    pub targets: Vec<BTreeSet<usize>>,
}

impl<'a> Graph<'a> {
    pub fn new(sources: &'a [Source]) -> Self {
        let modules = sources.iter().enumerate().map(|(at, source)| (source.folder(), at)).collect();
        let mut graph = Graph { sources, modules, targets: vec![] };
        graph.targets = (0..sources.len()).map(|file| graph.used_by(file)).collect();
        graph
    }

    fn used_by(&self, file: usize) -> BTreeSet<usize> {
        let source = &self.sources[file];
        let uses = source.uses.iter().filter(|u| !u.public || source.words.contains(&u.name));
        let paths = uses.map(|u| &u.path).chain(&source.paths);
        let mut used: BTreeSet<usize> =
            paths.filter_map(|path| self.resolve(source.folder(), path, &mut BTreeSet::new())).collect();
        used.remove(&file);
        let lies_in = |target: &Source| {
            let folder = target.folder();
            folder.is_empty() || source.folder().starts_with(&format!("{folder}/"))
        };
        used.retain(|&target| !lies_in(&self.sources[target]));
        used
    }

    /// The file that holds what `path` names in `module`; nothing if that is another crate or no
    /// path.
    fn resolve(&self, module: &str, path: &[String], seen: &mut BTreeSet<String>) -> Option<usize> {
        let mut at = module.to_string();
        for (index, word) in path.iter().enumerate() {
            let child = format!("{at}/{word}").trim_start_matches('/').to_string();
            match word.as_str() {
                "crate" => at = String::new(),
                "self" => {}
                "super" => at = at.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.into()),
                _ if self.modules.contains_key(child.as_str()) => at = child,
                _ => {
                    let here = *self.modules.get(at.as_str())?;
                    let import = self.sources[here].uses.iter().find(|u| u.name == *word);
                    return match import.filter(|_| seen.insert(child)) {
                        Some(import) => self.resolve(&at, &[&import.path, &path[index + 1..]].concat(), seen),
                        // A word that nothing brought in is a crate, a local name or something of
                        // the prelude.
                        None if index == 0 => None,
                        None => Some(here),
                    };
                }
            }
        }
        self.modules.get(at.as_str()).copied()
    }

    /// For every file, the shortest way along uses that comes back to it; each circle once.
    pub fn circles(&self) -> BTreeSet<Vec<&'a str>> {
        (0..self.sources.len()).filter_map(|file| self.circle(file)).collect()
    }

    fn circle(&self, start: usize) -> Option<Vec<&'a str>> {
        let mut from = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(file) = queue.pop_front() {
            for &next in &self.targets[file] {
                if from.contains_key(&next) {
                    continue;
                }
                from.insert(next, file);
                queue.push_back(next);
            }
        }
        let mut circle = vec![start];
        let mut file = *from.get(&start)?;
        while file != start {
            circle.push(file);
            file = from[&file];
        }
        circle.reverse();
        let least = circle.iter().position(|file| Some(file) == circle.iter().min())?;
        circle.rotate_left(least);
        Some(circle.into_iter().map(|file| self.sources[file].path.as_str()).collect())
    }
}
