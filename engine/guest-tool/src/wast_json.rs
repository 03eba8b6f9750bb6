//! Test scripts (.wast) to what a test runner reads: one JSON file a script and one binary or text file a module.

use anyhow::{Context, Result, bail};
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// Converts every script of `inputs` into `dir`. Two scripts of one name would overwrite each other: refused.
/// The text format is read with all its proposals, asynchrony and threads included; which of them a module may use is
/// for the runner's validator to say.
pub fn convert(inputs: &[&str], dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let mut seen = HashSet::new();
    let mut failures = 0;
    for input in inputs {
        let stem = Path::new(input)
            .file_stem()
            .context("a script without a name")?
            .to_string_lossy()
            .into_owned();
        if !seen.insert(stem.clone()) {
            bail!("two scripts are called {stem}: convert them into folders of their own");
        }
        if let Err(error) = convert_one(input, &stem, dir) {
            eprintln!("{input}: {error:#}");
            failures += 1;
        }
    }
    if failures > 0 {
        bail!(
            "{failures} of {} scripts could not be converted",
            inputs.len()
        );
    }
    Ok(())
}

fn convert_one(input: &str, stem: &str, dir: &Path) -> Result<()> {
    let text = fs::read_to_string(input)?;
    let locate = |mut error: wast::Error| {
        error.set_path(Path::new(input));
        error.set_text(&text);
        error
    };
    let mut lexer = wast::lexer::Lexer::new(&text);
    lexer.allow_confusing_unicode(true);
    let buffer = wast::parser::ParseBuffer::new_with_lexer(lexer).map_err(locate)?;
    let script = wast::parser::parse::<wast::Wast>(&buffer).map_err(locate)?;
    let output = json_from_wast::Wast::from_ast(input, &text, script)?;
    for (name, bytes) in &output.wasms {
        fs::write(dir.join(name), bytes)?;
    }
    fs::write(
        dir.join(format!("{stem}.json")),
        serde_json::to_string_pretty(&output)?,
    )?;
    Ok(())
}
