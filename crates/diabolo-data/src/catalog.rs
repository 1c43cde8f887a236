//! The built-in data sets and the locations of their files.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::input::{hash_unpacked, hex};
use crate::names::closest;
use crate::{Error, Result};

/// A built-in data set.
#[derive(Debug)]
pub struct DataSet {
    /// The name on the command line.
    pub name: &'static str,
    /// A one-line description.
    pub description: &'static str,
    /// The licence, as the source states it.
    pub licence: &'static str,
    /// The name of its folder in the cache.
    pub folder: &'static str,
    /// The names of its parts, the default first; empty if it has no parts.
    pub parts: &'static [&'static str],
    /// Its files; empty if it is built into the program.
    pub files: &'static [DataFile],
}

/// One file of a [`DataSet`].
#[derive(Debug)]
pub struct DataFile {
    /// The name in the set's folder, without an optional `.gz`.
    pub name: &'static str,
    /// The download URL; the file is gzipped if this ends in `.gz`.
    pub url: &'static str,
    /// The SHA-256 of the uncompressed bytes (mirrors compress the same bytes differently).
    pub sha256: &'static str,
}

macro_rules! idx_files {
    ($base:literal, $($name:literal: $sha256:literal),+) => {
        &[$(DataFile { name: $name, url: concat!($base, $name, ".gz"), sha256: $sha256 }),+]
    };
}

macro_rules! binarized {
    ($part:literal: $sha256:literal) => {
        DataFile {
            name: concat!("binarized_mnist_", $part, ".amat"),
            url: concat!(
                "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/binarized_mnist_",
                $part,
                ".amat"
            ),
            sha256: $sha256,
        }
    };
}

static CATALOG: [DataSet; 8] = [
    DataSet {
        name: "digits",
        description: "1,797 handwritten digits, 8 x 8 pixels, 10 classes (Alpaydin and Kaynak, UCI)",
        licence: "CC BY 4.0",
        folder: "digits",
        parts: &[],
        files: &[],
    },
    DataSet {
        name: "factors",
        description: "6,144 drawn shapes, 32 x 32 pixels: 3 shapes x 4 scales x 8 rotations x 8 x 8 positions, after dSprites",
        licence: "drawn by this program",
        folder: "factors",
        parts: &[],
        files: &[],
    },
    DataSet {
        name: "taxi",
        description: "5,160 hourly counts of taxi passengers in New York, July 2014 to January 2015 (NYC TLC; Numenta)",
        licence: "MIT",
        folder: "taxi",
        parts: &[],
        files: &[],
    },
    DataSet {
        name: "customers",
        description: "4,000 + 1,000 customers of a telephone company: numbers, categories, dates, missing cells, who left",
        licence: "drawn by this program",
        folder: "customers",
        parts: &["train", "test"],
        files: &[],
    },
    DataSet {
        name: "pumps",
        description: "3,000 readings of healthy pumps + 2,000 new ones, of which one in twenty is faulty",
        licence: "drawn by this program",
        folder: "pumps",
        parts: &["normal", "new"],
        files: &[],
    },
    DataSet {
        name: "mnist",
        description: "60,000 + 10,000 handwritten digits, 28 x 28 pixels, 10 classes (LeCun, Cortes, Burges)",
        licence: "CC BY-SA 3.0, as commonly quoted",
        folder: "mnist",
        parts: &["train", "test"],
        files: idx_files!("https://ossci-datasets.s3.amazonaws.com/mnist/",
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    },
    DataSet {
        name: "fashion-mnist",
        description: "60,000 + 10,000 articles of clothing, 28 x 28 pixels, 10 classes (Zalando Research)",
        licence: "MIT",
        folder: "fashion_mnist",
        parts: &["train", "test"],
        files: idx_files!("https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    },
    DataSet {
        name: "binarized-mnist",
        description: "50,000 + 10,000 + 10,000 digits of black and white pixels, 28 x 28, in the fixed draw of Larochelle (2011)",
        licence: "that of mnist",
        folder: "binarized_mnist",
        parts: &["train", "valid", "test"],
        files: &[
            binarized!("train": "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d"),
            binarized!("valid": "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2"),
            binarized!("test": "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c"),
        ],
    },
];

/// All built-in data sets.
pub fn catalog() -> &'static [DataSet] {
    &CATALOG
}

/// The cache of downloaded sets: `$DIABOLO_CACHE`, else `$XDG_CACHE_HOME/diabolo`, else
/// `~/.cache/diabolo`.
pub fn cache_dir() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let xdg = || variable("XDG_CACHE_HOME").map(|folder| folder.join("diabolo"));
    let home = || std::env::home_dir().unwrap_or_default().join(".cache/diabolo");
    variable("DIABOLO_CACHE").or_else(xdg).unwrap_or_else(home)
}

/// The folders to look for a set in: below `$DIABOLO_DATA`, then in the cache.
pub(crate) fn folders(set: &DataSet) -> Vec<PathBuf> {
    let data = std::env::var_os("DIABOLO_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
    data.into_iter().chain([cache_dir()]).map(|folder| folder.join(set.folder)).collect()
}

/// The folder that holds all files of a set. The error lists the searched folders and how to
/// download the set.
pub fn locate(name: &str) -> Result<PathBuf> {
    let set = named(name)?;
    locate_in(set, &folders(set))
}

fn locate_in(set: &DataSet, folders: &[PathBuf]) -> Result<PathBuf> {
    let whole = |folder: &&PathBuf| set.files.iter().all(|file| present(folder, file.name).is_some());
    folders.iter().find(whole).cloned().ok_or_else(|| missing(set, folders))
}

/// The error for a set that is in none of the `folders`.
pub(crate) fn missing(set: &DataSet, folders: &[PathBuf]) -> Error {
    let sought = folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" or ");
    let urls = set.files.iter().map(|file| file.url).collect::<Vec<_>>().join(" ");
    let help = format!("run `diabolo data fetch {}`, or download {urls}", set.name);
    Error::data(set.name, format!("its {} files in {sought}", set.files.len()), "files missing", help)
}

/// The file with this name in `folder`, plain or gzipped.
pub(crate) fn present(folder: &Path, name: &str) -> Option<PathBuf> {
    [name.to_string(), format!("{name}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// Verifies the SHA-256 of the file at `path`, plain or gzipped, against the file `file` of the
/// set `name`.
pub fn verify(name: &str, file: &str, path: &Path) -> Result<()> {
    let set = named(name)?;
    let known = set.files.iter().find(|known| known.name == file.strip_suffix(".gz").unwrap_or(file));
    let names = || set.files.iter().map(|file| file.name).collect::<Vec<_>>().join(", ");
    let known = known.ok_or_else(|| Error::invalid_value(format!("file of {name}"), names(), file))?;
    let mut hash = Sha256::new();
    hash_unpacked(&path.to_string_lossy(), &mut hash)?;
    let found = hex(&hash.finalize());
    if found == known.sha256 {
        return Ok(());
    }
    let expected = format!("contents with SHA-256 {}", known.sha256);
    Err(Error::data(path.to_string_lossy(), expected, found, "delete the file and download it again"))
}

fn named(name: &str) -> Result<&'static DataSet> {
    let names = || CATALOG.each_ref().map(|set| set.name).join(", ");
    CATALOG
        .iter()
        .find(|set| set.name == name)
        .ok_or_else(|| Error::invalid_value("data set", names(), format!("'{name}'")))
}

/// The set and the part of an input such as `mnist:test`; the part is `"all"` for a set without
/// parts.
pub(crate) fn find(input: &str) -> Result<Option<(&'static DataSet, &'static str)>> {
    let (name, part) = input.split_once(':').map_or((input, None), |(name, part)| (name, Some(part)));
    let Some(set) = CATALOG.iter().find(|set| set.name == name) else { return Ok(None) };
    let known = match part {
        None => Some(set.parts.first().copied().unwrap_or("all")),
        Some(part) => set.parts.iter().copied().find(|known| *known == part),
    };
    let names = || set.parts.iter().map(|part| format!("{name}:{part}")).collect::<Vec<_>>();
    let expected = || match set.parts {
        [] => format!("{name} (it has no parts)"),
        _ => names().join(" or "),
    };
    known.map(|part| Some((set, part))).ok_or_else(|| Error::invalid_value("data set", expected(), input))
}

/// An error if `input` names a path, too, and the set is made by the program: that must not take
/// the place of a user's data.
pub(crate) fn check_name(input: &str, set: &DataSet) -> Result<()> {
    if !(set.files.is_empty() && Path::new(input).exists()) {
        return Ok(());
    }
    let of_set = match set.parts {
        [] => "go to another folder for the built-in set".into(),
        [first, ..] => format!("{input}:{first} for the built-in set"),
    };
    let help = format!("write ./{input} for the path, or {of_set}");
    Err(Error::data(input, "the name of a built-in set or of a path", "both", help))
}

/// The built-in set with a name like `input`.
pub(crate) fn similar(input: &str) -> Option<&'static str> {
    closest(input, CATALOG.each_ref().map(|set| set.name))
}

/// The test part that belongs to the training part `input`, if there is one.
pub(crate) fn test_part(input: &str) -> Option<String> {
    let (set, part) = find(input).ok()??;
    (part == "train" && set.parts.contains(&"test")).then(|| format!("{}:test", set.name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn parts() {
        assert_eq!(find("mnist").unwrap().unwrap().1, "train");
        assert_eq!(find("fashion-mnist:test").unwrap().unwrap().0.folder, "fashion_mnist");
        assert!(find("rows.csv").unwrap().is_none());
        assert!(find("mnist:val").unwrap_err().to_string().contains("mnist:train or mnist:test"));
        assert!(find("digits:test").unwrap_err().to_string().contains("digits (it has no parts)"));
        assert_eq!(find("binarized-mnist:valid").unwrap().unwrap().1, "valid");
        let tests =
            ["mnist", "binarized-mnist:train", "mnist:test", "digits", "factors", "x.csv"].map(test_part);
        let expected = [Some("mnist:test"), Some("binarized-mnist:test"), None, None, None, None];
        assert_eq!(tests.each_ref().map(Option::as_deref), expected);
    }

    #[test]
    fn a_path_is_not_replaced_by_a_set_that_the_program_makes() {
        // The tests of a crate run in its folder.
        let error = check_name("src", named("customers").unwrap()).unwrap_err().to_string();
        assert!(error.contains("./src for the path") && error.contains("src:train"), "{error}");
        assert!(check_name("src", named("mnist").unwrap()).is_ok(), "the folder is the set's");
        assert!(check_name("customers", named("customers").unwrap()).is_ok());
    }

    #[test]
    fn missing_set_error_lists_folders_and_download() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            locate_in(named("mnist").unwrap(), &[folder.path().join("mnist")]).unwrap_err().to_string();
        for part in ["diabolo data fetch mnist", "https://", &folder.path().display().to_string()] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_wrong_file_is_not_verified() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t10k-labels-idx1-ubyte");
        std::fs::write(&path, b"something else").unwrap();
        let error = verify("mnist", "t10k-labels-idx1-ubyte.gz", &path).unwrap_err().to_string();
        assert!(error.contains("ff7bcfd4"), "{error}");
        assert!(verify("mnist", "nothing", &path).is_err());
    }

    #[test]
    #[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
    fn checksums_match_the_real_files() {
        let data = PathBuf::from(std::env::var_os("DIABOLO_DATA").unwrap());
        for set in catalog() {
            for file in set.files {
                let path = present(&data.join(set.folder), file.name);
                let path = path.unwrap_or_else(|| panic!("no {} in {}", file.name, set.folder));
                verify(set.name, file.name, &path).unwrap();
            }
        }
    }
}
