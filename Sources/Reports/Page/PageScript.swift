/// The script of all pages: it reads charts' numbers from the document, and shows those under the pointer or, by arrow
/// keys, one after the other.
enum PageScript {
    static let text = """
        (() => {
          "use strict";
          const shown = (v, kind) => {
            if (!Number.isFinite(v)) return "\u{2013}";
            if (kind === "share") return (100 * v).toFixed(2) + " %";
            const size = Math.abs(v);
            if (kind === "count" || size >= 1000 && size < 1e9) return Math.round(v).toLocaleString("en-US");
            if (v === 0) return "0";
            return size >= 0.001 && size < 1e9 ? String(+v.toPrecision(4)) : v.toExponential(3);
          };
          const numbers = text => text.split(" ").map(t => t === "" ? NaN : Number(t));
          // The last place whose number is not above x.
          const place = (xs, x) => {
            let low = 0, high = xs.length - 1;
            while (low < high) {
              const middle = (low + high + 1) >> 1;
              if (xs[middle] <= x) low = middle; else high = middle - 1;
            }
            return low < xs.length - 1 && xs[low + 1] - x < x - xs[low] ? low + 1 : low;
          };
          const add = (parent, name, text) => {
            const element = document.createElement(name);
            if (text !== undefined) element.textContent = text;
            parent.append(element);
            return element;
          };
          function prepare(plot) {
            const svg = plot.querySelector("svg"), tip = plot.querySelector(".tip"), data = svg.dataset;
            const [left, right, top, bottom, low, high] = numbers(data.frame || "0 1 0 1 0 1");
            const curves = [...svg.querySelectorAll(".curve")].map(e => ({
              name: e.dataset.name, kind: e.dataset.kind, x: numbers(e.dataset.x), y: numbers(e.dataset.y),
              color: getComputedStyle(e).stroke,
            }));
            const cells = [...svg.querySelectorAll("[data-note]")];
            const longest = curves.reduce((a, c) => c.x.length > a.length ? c.x : a, []);
            let cursor = null, picked = null, index = -1;
            const width = () => svg.viewBox.baseVal.width;
            const put = (x, y) => {
              tip.hidden = false;
              const box = plot.getBoundingClientRect(), own = tip.getBoundingClientRect();
              const leftMost = plot.scrollLeft, room = plot.clientWidth;
              const wanted = x + 14 + own.width > leftMost + room ? x - own.width - 14 : x + 14;
              tip.style.left = Math.max(leftMost, Math.min(wanted, leftMost + room - own.width)) + "px";
              tip.style.top = Math.max(0, Math.min(y, box.height - own.height)) + "px";
            };
            const hide = () => {
              tip.hidden = true; index = -1;
              if (cursor) cursor.remove();
              if (picked) picked.classList.remove("picked");
              cursor = picked = null;
            };
            const showAt = x => {
              const near = longest[place(longest, x)];
              const across = left + (near - low) / (high - low || 1) * (right - left);
              if (!cursor) {
                cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
                cursor.setAttribute("class", "cursor");
                cursor.setAttribute("y1", top); cursor.setAttribute("y2", bottom);
                svg.append(cursor);
              }
              cursor.setAttribute("x1", across); cursor.setAttribute("x2", across);
              tip.replaceChildren();
              add(tip, "b", data.x + " " + shown(near, "count"));
              for (const curve of curves) {
                const at = place(curve.x, near), row = add(tip, "div");
                add(row, "i").style.background = curve.color;
                const far = curve.x[at] === near ? "" : " (" + data.x + " " + shown(curve.x[at], "count") + ")";
                row.append(curve.name + ": " + shown(curve.y[at], curve.kind) + far);
              }
              const scale = svg.getBoundingClientRect().width / width();
              put(across * scale, 8);
            };
            const showCell = cell => {
              if (picked) picked.classList.remove("picked");
              picked = cell; cell.classList.add("picked");
              tip.textContent = cell.dataset.note;
              const outer = plot.getBoundingClientRect(), box = cell.getBoundingClientRect();
              put(box.left - outer.left + plot.scrollLeft + box.width / 2, box.bottom - outer.top + 6);
            };
            const point = event => {
              if (curves.length) {
                const box = svg.getBoundingClientRect();
                const across = (event.clientX - box.left) / box.width * width();
                showAt(low + (across - left) / (right - left) * (high - low));
                index = place(longest, low + (across - left) / (right - left) * (high - low));
              } else {
                const cell = event.target.closest("[data-note]");
                if (cell) { index = cells.indexOf(cell); showCell(cell); } else hide();
              }
            };
            plot.addEventListener("pointermove", point);
            plot.addEventListener("pointerdown", point);
            plot.addEventListener("pointerleave", hide);
            plot.addEventListener("blur", hide);
            plot.addEventListener("keydown", event => {
              const count = curves.length ? longest.length : cells.length;
              if (!count) return;
              const stride = curves.length ? Math.max(1, Math.floor(count / 50)) : 1;
              const columns = Number(data.columns || 0);
              const moves = {
                ArrowRight: index + stride, ArrowLeft: index - stride, Home: 0, End: count - 1,
                ArrowDown: columns ? index + columns : undefined, ArrowUp: columns ? index - columns : undefined,
              };
              if (event.key === "Escape") return hide();
              if (moves[event.key] === undefined) return;
              event.preventDefault();
              index = Math.max(0, Math.min(count - 1, moves[event.key]));
              if (curves.length) showAt(longest[index]); else showCell(cells[index]);
            });
          }
          for (const plot of document.querySelectorAll(".plot")) {
            // Numbers are read when somebody wants to see them.
            const begin = event => {
              plot.removeEventListener("pointerenter", begin);
              plot.removeEventListener("focus", begin);
              prepare(plot);
            };
            plot.addEventListener("pointerenter", begin);
            plot.addEventListener("focus", begin);
          }
        })();
        """
}
