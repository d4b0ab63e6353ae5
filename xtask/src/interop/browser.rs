//! As much of Chromium's DevTools protocol as the status page needs.
//!
//! The browser speaks it over two pipes, so that there is no port, no websocket and no crate for one; it ends when the
//! pipes close, also where this program is killed.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::POLL;

/// The browser reads from its descriptor 3 and writes to 4.
const START: &str = r#"log=$1; shift; exec chromium "$@" 3<&0 4>&1 </dev/null >"$log" 2>&1"#;

const SWITCHES: [&str; 8] = [
    "--headless=new",
    "--remote-debugging-pipe",
    // It refuses to run as root otherwise, and sees nothing but pages of our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
];

/// A browser with one page; dropping this ends it.
pub(super) struct Browser {
    process: Child,
    commands: Option<ChildStdin>,
    messages: Receiver<Value>,
    last_id: u64,
    session: Option<String>,
    deadline: Instant,
    /// What the page has told since it was last asked.
    pub(super) told: Vec<Value>,
}

impl Browser {
    /// Starts it, with a profile and a log in `folder`. Every wait ends at `deadline`.
    pub(super) fn start(folder: &Path, deadline: Instant) -> anyhow::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", START, "chromium"]).arg(folder.join("chromium.log")).args(SWITCHES);
        shell.arg(format!("--user-data-dir={}", folder.join("profile").display()));
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = shell.spawn().context("cannot start a shell")?;
        let commands = process.stdin.take();
        let said = process.stdout.take().context("it is piped")?;
        let (sender, messages) = channel();
        // Ends with the browser.
        thread::spawn(move || read_all(said).for_each(|message| drop(sender.send(message))));
        let told = Vec::new();
        let mut browser = Self { process, commands, messages, last_id: 0, session: None, deadline, told };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let to = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", to)?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// Carries out one command of the protocol.
    pub(super) fn call(&mut self, method: &str, parameters: Value) -> anyhow::Result<Value> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let pipe = self.commands.as_mut().context("the browser was told to end")?;
        pipe.write_all(format!("{message}\0").as_bytes()).context("the browser has ended")?;
        loop {
            let mut message = self.next(method)?;
            if message["id"] != self.last_id {
                self.told.push(message);
                continue;
            }
            ensure!(message["error"].is_null(), "{method}: {}", message["error"]);
            return Ok(message["result"].take());
        }
    }

    fn next(&mut self, awaited: &str) -> anyhow::Result<Value> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.messages.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => anyhow::anyhow!("the browser has not answered {awaited} in time"),
            RecvTimeoutError::Disconnected => anyhow::anyhow!("the browser has ended before {awaited}"),
        })
    }

    pub(super) fn open(&mut self, address: &str) -> anyhow::Result<()> {
        let opened = self.call("Page.navigate", json!({ "url": address }))?;
        ensure!(opened["errorText"].is_null(), "{address}: {}", opened["errorText"]);
        Ok(())
    }

    /// What a JavaScript expression is, in the page.
    pub(super) fn value(&mut self, expression: &str) -> anyhow::Result<Value> {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", asked)?;
        ensure!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        Ok(answer["result"]["value"].take())
    }

    /// Waits until an expression is true. A page that is not there yet makes some fail.
    pub(super) fn until(&mut self, what: &str, expression: &str) -> anyhow::Result<()> {
        loop {
            let shown = self.value("document.body && document.body.innerText").unwrap_or_default();
            let found = self.value(expression);
            if matches!(found, Ok(Value::Bool(true))) {
                println!("{what}");
                return Ok(());
            }
            if Instant::now() >= self.deadline {
                bail!(
                    "the page has not come to that {what}: {expression} is {found:?}, and it shows {shown}"
                );
            }
            thread::sleep(POLL);
        }
    }

    /// Presses a key and lets it go.
    pub(super) fn press(&mut self, key: &str) -> anyhow::Result<()> {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            _ => bail!("{key} is not known here"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Holds back every request of the page to an address like this, in which `*` stands for anything.
    pub(super) fn hold(&mut self, addresses: &str) -> anyhow::Result<()> {
        let patterns = json!({ "patterns": [{ "urlPattern": addresses }] });
        self.call("Fetch.enable", patterns).map(drop)
    }

    /// Waits for the next request that is held back: its id.
    pub(super) fn held(&mut self) -> anyhow::Result<Value> {
        let is_held = |message: &Value| message["method"] == "Fetch.requestPaused";
        loop {
            if let Some(index) = self.told.iter().position(is_held) {
                return Ok(self.told.remove(index)["params"]["requestId"].take());
            }
            let message = self.next("with a request that is held back")?;
            self.told.push(message);
        }
    }

    /// Lets a request that was held back go to the server, or answers it with `status` instead.
    pub(super) fn let_go(&mut self, request: &Value, status: Option<u16>) -> anyhow::Result<()> {
        match status {
            None => self.call("Fetch.continueRequest", json!({ "requestId": request })),
            Some(status) => {
                self.call("Fetch.fulfillRequest", json!({ "requestId": request, "responseCode": status }))
            }
        }
        .map(drop)
    }

    /// Types into what has the focus.
    pub(super) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        self.call("Input.insertText", json!({ "text": text })).map(drop)
    }

    /// Shows the page in this width and colour scheme.
    pub(super) fn look(&mut self, width: u32, scheme: &str) -> anyhow::Result<()> {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }))?;
        let size = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size).map(drop)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.commands.take());
        // It ends by itself, but not while it is stuck.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The messages of the browser, each of which ends with a zero byte.
fn read_all(pipe: impl Read) -> impl Iterator<Item = Value> {
    let pieces = BufReader::new(pipe).split(0).map_while(Result::ok);
    pieces.filter_map(|piece| serde_json::from_slice(&piece).ok())
}

/// Where a picture of the page goes, if somebody wants to see it.
pub(super) fn keep_picture(browser: &mut Browser, file: &Path) -> anyhow::Result<()> {
    let shot =
        browser.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }))?;
    let text = shot["data"].as_str().context("a picture")?;
    Ok(fs::write(file, unpacked(text))?)
}

fn unpacked(base64: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for six in base64.bytes().filter_map(digit) {
        (bits, count) = (bits << 6 | u32::from(six), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_end_with_a_zero_byte() {
        let messages: Vec<Value> = read_all(&b"{\"id\":1}\0nothing\0[2]\0"[..]).collect();
        assert_eq!(messages, [json!({ "id": 1 }), json!([2])]);
    }

    #[test]
    fn pictures_are_unpacked() {
        assert_eq!(unpacked("Zm9vYmE="), b"fooba");
        assert_eq!(unpacked("Zm9vYg=="), b"foob");
    }
}
