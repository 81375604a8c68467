extension StatusPage {
    /// Asks for the run's numbers every other second, writes them as text, never as HTML, and loads the report again
    /// when it has been written anew.
    static let script = #"""
        "use strict";
        const at = (id) => document.getElementById(id);
        const write = (id, text) => { if (at(id).textContent !== text) at(id).textContent = text; };
        const number = (value, digits) => value === undefined ? "–" : value.toLocaleString("en",
          { maximumSignificantDigits: digits });
        const percent = (value) => value === undefined ? "–" : (value * 100).toFixed(2) + " %";
        const duration = (seconds) => {
          if (seconds === undefined) return "–";
          const [h, m, s] = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(Math.floor);
          return h > 0 ? `${h} h ${m} min` : m > 0 ? `${m} min ${s} s` : `${s} s`;
        };
        const items = (list, entries) => list.replaceChildren(...entries.map(([text, kind]) => {
          const item = document.createElement("li");
          item.textContent = text;
          if (kind) item.className = kind;
          return item;
        }));

        let shownReport = null;
        function loadReport(written) {
          shownReport = written;
          const frame = at("report");
          const place = frame.contentWindow ? frame.contentWindow.scrollY : 0;
          frame.onload = () => frame.contentWindow.scrollTo(0, place);
          frame.hidden = false;
          at("waiting").hidden = true;
          frame.src = "report.html?" + encodeURIComponent(written);
        }

        function state(kind, text) {
          at("state").className = kind;
          write("state", text);
        }

        function show(run) {
          const training = run.training || {};
          document.title = `${run.model} on ${run.data}`;
          write("model", `${run.model} on ${run.data}`);
          if (run.state === "stalled") state("ill", `no step for ${duration(run.seconds_since_report)}`);
          else state("well", run.state);
          write("step", number(run.step, 12) + (run.total_steps ? " of " + number(run.total_steps, 12) : ""));
          at("progress").value = run.total_steps ? run.step / run.total_steps : 0;
          write("epoch", number(training.epoch, 12));
          write("loss", number(training.loss, 4));
          write("accuracy", percent(training.accuracy));
          write("test", run.evaluation ? percent(run.evaluation.accuracy) : "–");
          write("speed", number(training.images_per_second, 3));
          write("left", duration(run.seconds_left));
          write("checkpoint", run.seconds_since_checkpoint === undefined ? "–"
            : duration(run.seconds_since_checkpoint) + " ago");
          const behind = run.rank_states.filter((rank) => rank.state === "behind").length;
          at("ranks-part").hidden = run.rank_states.length === 0;
          write("ranks-sum", behind ? `(${behind} of ${run.ranks} behind)` : `(${run.ranks} in step)`);
          items(at("ranks"), run.rank_states.map((rank) =>
            [`${rank.rank}: ${rank.lag_ratio.toFixed(2)}`, rank.state]));
          at("events-part").hidden = run.events.length === 0;
          write("events-sum", `(${run.events.length})`);
          items(at("events"), run.events.map((event) => [`${event.time} ${event.text}`]).reverse());
        }

        async function look() {
          try {
            const answer = await fetch("api/run");
            if (!answer.ok) return state("", (await answer.text()).trim());
            const run = await answer.json();
            show(run);
            if (run.report_written && run.report_written !== shownReport) loadReport(run.report_written);
          } catch (error) {
            state("ill", "not reached: the run has ended, or this computer has lost it");
          }
        }
        async function watch() {
          await look();
          setTimeout(watch, document.hidden ? 10000 : 2000);
        }
        watch();

        """#
}
