// The price curve of a task, with every submission on it.

const CHART_HEIGHT = 300;

/** Return the price of a score on a curve, as the market computes it. */
function priceOf(curve, score) {
  if (score < curve[0].score) return 0n;
  for (let at = 1; at < curve.length; at++) {
    const [low, high] = [curve[at - 1], curve[at]];
    if (score < high.score) {
      const rise = (BigInt(high.price) - BigInt(low.price)) * BigInt(score - low.score);
      return BigInt(low.price) + rise / BigInt(high.score - low.score);
    }
  }
  return BigInt(curve.at(-1).price);
}

function Curve({ task }) {
  const [width, ref] = useWidth();
  const { curve, token } = task.task;
  const scored = task.entries.filter((each) => each.result?.score != null);
  const left = task.entries.filter((each) => each.result?.reason != null);
  const reasons = new Map();
  for (const { result } of left) reasons.set(result.reason, (reasons.get(result.reason) ?? 0) + 1);
  const bought = scored.filter((each) => each.price !== null).length;
  const words =
    `Price by score: nothing below ${percent(curve[0].score)}, ` +
    curve.map((knot) => `${decimal(knot.price, market.tokens[token].decimals)} at ${percent(knot.score)}`).join(", ") +
    `. ${plural(scored.length, "scored submission")}, ${bought} bought. The table of results has all of them.`;
  return html`<figure class="chart">
    <div ref=${ref}>
      ${width > 0 && html`<${CurvePicture} task=${task} scored=${scored} width=${width} words=${words} />`}
    </div>
    <figcaption>
      <span class="key"><span class="dot bought"></span>bought</span>
      <span class="key"><span class="dot"></span>scored, not bought</span>
      ${left.length > 0 &&
      html`<span>${plural(left.length, "submission")} without a score:
        ${" "}${[...reasons].map(([reason, count]) => `${reason} (${count})`).join(", ")}</span>`}
    </figcaption>
  </figure>`;
}

function CurvePicture({ task, scored, width, words }) {
  const { curve, token } = task.task;
  const { decimals } = market.tokens[token];
  const amount = (units) => Number(BigInt(units)) / 10 ** decimals;
  const margin = { top: 18, right: 26, bottom: 40, left: 52 };
  const scores = [...curve, ...scored.map((each) => each.result)].map((each) => each.score);
  const low = Math.max(0, Math.min(...scores) - 40_000);
  const high = Math.min(1_000_000, Math.max(...scores) + 40_000);
  const top = amount(curve.at(-1).price) * 1.08 || 1; // a curve may pay nothing
  const x = (score) => margin.left + ((score - low) / (high - low)) * (width - margin.left - margin.right);
  const y = (price) => CHART_HEIGHT - margin.bottom - (price / top) * (CHART_HEIGHT - margin.top - margin.bottom);
  const floor = y(0);
  const points = [[low, 0], [curve[0].score, 0], ...curve.map((each) => [each.score, amount(each.price)])];
  points.push([high, amount(curve.at(-1).price)]);
  const line = d3.line().x(([score]) => x(score)).y(([, price]) => y(price));
  const area = d3.area().x(([score]) => x(score)).y0(floor).y1(([, price]) => y(price));
  const dots = [...scored].sort((one, other) => (one.price === null ? 0 : 1) - (other.price === null ? 0 : 1));
  return html`<svg width=${width} height=${CHART_HEIGHT} role="img" aria-label=${words}>
    ${d3.ticks(0, top, 5).map(
      (price) => html`<g class="axis">
        <line x1=${margin.left} x2=${width - margin.right} y1=${y(price)} y2=${y(price)} />
        <text x=${margin.left - 8} y=${y(price)} dy="0.32em" text-anchor="end">${price.toLocaleString("en")}</text>
      </g>`,
    )}
    ${d3.ticks(low, high, Math.max(2, Math.floor(width / 110))).map(
      (score) => html`<g class="axis">
        <text x=${x(score)} y=${floor + 18} text-anchor="middle">${(score / 10_000).toLocaleString("en")} %</text>
      </g>`,
    )}
    <text class="title" x="0" y="10">price in ${symbolOf(token)}</text>
    <text class="title" x=${width - 4} y=${CHART_HEIGHT - 4} text-anchor="end">score</text>
    <path class="area" d=${area(points)} />
    <path class="curve" d=${line(points)} />
    ${dots.map(
      (each) => html`<circle class=${each.price === null ? "dot" : "dot bought"} r=${each.price === null ? 4.5 : 6}
        cx=${x(each.result.score)} cy=${y(amount(priceOf(curve, each.result.score)))} data-index=${each.index}>
        <title>submission ${each.index}: ${percent(each.result.score)}</title>
      </circle>`,
    )}
  </svg>`;
}
