/// The live page: a head with the run's newest numbers, and below it the report's file.
///
/// The report is in a frame, so that it is reloaded by itself, and each of the two has only the permissions that it
/// needs.
enum StatusPage {
    static var page: StatusReply {
        var reply = StatusReply(.ok, .html, html)
        reply.policy = """
            default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; \
            img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'
            """
        return reply
    }

    /// The policy for the report, which has its own style and script, loads nothing and sends no requests.
    static let reportPolicy = """
        default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
        frame-ancestors 'self'; base-uri 'none'; form-action 'none'
        """

    private static let html = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>cnn-train</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="status.css">
        <script src="status.js" defer></script>
        </head>
        <body>
        <header>
        <h1><span id="model">cnn-train</span> <span id="state" role="status">connecting</span></h1>
        <progress id="progress" aria-label="Steps taken" max="1" value="0"></progress>
        <dl>
        <div><dt>Step</dt><dd id="step">–</dd></div>
        <div><dt>Epoch</dt><dd id="epoch">–</dd></div>
        <div><dt>Loss</dt><dd id="loss">–</dd></div>
        <div><dt>Accuracy</dt><dd id="accuracy">–</dd></div>
        <div><dt>Test accuracy</dt><dd id="test">–</dd></div>
        <div><dt>Images/s</dt><dd id="speed">–</dd></div>
        <div><dt>Time left</dt><dd id="left">–</dd></div>
        <div><dt>Checkpoint</dt><dd id="checkpoint">–</dd></div>
        </dl>
        <details id="ranks-part" hidden>
        <summary>Ranks <span id="ranks-sum"></span></summary>
        <ul id="ranks"></ul>
        </details>
        <details id="events-part" hidden>
        <summary>Events <span id="events-sum"></span></summary>
        <ol id="events"></ol>
        </details>
        </header>
        <main>
        <p id="waiting">The report comes with the first evaluation.</p>
        <iframe id="report" title="Report of the run" hidden></iframe>
        </main>
        </body>
        </html>

        """

    static let style = """
        :root { color-scheme: light dark; --ink: #1b1b1f; --paper: #ffffff; --soft: #5b5b66; --line: #d5d5dd;
          --well: #1a6b2f; --ill: #a4262c; --bar: #2a5db0; }
        @media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --paper: #17171b; --soft: #a9a9b6;
          --line: #3a3a44; --well: #7bd394; --ill: #ff9a9a; --bar: #8ab4ff; } }
        * { box-sizing: border-box; }
        body { margin: 0; height: 100vh; height: 100dvh; display: flex; flex-direction: column; color: var(--ink);
          background: var(--paper); font: 16px/1.4 system-ui, sans-serif; }
        header { padding: 0.6rem 1rem; border-bottom: 1px solid var(--line); max-height: 60vh; overflow: auto; }
        h1 { margin: 0 0 0.4rem; font-size: 1.1rem; overflow-wrap: anywhere; }
        #state { font-weight: normal; color: var(--soft); }
        #state.well { color: var(--well); }
        #state.ill { color: var(--ill); font-weight: bold; }
        progress { width: 100%; height: 0.5rem; accent-color: var(--bar); }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 0.3rem 1rem;
          margin: 0.4rem 0; }
        dt { color: var(--soft); font-size: 0.85rem; }
        dd { margin: 0; font-variant-numeric: tabular-nums; }
        ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; padding: 0; list-style: none; }
        li { overflow-wrap: anywhere; }
        li.behind { color: var(--ill); font-weight: bold; }
        summary { cursor: pointer; }
        main { flex: 1; min-height: 0; display: flex; }
        #waiting { margin: 2rem auto; color: var(--soft); }
        [hidden] { display: none !important; }
        iframe { flex: 1; width: 100%; border: 0; }

        """
}
