//! Installs the dependencies of the programs into `target/interop`: npm packages, Python packages, and Glewlwyd
//! from Debian's packages, which are unpacked there. Each is kept until its list of packages changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{folder, sources};
use crate::Failure;

/// Copies the programs next to the packages that they import.
pub(super) fn programs() -> PathBuf {
    folder().join("node/programs")
}

pub(super) fn python_program() -> PathBuf {
    folder().join("python/bin/python")
}

/// The folder with Debian's `usr`.
pub(super) fn debian() -> PathBuf {
    folder().join("debian")
}

/// Installs the npm packages of the lock file, and copies the current programs.
pub(super) fn node() -> Result<(), Failure> {
    let here = folder().join("node");
    let list = sources().join("package-lock.json");
    once(&here, &list, || {
        fs::create_dir_all(&here)?;
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(sources().join(file), here.join(file))?;
        }
        succeed(Command::new("npm").arg("ci").current_dir(&here))
    })?;
    let programs = programs();
    if programs.exists() {
        fs::remove_dir_all(&programs)?;
    }
    copy_programs(&sources(), &programs)
}

/// Installs the Python packages of `requirements.txt` into a virtual environment.
pub(super) fn python() -> Result<(), Failure> {
    let here = folder().join("python");
    let list = sources().join("requirements.txt");
    once(&here, &list, || {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&here))?;
        let mut install = Command::new(python_program());
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        succeed(install.arg("--requirement").arg(&list))
    })
}

/// Installs Glewlwyd, with the libraries that this machine lacks. The error contains the reason if it is
/// unavailable.
pub(super) fn glewlwyd() -> Result<(), Failure> {
    let here = debian();
    let list = sources().join("debian.txt");
    once(&here, &list, || {
        let packages = fs::read_to_string(&list)?;
        let packages: Vec<&str> = packages.lines().collect();
        let archives = folder().join("archives");
        for folder in [&archives, &here] {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            fs::create_dir_all(folder)?;
        }
        if download(&packages, &archives).is_err() {
            succeed(Command::new("apt-get").arg("update"))?;
            download(&packages, &archives)?;
        }
        for archive in fs::read_dir(&archives)? {
            succeed(Command::new("dpkg-deb").arg("-x").arg(archive?.path()).arg(&here))?;
        }
        fs::remove_dir_all(&archives)?;
        Ok(())
    })
}

/// Downloads these packages and their missing dependencies.
fn download(packages: &[&str], archives: &Path) -> Result<(), Failure> {
    let mut simulate = Command::new("apt-get");
    simulate.args(["install", "--simulate", "--no-install-recommends"]).args(packages);
    let output = simulate.env("LC_ALL", "C").output().map_err(|error| unavailable(&error))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    let needed = listed.lines().filter_map(needed_package);
    let mut names: Vec<&str> = needed.chain(packages.iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    succeed(Command::new("apt-get").arg("download").args(names).current_dir(archives))
}

/// Parses a line of apt such as `Inst libconfig9 (1.5-0.4 Debian:12/stable [amd64])`.
fn needed_package(line: &str) -> Option<&str> {
    line.strip_prefix("Inst ")?.split(' ').next()
}

fn unavailable(error: &std::io::Error) -> String {
    format!("`apt-get` cannot be started: {error}")
}

/// Installs into a folder, unless the same list of packages is installed there already.
fn once(
    here: &Path,
    list: &Path,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let wanted = fs::read(list)?;
    let installed = here.join("installed");
    let name = list.file_name().unwrap_or_default().display();
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        println!("==> {name}: installed already");
        return Ok(());
    }
    println!("==> {name}: installing");
    fs::create_dir_all(folder())?;
    install()?;
    Ok(fs::write(&installed, wanted)?)
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}`: {status}; its output is above").into()),
        Err(error) => Err(format!("`{program}` is needed, and cannot be started: {error}").into()),
    }
}

/// Node searches packages in the program's folder and its parents, so programs are copied to the packages.
fn copy_programs(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_programs(&path, &copy)?;
        } else if path.extension().is_some_and(|kind| kind == "mjs" || kind == "py") {
            fs::copy(path, copy)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_apt_would_install_are_read() {
        let line = "Inst libconfig9 (1.5-0.4 Debian:12.12/oldstable [amd64])";
        assert_eq!(needed_package(line), Some("libconfig9"));
        assert_eq!(needed_package("Inst a [1.0] (1.1 Debian:12 [amd64])"), Some("a"));
        assert_eq!(needed_package("Conf libconfig9 (1.5-0.4)"), None);
    }
}
