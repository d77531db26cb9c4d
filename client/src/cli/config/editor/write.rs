//! Writing an entry into a client's file, after a copy was made of it.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use super::{Editor, Entry, Merged};

/// What was done to a client's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// There was none; now there is.
    Created,
    /// It has an entry more than the backup.
    Added { backup: PathBuf },
    /// It had an entry of that name, as the backup does.
    Replaced { backup: PathBuf },
    /// It said all of it already.
    Unchanged,
}

impl Editor {
    /// Whether the file has an entry of that name which says something else.
    ///
    /// # Errors
    /// Which file could not be read or merged into.
    pub(crate) fn replaces(self, file: &Path, entry: &Entry) -> anyhow::Result<bool> {
        let Some(old) = read(file).with_context(|| format!("read {}", file.display()))? else {
            return Ok(false);
        };
        let merged = self
            .merged(&old.text, entry)
            .with_context(|| format!("{} is left as it was: it cannot be merged into", file.display()))?;
        Ok(matches!(merged, Merged::Replaced(_)))
    }

    /// Merges the entry into the file, which is replaced in one step, where it is if it is a
    /// link, and with the permissions it has. A new file is for its owner alone, as servers may
    /// have secrets. The backup is beside it: `FILE.bak`, or `FILE.bak.1` and so on where there
    /// are older ones.
    ///
    /// # Errors
    /// Which file could not be read, merged into or written. It is as it was then.
    pub(crate) fn write(self, file: &Path, entry: &Entry) -> anyhow::Result<Written> {
        let file = &followed(file).with_context(|| format!("follow the link {}", file.display()))?;
        let Some(old) = read(file).with_context(|| format!("read {}", file.display()))? else {
            let directory = directory(file);
            fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))?;
            replace(file, None, &self.snippet(entry))?;
            return Ok(Written::Created);
        };
        let merged = self
            .merged(&old.text, entry)
            .with_context(|| format!("{} is left as it was: it cannot be merged into", file.display()))?;
        Ok(match merged {
            Merged::Unchanged => Written::Unchanged,
            Merged::Added(text) => Written::Added { backup: replace_old(file, &old, &text)? },
            Merged::Replaced(text) => Written::Replaced { backup: replace_old(file, &old, &text)? },
        })
    }
}

/// A file as it was read.
struct Old {
    text: String,
    permissions: Permissions,
}

fn read(file: &Path) -> io::Result<Option<Old>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(Old { text, permissions: fs::metadata(file)?.permissions() })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the links lead that a file may be, whether or not there is something.
fn followed(file: &Path) -> io::Result<PathBuf> {
    /// More than any system follows.
    const LINKS: usize = 40;
    let mut file = file.to_owned();
    for _ in 0..LINKS {
        if !file.is_symlink() {
            return Ok(file);
        }
        file = directory(&file).join(fs::read_link(&file)?);
    }
    Err(io::Error::other("too many links"))
}

fn directory(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn replace_old(file: &Path, old: &Old, text: &str) -> anyhow::Result<PathBuf> {
    let backup = back_up(file, old).with_context(|| format!("back up {}", file.display()))?;
    replace(file, Some(old), text)?;
    Ok(backup)
}

fn back_up(file: &Path, old: &Old) -> io::Result<PathBuf> {
    let mut copy = beside(file, Some(old), &old.text)?;
    let mut number = 0_usize;
    loop {
        let mut backup = file.as_os_str().to_owned();
        backup.push(if number == 0 { ".bak".to_owned() } else { format!(".bak.{number}") });
        match copy.persist_noclobber(&backup) {
            Ok(_) => return Ok(backup.into()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => copy = error.file,
            Err(error) => return Err(error.error),
        }
        number += 1;
    }
}

fn replace(file: &Path, old: Option<&Old>, text: &str) -> anyhow::Result<()> {
    let new = beside(file, old, text).with_context(|| format!("write beside {}", file.display()))?;
    // Clients write their files too, Claude Code at any time.
    let now = read(file).with_context(|| format!("read {}", file.display()))?;
    anyhow::ensure!(
        now.as_ref().map(|now| &now.text) == old.map(|old| &old.text),
        "{} was changed meanwhile by another program: run this again",
        file.display()
    );
    new.persist(file).map_err(|error| error.error).with_context(|| format!("replace {}", file.display()))?;
    Ok(())
}

/// A file in the same directory, so that it can take the place of this one in one step.
fn beside(file: &Path, old: Option<&Old>, text: &str) -> io::Result<NamedTempFile> {
    let mut new = NamedTempFile::new_in(directory(file))?;
    if let Some(old) = old {
        new.as_file().set_permissions(old.permissions.clone())?;
    }
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    Ok(new)
}

#[cfg(test)]
mod tests;
