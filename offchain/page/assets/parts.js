// Parts that several views share.

const { html, render, useState, useEffect, useMemo, useRef } = window.htmPreact;

/** The values of the page; `app.js` replaces them when there are newer ones. */
let market = JSON.parse(document.getElementById("values").textContent);

/** The time of the chain: that of the block, going on since the page was made. */
function chainTime() {
  return market.now + Math.max(0, Date.now() / 1000 - market.made);
}

/** The components that are drawn anew each second. */
const ticking = new Set();
setInterval(() => ticking.forEach((tick) => tick((count) => count + 1)), 1000);

function useSeconds() {
  const [, tick] = useState(0);
  useEffect(() => {
    ticking.add(tick);
    return () => ticking.delete(tick);
  }, []);
}

/** The time that is left until then, counted down each second. */
function Countdown({ until, past = "over" }) {
  useSeconds();
  const left = until - chainTime();
  const title = date(until);
  return html`<time class="countdown" dateTime=${new Date(until * 1000).toISOString()} title=${title}>
    ${left > 0 ? duration(left) : past}
  </time>`;
}

function Ago({ time }) {
  return html`<time dateTime=${new Date(time * 1000).toISOString()}>${date(time)}</time>`;
}

function symbolOf(token) {
  return market.tokens[token]?.symbol ?? "units";
}

function Amount({ units, token = ETHER }) {
  const { decimals } = market.tokens[token] ?? { decimals: 0 };
  return html`<data class="amount" value=${String(units)} title="${units} units"
    >${decimal(units, decimals)}<span class="unit"> ${symbolOf(token)}</span></data
  >`;
}

function Address({ of, href }) {
  const code = html`<code title=${of}>${short(of)}</code>`;
  const known = href ?? (market.operators.some((each) => each.address === of) ? `#/operators/${of}` : null);
  return known ? html`<a href=${known}>${code}</a>` : code;
}

function Badge({ kind, children }) {
  return html`<span class="badge ${kind}">${children}</span>`;
}

function Facts({ of }) {
  return html`<dl class="facts">
    ${of.filter(Boolean).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/**
 * A table that scrolls by itself where it is wider than the screen. On a phone, a row of more than
 * four cells becomes a block of them, each below its name.
 */
function Table({ caption, head, rows, most = 50 }) {
  const [all, show] = useState(false);
  const shown = all ? rows : rows.slice(0, most);
  return html`<div class="scroll" role="group" aria-label=${caption} tabindex="0">
      <table class=${head.length > 4 ? "stack" : null} role="table">
        <caption class="hidden">${caption}</caption>
        <thead role="rowgroup"><tr role="row">${head.map(
          ([name, kind]) => html`<th scope="col" role="columnheader" class=${kind}>${name}</th>`,
        )}</tr></thead>
        <tbody role="rowgroup">
          ${shown.map(
            (row) => html`<tr key=${row.key} role="row">
              ${row.cells.map((cell, at) => {
                const [name, kind] = head[at];
                return at
                  ? html`<td role="cell" class=${kind} data-name=${name}>${cell}</td>`
                  : html`<th scope="row" role="rowheader" class=${kind} data-name=${name}>${cell}</th>`;
              })}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${rows.length > shown.length &&
    html`<button type="button" class="more" onClick=${() => show(true)}>Show all ${rows.length.toLocaleString("en")}</button>`}`;
}

/** Return the width of an element, and what to give it as its `ref`. */
function useWidth() {
  const ref = useRef(null);
  const [width, set] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => set(Math.round(entry.contentRect.width)));
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [width, ref];
}
