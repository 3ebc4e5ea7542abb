//! A page in headless Chromium, driven over its DevTools protocol: real pointer and keyboard events.
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};

/// The browser, if there is one; without it the test is skipped with a visible line, or fails if `REQUIRE_TOOLS=1` is set.
pub fn for_tests(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = std::env::split_paths(&path).flat_map(|d| names.map(|n| d.join(n))).find(|p| p.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("REQUIRE_TOOLS").is_none_or(|v| v != "1"),
            "{test}: no Chromium, and REQUIRE_TOOLS=1 forbids skipping"
        );
        use std::io::Write;
        let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {test}: no Chromium on PATH");
    }
    found
}

/// A browser with one page.
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    calls: u64,
    /// Addresses that the page asked for.
    pub requests: Vec<String>,
    /// Uncaught exceptions and logged errors.
    pub errors: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts it.
    pub fn start(program: &Path) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--window-size=1200,1400"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().find_map(|l| l.unwrap().strip_prefix("DevTools listening on ").map(String::from));
        let address = address.expect("the browser says where it listens");
        // It must be able to go on talking.
        std::thread::spawn(move || lines.for_each(drop));
        let place = address.strip_prefix("ws://").and_then(|a| a.split('/').next()).unwrap();
        let stream = TcpStream::connect(place).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (socket, _) = tungstenite::client(address.as_str(), stream).unwrap();
        let mut b =
            Browser { child, socket, session: String::new(), calls: 0, requests: vec![], errors: vec![], _profile: profile };
        let target = b.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = b.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        b.session = attached["sessionId"].as_str().unwrap().to_string();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            b.call(&format!("{domain}.enable"), json!({}));
        }
        b
    }

    /// One call of the protocol; what the page reports meanwhile is kept.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap() else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            let p = &answer["params"];
            match answer["method"].as_str() {
                Some("Network.requestWillBeSent") => self.requests.push(p["request"]["url"].as_str().unwrap().to_string()),
                Some("Runtime.exceptionThrown") => self.errors.push(p["exceptionDetails"].to_string()),
                Some("Log.entryAdded") if p["entry"]["level"] == "error" => self.errors.push(p["entry"].to_string()),
                _ => {}
            }
            if answer["id"] == self.calls {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    /// Opens a file and waits until `ready` is true of the page.
    pub fn open(&mut self, file: &Path, ready: &str) {
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        let start = Instant::now();
        while self.value(ready) != json!(true) {
            assert!(start.elapsed() < Duration::from_secs(30), "never: {ready}; {:?}", self.errors);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The value of a JavaScript expression.
    pub fn value(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Scrolls an element into view and moves the pointer to its middle.
    pub fn hover(&mut self, element: &str) -> [f64; 2] {
        self.value(&format!("{element}.scrollIntoView({{block: 'center', inline: 'center'}})"));
        let at = self.value(&format!(
            "(() => {{ const b = {element}.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        let [x, y] = [0, 1].map(|i| at[i].as_f64().unwrap());
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
        [x, y]
    }

    /// Clicks the middle of an element.
    pub fn click(&mut self, element: &str) {
        let [x, y] = self.hover(element);
        for kind in ["mousePressed", "mouseReleased"] {
            self.call("Input.dispatchMouseEvent", json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 }));
        }
    }

    /// Types into what has the focus.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session.clear();
        let _ = self.socket.send(Message::text(json!({ "id": 0, "method": "Browser.close" }).to_string()));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
