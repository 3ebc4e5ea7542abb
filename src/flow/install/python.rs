//! The Python interpreter that the managed set is installed for, and the ways to get packages with it.
use super::report::explain;
use super::{InstallError, error, packages};
use crate::flow::process::Job;
use indicatif::ProgressBar;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const HELP: &str = "install Python 3.11 or newer with pip (Debian: `apt install python3-pip`), or give one with \
    `narrowgen tools install --python PATH`";

/// An interpreter that can run the set.
#[derive(Clone, Debug)]
pub struct Python {
    /// The interpreter itself, not a wrapper of a version manager.
    pub program: PathBuf,
    /// Full version.
    pub version: String,
    /// Minor version of Python 3.
    minor: u32,
    /// How pip is called, if it can be: arguments after the interpreter's name.
    pip: Option<Vec<String>>,
}

impl Python {
    /// The first interpreter of version 3.11 to 3.14 that can install; one without pip only if
    /// `bare` allows it.
    pub fn find(given: Option<&Path>, bare: bool) -> Result<Python, InstallError> {
        let variable = std::env::var_os("NARROWGEN_PYTHON").filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(path) = given.map(Path::to_path_buf).or(variable) {
            let python = Python::inspect(&path).map_err(|why| error(format!("`{}` {why}", path.display()), HELP))?;
            return python.with_pip(bare).map_err(|why| error(format!("`{}` {why}", path.display()), HELP));
        }
        let mut reasons = Vec::new();
        for name in ["python3", "python3.13", "python3.12", "python3.11", "python3.14", "python"] {
            match Python::inspect(Path::new(name)).and_then(|p| p.with_pip(bare)) {
                Ok(python) => return Ok(python),
                Err(why) if why.starts_with("is not") => {}
                Err(why) => reasons.push(format!("`{name}` {why}")),
            }
        }
        let why = if reasons.is_empty() { "there is none on PATH".to_string() } else { reasons.join("; ") };
        Err(error(format!("no suitable Python: {why}"), HELP))
    }

    fn inspect(path: &Path) -> Result<Python, String> {
        let mut command = Command::new(path);
        command.args([
            "-I",
            "-c",
            "import sys, platform; print(sys.executable, platform.python_version(), *sys.version_info[:2], sep='\\n')",
        ]);
        let done = Job::new("asking Python", command).limit(Duration::from_secs(30)).run().map_err(|_| "is not Python 3")?;
        let mut lines = done.stdout.lines();
        let mut next = || lines.next().unwrap_or_default().to_string();
        let (program, version, major, minor) = (next(), next(), next(), next());
        match (major.as_str(), minor.parse()) {
            ("3", Ok(minor @ 11..=14)) => Ok(Python { program: program.into(), version, minor, pip: None }),
            _ => Err(format!("is version {version}, not 3.11 to 3.14")),
        }
    }

    /// `311` for CPython 3.11.
    pub fn tag(&self) -> String {
        format!("3{}", self.minor)
    }

    /// Finds a way to call pip: its own module, or a pip package file that runs without being installed,
    /// as the interpreter's `ensurepip` and Debian's python3-pip-whl carry.
    fn with_pip(mut self, bare: bool) -> Result<Python, String> {
        if self.runs(&["-m", "pip", "--version"]) {
            self.pip = Some(vec!["-m".into(), "pip".into()]);
            return Ok(self);
        }
        let mut command = Command::new(&self.program);
        command.args(["-I", "-c", FIND_PIP_WHEELS]);
        let wheels = Job::new("looking for pip", command).limit(Duration::from_secs(30)).run().map(|d| d.stdout);
        for wheel in wheels.unwrap_or_default().lines() {
            let pip = format!("{wheel}/pip");
            if self.runs(&[&pip, "--version"]) {
                self.pip = Some(vec![pip]);
                return Ok(self);
            }
        }
        if bare { Ok(self) } else { Err(format!("({}) has no pip", self.version)) }
    }

    fn runs(&self, args: &[&str]) -> bool {
        let mut command = Command::new(&self.program);
        command.args(args);
        Job::new("pip", command).limit(Duration::from_secs(60)).run().is_ok()
    }

    /// Installs the packages of `dir/tools.lock` into `dir/site` with pip.
    pub fn pip_install(&self, dir: &Path, bar: &ProgressBar) -> Result<(), InstallError> {
        let Some(pip) = &self.pip else { return Err(error("there is no pip", HELP)) };
        let mut command = Command::new(&self.program);
        command
            .args(pip)
            .args(["install", "--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"])
            .args(["--progress-bar", "off", "--retries", "2", "--timeout", "20", "--target"])
            .arg(dir.join("site"))
            .arg("-r")
            .arg(dir.join("tools.lock"))
            .env("PIP_USER", "0")
            .env("PIP_REQUIRE_VIRTUALENV", "0")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_NO_INPUT", "1")
            .env_remove("PIP_TARGET")
            .env_remove("PIP_PREFIX")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let failed = |e: std::io::Error| error(format!("cannot run pip: {e}"), HELP);
        let mut child = command.spawn().map_err(failed)?;
        let errors = child.stderr.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = pipe.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        let mut log = String::new();
        if let Some(pipe) = child.stdout.take() {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if let Some(package) = line.trim_start().strip_prefix("Collecting ") {
                    bar.set_message(format!("downloading {}", package.split("==").next().unwrap_or(package)));
                    bar.inc(1);
                } else if line.starts_with("Installing") {
                    bar.set_message("unpacking");
                }
                log.push_str(&line);
                log.push('\n');
            }
        }
        let status = child.wait().map_err(failed)?;
        log.push_str(&errors.and_then(|t| t.join().ok()).unwrap_or_default());
        if status.success() { Ok(()) } else { Err(explain(&log, &self.version)) }
    }

    /// Installs the packages from files in a folder, without pip and without a network: each is found
    /// by its hash, so the names of the files do not matter.
    pub fn unpack(&self, wheels: &Path, dir: &Path, bar: &ProgressBar) -> Result<(), InstallError> {
        let help = "give the folder that holds the package files named in src/flow/tools.lock, for this Python";
        bar.set_message("checking and unpacking package files");
        let mut command = Command::new(&self.program);
        command.args(["-I", "-c", UNPACK]).arg(wheels).arg(dir.join("site"));
        for (name, version, hashes) in packages() {
            command.arg(format!("{name}=={version} {}", hashes.join(" ")));
        }
        let done = Job::new("unpacking", command).run_any().map_err(|e| error(e.to_string(), help))?;
        bar.inc(packages().count() as u64);
        match done.code {
            Some(0) => Ok(()),
            _ => Err(error(format!("{}: {}", wheels.display(), done.stderr.trim()), help)),
        }
    }
}

/// Prints pip package files that come with the interpreter or the system.
const FIND_PIP_WHEELS: &str = "
import glob, os, sysconfig
places = [os.path.join(sysconfig.get_path('stdlib'), 'ensurepip', '_bundled'), '/usr/share/python-wheels', '/usr/share/python-wheels/dirs']
for place in places:
    for name in sorted(glob.glob(os.path.join(place, 'pip-*.whl')), reverse=True):
        print(name)
";

/// Finds every pinned file in a folder by hash and unpacks it with its permissions.
const UNPACK: &str = "
import hashlib, os, sys, zipfile
wheels, site, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
try:
    names = sorted(n for n in os.listdir(wheels) if n.endswith('.whl'))
except OSError as e:
    sys.exit(str(e))
tag = f'-cp3{sys.version_info[1]}-'
have = {}
for name in names:
    path = os.path.join(wheels, name)
    with open(path, 'rb') as f:
        have.setdefault(hashlib.file_digest(f, 'sha256').hexdigest(), path)
chosen = []
for line in wanted:
    package, *hashes = line.split()
    found = [have[h] for h in hashes if h in have]
    if len(hashes) > 1:
        found = [p for p in found if tag in os.path.basename(p)]
    if not found:
        sys.exit(f'no file with a pinned hash of {package}')
    chosen.append(found[0])
for path in chosen:
    with zipfile.ZipFile(path) as z:
        for item in z.infolist():
            if '.data/' in item.filename:
                continue
            target = z.extract(item, site)
            mode = (item.external_attr >> 16) & 0o777
            if mode and not item.is_dir():
                os.chmod(target, mode)
";
