//! The models of the lab: small fits to the built-in digits, trained once and kept in a folder.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use diabolo::artifact::Run;
use diabolo::evaluate::Metrics;
use diabolo::pipeline::{Cancel, Event};
use diabolo::train::EpochRecord;
use diabolo::{Config, Error, FitJob, Predictor, Result};

use super::recipes::{INPUT, RECIPES, Recipe};

/// A trained model with its record.
pub(crate) struct Trained {
    pub recipe: &'static Recipe,
    pub predictor: Predictor,
    pub history: Vec<EpochRecord>,
    pub metrics: Metrics,
}

impl Trained {
    /// What the doctor said of it.
    pub fn findings(&self) -> Vec<&str> {
        findings(&self.predictor, &self.history)
    }
}

/// What the doctor said of the epoch whose weights were kept.
pub(crate) fn findings<'a>(predictor: &Predictor, history: &'a [EpochRecord]) -> Vec<&'a str> {
    let best = predictor.saved().header.training.best_epoch;
    let kept = history.iter().find(|record| Some(record.epoch) == best);
    kept.into_iter().flat_map(|record| &record.findings).map(|found| found.message.as_str()).collect()
}

/// Models that are trained when they are first asked for, and otherwise one after the other.
pub(crate) struct Models {
    state: Mutex<State>,
    changed: Condvar,
    /// The folder of the models; without one they are trained again at every start.
    folder: Option<PathBuf>,
    /// Settings of every fit beside its own; none but in tests.
    shared: &'static [&'static str],
    cancel: Cancel,
}

#[derive(Default)]
struct State {
    ready: BTreeMap<&'static str, Arc<Trained>>,
    failed: BTreeMap<&'static str, String>,
    /// Models that pages wait for, the latest last.
    wanted: Vec<&'static str>,
    /// The model that is being trained, and its share of epochs.
    running: Option<(&'static Recipe, f64)>,
}

impl Models {
    /// Starts the thread that trains. It ends with `cancel`.
    pub fn start(folder: Option<PathBuf>, shared: &'static [&'static str], cancel: Cancel) -> Arc<Self> {
        let (state, changed) = Default::default();
        let models = Arc::new(Models { state, changed, folder, shared, cancel });
        let training = models.clone();
        std::thread::spawn(move || {
            while let Some(recipe) = training.next() {
                training.train(recipe);
            }
        });
        models
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next model to train: the one that was asked for last.
    fn next(&self) -> Option<&'static Recipe> {
        let mut state = self.lock();
        let is_done =
            |state: &State, key: &str| state.ready.contains_key(key) || state.failed.contains_key(key);
        let wanted = std::iter::from_fn(|| state.wanted.pop()).collect::<Vec<_>>();
        let open = wanted.into_iter().find(|key| !is_done(&state, key));
        let recipe = RECIPES.iter().find(|recipe| match open {
            Some(key) => recipe.key == key,
            None => !is_done(&state, recipe.key),
        });
        let recipe = recipe.filter(|_| !self.cancel.is_cancelled());
        state.running = recipe.map(|recipe| (recipe, 0.0));
        recipe
    }

    fn train(&self, recipe: &'static Recipe) {
        let found = self.config(recipe).and_then(|config| {
            let folder = self.folder.as_ref().map(|parent| parent.join(folder_name(recipe.key, &config)));
            let loaded = folder.as_deref().and_then(|folder| loaded(recipe, folder));
            loaded.map_or_else(|| self.fitted(recipe, config, folder.as_deref()), Ok)
        });
        let mut state = self.lock();
        state.running = None;
        match found {
            Ok(trained) => drop(state.ready.insert(recipe.key, Arc::new(trained))),
            Err(error) => drop(state.failed.insert(recipe.key, error.to_string())),
        }
        drop(state);
        self.changed.notify_all();
    }

    fn config(&self, recipe: &Recipe) -> Result<Config> {
        let mut config = recipe.config()?;
        self.shared.iter().try_for_each(|setting| config.set(setting))?;
        Ok(config)
    }

    fn fitted(&self, recipe: &'static Recipe, config: Config, folder: Option<&Path>) -> Result<Trained> {
        let progress = |event: Event| {
            if let Event::Epoch(record, epochs) = event {
                self.lock().running = Some((recipe, record.epoch as f64 / epochs.max(1) as f64));
            }
        };
        let job = FitJob::input(INPUT).config(config).cancel(self.cancel.clone());
        let fitted = job.on_event(progress).run()?;
        if let Some(folder) = folder {
            // A folder that cannot be written costs the next start some seconds.
            let _ = Run::replace(folder).and_then(|run| fitted.save_run(&run));
        }
        let diabolo::pipeline::Fitted { predictor, history, metrics, .. } = fitted;
        Ok(Trained { recipe, predictor, history, metrics })
    }

    /// A model; waits until it is trained.
    ///
    /// # Errors
    /// Of its fit; [`Error::InvalidValue`] for a name that no model has.
    pub fn get(&self, key: &str) -> Result<Arc<Trained>> {
        let known = RECIPES.iter().find(|recipe| recipe.key == key).ok_or_else(|| {
            let keys: Vec<&str> = RECIPES.iter().map(|recipe| recipe.key).collect();
            Error::invalid_value("model", keys.join(", "), key)
        })?;
        let mut state = self.lock();
        state.wanted.push(known.key);
        loop {
            if let Some(trained) = state.ready.get(known.key) {
                return Ok(trained.clone());
            }
            if let Some(problem) = state.failed.get(known.key) {
                return Err(Error::internal(format!("the model {key} was not trained: {problem}")));
            }
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled { during: "training" });
            }
            let pause = std::time::Duration::from_millis(200);
            state = self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Settings of every fit beside its own.
    pub fn shared(&self) -> &'static [&'static str] {
        self.shared
    }

    /// The folder for what is made of these configurations; `None` if nothing is kept.
    pub fn folder_for(&self, key: &str, configs: &[Config]) -> Option<PathBuf> {
        let configs = configs.iter().map(|config| format!("{config:?}")).collect::<Vec<_>>().concat();
        self.folder.as_ref().map(|parent| parent.join(named(key, &configs)))
    }

    /// The number of models that are ready, of how many, and the one that is being trained.
    pub fn progress(&self) -> (usize, usize, Option<(&'static Recipe, f64)>) {
        let state = self.lock();
        (state.ready.len(), RECIPES.len(), state.running)
    }
}

/// The model of a folder, if it is there and whole.
fn loaded(recipe: &'static Recipe, folder: &Path) -> Option<Trained> {
    let run = Run::open(folder).ok()?;
    let predictor = Predictor::open(folder).ok()?;
    let metrics = serde_json::from_slice(&std::fs::read(run.metrics_path()).ok()?).ok()?;
    let trained = Trained { recipe, history: run.read_history().ok()?, metrics, predictor };
    (trained.predictor.saved().header.diabolo_version == diabolo::VERSION).then_some(trained)
}

/// The name of a model's folder, which no other configuration has: the whole of it counts, defaults
/// included.
fn folder_name(key: &str, config: &Config) -> String {
    named(key, &format!("{config:?}"))
}

/// A name with a digest of the text.
fn named(key: &str, text: &str) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{key}-{:016x}", hasher.finish())
}

/// The folder in which the models are kept: that of the system for data that can be made again.
pub(crate) fn usual_folder() -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let cache =
        of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache"))).or_else(|| of("LOCALAPPDATA"))?;
    let version = Path::new("diabolo").join(format!("lab-{}", diabolo::VERSION));
    cache.is_absolute().then(|| cache.join(version))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_model_is_kept_for_its_whole_configuration() {
        let config = RECIPES[0].config().unwrap();
        let kept = folder_name("vae2", &config);
        assert_eq!(kept, folder_name("vae2", &RECIPES[0].config().unwrap()));
        // What no recipe sets: another default is another model.
        let mut other = config.clone();
        other.set("training.batch_size=17").unwrap();
        assert_ne!(kept, folder_name("vae2", &other));
    }
}
