#!/usr/bin/env python3
"""Opens a page in headless Chromium and prints, as JSON, what a reader would meet there.

    look_at_page.py PAGE [--width PIXELS] [--height PIXELS] [--dark] [--screenshot FILE.png] [--scroll-to SELECTOR]
                    [--until CONDITION]...

PAGE is a file or an address. It is looked at once it is loaded; with --until once that JavaScript is true in it, and
again for each further one. Each look is a line. Chromium is told what to do through two pipes in the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/), so that nothing but Python's own library is needed.
"""
import argparse
import base64
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

NAMES = ["chromium", "chromium-browser", "google-chrome"]
# Seconds for which a condition may be false.
PATIENCE = 60

# Runs in the page, and in the frames that stand in it. All that can be unfolded is. Contrast is WCAG 2.2's, 1.4.3; a
# text's background is that of the nearest ancestor that has one, and that of a bar that lies beneath it; in a heat map
# the cell that was drawn before it.
CHECK = r"""
(() => {
  const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parts = color => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = color => { const [r, g, b] = parts(color).map(channel); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const isClear = color => { const p = parts(color); return color === "none" || p.length === 4 && p[3] === 0; };
  const background = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (!isClear(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const beneath = element => {
    const other = element.previousElementSibling;
    if (!other || isClear(getComputedStyle(other).backgroundColor)) return null;
    const [a, b] = [element, other].map(e => e.getBoundingClientRect());
    const overlaps = a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return overlaps ? getComputedStyle(other).backgroundColor : null;
  };
  document.querySelectorAll("details").forEach(e => { e.open = true; });
  const pale = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element), isDrawn = element.namespaceURI.endsWith("svg");
    const color = isDrawn ? style.fill : style.color;
    const cell = isDrawn && /\bf-t\d/.test(element.getAttribute("class") || "") && element.previousElementSibling;
    const behind = [cell ? getComputedStyle(cell).fill : background(element)];
    if (!isDrawn && beneath(element)) behind.push(beneath(element));
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    texts += 1;
    const contrast = Math.min(...behind.map(other => ratio(color, other)));
    if (contrast < (isLarge ? 3 : 4.5)) pale.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${contrast.toFixed(2)} (${color} on ${behind.join(", ")})`);
  }
  const curves = [...document.querySelectorAll(".curve")].map(e => ({
    chart: (e.closest("figure") || {}).id || "", name: e.dataset.name, x: e.dataset.x.split(" ").map(Number), y: e.dataset.y.split(" ").map(t => t === "" ? null : Number(t)),
    path: e.getAttribute("d"), frame: e.ownerSVGElement.dataset.frame || "",
    contrast: ratio(getComputedStyle(e).stroke, background(e)),
  }));
  const nameless = [...document.querySelectorAll("img:not([alt]), svg:not([aria-label]):not([aria-hidden]), " +
    "[tabindex]:not([aria-label]), iframe:not([title]), progress:not([aria-label])")].map(e => e.outerHTML.slice(0, 80));
  // A bar's second rectangle is the share of the first.
  const bars = [...document.querySelectorAll("svg.bar")].map(bar => {
    const [all, part] = [...bar.querySelectorAll("rect")].map(e => e.getBoundingClientRect().width);
    return { name: bar.closest("tr").cells[0].textContent.trim(), share: part / all };
  });
  const timing = performance.getEntriesByType("navigation")[0];
  return {
    title: document.title, text: document.body.innerText, texts, pale, curves, bars, nameless,
    parts: Object.fromEntries([...document.querySelectorAll("[id]")].filter(e => !e.children.length).map(e => [e.id, e.textContent])),
    background: getComputedStyle(document.body).backgroundColor,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    pictures: [...document.images].map(e => ({ alt: e.alt, width: e.naturalWidth, height: e.naturalHeight })),
    rows: [...document.querySelectorAll("tr")].map(e => [...e.cells].map(c => c.textContent.trim())),
    elements: document.querySelectorAll("*").length, seconds: timing ? timing.loadEventEnd / 1000 : null,
  };
})()
"""

# What arrow keys make of each chart: the words that a screen reader is given.
KEYS = r"""
(() => [...document.querySelectorAll(".plot")].map(plot => {
  plot.focus();
  const press = key => plot.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  press("Home"); const first = plot.querySelector(".tip").textContent;
  press("End"); const last = plot.querySelector(".tip").textContent;
  press("Escape"); const isGone = plot.querySelector(".tip").hidden;
  return { chart: (plot.closest("figure") || {}).id || "", first, last, isGone };
}))()
"""


class Browser:
    def __init__(self, folder):
        program = next((path for path in map(shutil.which, NAMES) if path), None)
        if not program:
            sys.exit(f"look_at_page: none of {', '.join(NAMES)} is on the PATH")
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()
        # Out of the way of the two numbers that Chromium expects.
        inner = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_read, from_write)]

        def arrange():
            os.dup2(inner[0], 3)
            os.dup2(inner[1], 4)

        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     "--no-first-run", "--disable-extensions", "--disable-background-networking",
                     "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen([program] + arguments, close_fds=False, preexec_fn=arrange,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for descriptor in inner + [to_read, from_write]:
            os.close(descriptor)
        self.rest, self.number, self.events, self.session = b"", 0, [], None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.source, 1 << 16)
            if not part:
                sys.exit("look_at_page: Chromium has ended")
            self.rest += part
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.to, json.dumps(question).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"look_at_page: {method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def evaluate(self, script, **context):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, **context)
        if "exceptionDetails" in answer:
            sys.exit(f"look_at_page: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > end:
                text = self.evaluate("document.body.innerText")
                sys.exit(f"look_at_page: not true in {PATIENCE} seconds: {condition}\nThe page says: {text}")
            time.sleep(0.05)

    def frames(self):
        """A world of our own in each frame of the page, beside its scripts."""
        tree = self.ask("Page.getFrameTree")["frameTree"]
        return [self.ask("Page.createIsolatedWorld", frameId=child["frame"]["id"])["executionContextId"]
                for child in tree.get("childFrames", [])]

    def close(self):
        self.process.terminate()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--screenshot")
    parser.add_argument("--whole", action="store_true", help="a picture of the whole page, however long")
    parser.add_argument("--scroll-to")
    parser.add_argument("--until", action="append", default=[], metavar="CONDITION")
    options = parser.parse_args()
    address = options.page if "://" in options.page else pathlib.Path(options.page).resolve().as_uri()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            show(browser, address, options)
            for condition in options.until or ["true"]:
                browser.wait_until(condition)
                print(json.dumps(look(browser, options)), flush=True)
        finally:
            browser.close()


def show(browser, address, options):
    for domain in ["Page", "Network", "Log", "Runtime"]:
        browser.ask(domain + ".enable")
    browser.ask("Emulation.setDeviceMetricsOverride", width=options.width, height=options.height, deviceScaleFactor=1,
                mobile=options.width < 600)
    scheme = "dark" if options.dark else "light"
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.ask("Page.navigate", url=address)
    browser.wait("Page.loadEventFired")


def look(browser, options):
    if options.screenshot:
        if options.scroll_to:
            browser.evaluate(f"document.querySelector({json.dumps(options.scroll_to)}).scrollIntoView({{behavior: 'instant'}})")
        picture = browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=options.whole,
                              **({"clip": clip(browser, options)} if options.whole else {}))
        pathlib.Path(options.screenshot).write_bytes(base64.b64decode(picture["data"]))
    found = met(browser)
    found["frames"] = [met(browser, contextId=frame) for frame in browser.frames()]
    found["requests"] = [event["params"]["request"]["url"][:200] for event in browser.events
                         if event.get("method") == "Network.requestWillBeSent"]
    found["complaints"] = [json.dumps(event["params"])[:400] for event in browser.events
                           if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")]
    return found


def met(browser, **context):
    return {**browser.evaluate(CHECK, **context), "keys": browser.evaluate(KEYS, **context),
            "frames": [], "requests": [], "complaints": []}


def clip(browser, options):
    height = browser.evaluate("document.documentElement.scrollHeight")
    return {"x": 0, "y": 0, "width": options.width, "height": height, "scale": 1}


main()
