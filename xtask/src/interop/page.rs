//! The status page in a real browser: it loads, follows what happens, survives the server, and shows text as text.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::ensure;
use serde_json::Value;

use super::browser::{Browser, keep_picture};
use super::http;
use super::server::Server;

const TOKEN: &str = "interop";

/// Goes into the name of every component, breaker, operation, alert, label and type of event.
const MARKUP: &str = r#""'><script>hurt=1</script><img src=x onerror=hurt=1>&amp;${hurt=1}"#;

/// `example` is the program `status_page`.
pub(super) fn run(example: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<()> {
    let port = http::free_port()?;
    let server = start(example, port, "", folder, deadline)?;
    let mut browser = Browser::start(folder, deadline)?;
    browser.look(1200, "light")?;
    browser.open(&format!("http://127.0.0.1:{port}/"))?;
    browser.until("the page is live", &is_live("live"))?;
    browser.until("it shows a closed breaker", &breaker_is("payments", "CLOSED"))?;
    browser.until("it tells the root cause", &says("#why", "Root cause: database"))?;
    browser.until("it shows an alert", &says("#alert-list", "ShelfLow"))?;
    browser.until("it shows what happens to events", &says("#type-list", "page_view"))?;
    let drawn = "[...document.querySelectorAll('#op-list .p99')].some((line) => line.getAttribute('points'))";
    browser.until("it draws an operation's history", drawn)?;

    // Whatever is shown from here on was not loaded anew.
    browser.value("window.sameBefore = true")?;
    let answer = http::authorized_post(port, "/circuit-breakers/payments/trip", TOKEN)?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    browser.until("it shows the breaker that was tripped", &breaker_is("payments", "OPEN"))?;
    browser.until("it says so", &says("#news", "payments is OPEN"))?;
    by_keyboard(&mut browser)?;
    under_way(&mut browser)?;
    for (width, scheme) in [(1200, "light"), (1200, "dark"), (360, "light"), (360, "dark")] {
        browser.look(width, scheme)?;
        let wide = browser.value("document.documentElement.scrollWidth")?;
        ensure!(wide.as_u64() <= Some(width.into()), "it is {wide} wide on {width}");
        keep_picture(&mut browser, &folder.join(format!("{width}-{scheme}.png")))?;
    }
    println!("it fits a narrow screen; pictures are in {}", folder.display());
    check_told(&mut browser, port, false)?;

    drop(server);
    browser.until("it shows that the server is gone", &is_live("gone"))?;
    browser.until("it says since when", &says("#link", "disconnected since"))?;
    let server = start(example, port, "", folder, deadline)?;
    browser.until("it is live again", &is_live("live"))?;
    browser.until("it shows the new server's breaker", &breaker_is("payments", "CLOSED"))?;
    ensure!(browser.value("window.sameBefore")? == true, "the page was loaded anew");
    check_told(&mut browser, port, true)?;

    browser.open("about:blank")?;
    drop(server);
    let _server = start(example, port, MARKUP, folder, deadline)?;
    browser.open(&format!("http://127.0.0.1:{port}/"))?;
    browser.until("it is live with other names", &is_live("live"))?;
    let lists = ["#components", "#alert-list", "#breaker-list", "#op-list", "#type-list", "#why"];
    for list in lists {
        browser.until(&format!("it shows markup as text in {list}"), &says(list, MARKUP))?;
    }
    let summary = format!("Tea is running out.{MARKUP}");
    browser.until("and in an annotation", &says("#alert-list", &summary))?;
    let elements = browser.value("document.querySelectorAll('main script, main img, header img').length")?;
    ensure!(elements == 0, "{elements} elements came from names");
    let named = format!("trip breaker payments{MARKUP}").to_lowercase();
    let button = format!(
        "[...document.querySelectorAll('button')].find((one) => (one.ariaLabel || '').toLowerCase() === {})",
        Value::from(named)
    );
    browser.value(&format!("{button}.focus()"))?;
    browser.press("Enter")?;
    browser.until("it asks about such a breaker", "document.getElementById('ask').open")?;
    browser.write(TOKEN)?;
    browser.press("Enter")?;
    let name = format!("payments{MARKUP}");
    browser.until("it trips such a breaker", &breaker_is(&name, "OPEN"))?;
    ensure!(browser.value("typeof hurt")? == "undefined", "a name ran as a script");
    check_told(&mut browser, port, false)
}

/// Tab leads to the buttons; what they do needs the token, which is asked for once.
fn by_keyboard(browser: &mut Browser) -> anyhow::Result<()> {
    let focused = "document.activeElement.getAttribute('aria-label') === 'Reset breaker payments'";
    let mut presses = 0;
    while browser.value(focused)? != true {
        presses += 1;
        ensure!(presses < 50, "the Tab key leads to no button of the breaker");
        browser.press("Tab")?;
    }
    let outline = browser.value("getComputedStyle(document.activeElement).outlineStyle")?;
    ensure!(outline == "solid", "the focus is not to be seen: {outline}");
    println!("{presses} presses of Tab lead to the breaker's button");
    browser.press("Enter")?;
    browser.until("it asks for the token", "document.activeElement.id === 'token'")?;
    browser.write("guess")?;
    browser.press("Enter")?;
    browser.until("it refuses a wrong one", &says("#ask-wrong", "The token is wrong."))?;
    browser.value("document.getElementById('token').value = ''")?;
    browser.write(TOKEN)?;
    browser.press("Enter")?;
    browser.until("the breaker is reset", &breaker_is("payments", "CLOSED"))?;
    browser.until("the focus is back", focused)?;
    browser.press("Enter")?;
    browser.until("it asks no second time", "document.activeElement.id === 'ask-yes'")?;
    browser.press("Escape")?;
    browser.until("Escape closes the question", "!document.getElementById('ask').open")
}

/// A question that is closed while its command is under way: how that went is told all the same, and the question asked
/// meanwhile is not touched.
fn under_way(browser: &mut Browser) -> anyhow::Result<()> {
    let other = "document.getElementById('ask').open && document.getElementById('ask-wrong').textContent === '' && \
                 !document.getElementById('ask-yes').disabled && \
                 document.getElementById('ask-title').textContent === 'Reset recommendations?'";
    browser.hold("*/circuit-breakers/payments/*")?;
    for (act, status, told) in
        [("Trip", None, "Trip payments: done"), ("Reset", Some(401), "Reset payments: The token is wrong.")]
    {
        browser.value(&press_for(act, "payments"))?;
        browser.press("Enter")?;
        let request = browser.held()?;
        browser.press("Escape")?;
        browser.until("Escape closes it", "!document.getElementById('ask').open")?;
        browser.value(&press_for("Reset", "recommendations"))?;
        browser.until("the next question is asked", other)?;
        browser.let_go(&request, status)?;
        browser.until("it tells how the first went", &says("#said", told))?;
        ensure!(browser.value(other)? == true, "the answer to another question has changed this one");
        if status.is_none() {
            browser.until("it was carried out", &breaker_is("payments", "OPEN"))?;
            browser.press("Escape")?;
            browser.until("Escape closes the next one", "!document.getElementById('ask').open")?;
        }
    }
    browser.call("Fetch.disable", serde_json::json!({}))?;
    browser.press("Enter")?;
    browser.until("it asks for the token anew", "document.activeElement.id === 'token'")?;
    browser.write(TOKEN)?;
    browser.press("Enter")?;
    browser.until("the other breaker is reset", &breaker_is("recommendations", "CLOSED"))
}

/// Presses a button of a breaker.
fn press_for(act: &str, breaker: &str) -> String {
    format!(
        "document.querySelector({}).click()",
        Value::from(format!("[aria-label='{act} breaker {breaker}']"))
    )
}

/// The page has told of no trouble and asked nobody else. While its server is away, and where a token is refused, the
/// browser itself writes down that a request has failed.
fn check_told(browser: &mut Browser, port: u16, was_away: bool) -> anyhow::Result<()> {
    // Everything said before this answer has been read with it.
    browser.value("0")?;
    let own = format!("http://127.0.0.1:{port}/");
    for message in browser.told.drain(..) {
        let about = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => {
                anyhow::bail!("the page has said {about}");
            }
            Some("Log.entryAdded") => {
                let entry = &about["entry"];
                let text = entry["text"].as_str().unwrap_or_default();
                let expected = entry["source"] == "network" && (was_away || text.contains("401"));
                ensure!(expected || entry["level"] == "verbose", "the browser has said {entry}");
            }
            Some("Network.requestWillBeSent") => {
                let address = about["request"]["url"].as_str().unwrap_or_default();
                let allowed = [&own, "data:", "about:"].iter().any(|start| address.starts_with(start));
                ensure!(allowed, "the page has asked {address}");
            }
            _ => {}
        }
    }
    Ok(())
}

fn start(example: &Path, port: u16, word: &str, folder: &Path, deadline: Instant) -> anyhow::Result<Server> {
    let mut command = Command::new(example);
    command.args([&format!("127.0.0.1:{port}"), TOKEN, word]).current_dir(folder);
    let mut server = Server::start("status_page", &command, folder)?;
    server.until(deadline, "its address", |log| Ok(log.contains("serving on").then_some(())))?;
    Ok(server)
}

fn is_live(state: &str) -> String {
    format!("document.getElementById('link').dataset.state === {}", Value::from(state))
}

fn says(place: &str, text: &str) -> String {
    let (place, text) = (Value::from(place), Value::from(text));
    format!("document.querySelector({place}).textContent.includes({text})")
}

fn breaker_is(name: &str, state: &str) -> String {
    format!(
        "[...document.querySelectorAll('.breaker')].some((one) => one.querySelector('.name').textContent === {} && \
         one.querySelector('.state').textContent === {})",
        Value::from(name),
        Value::from(state)
    )
}
