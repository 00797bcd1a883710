// Money in and out, as a flow that adds up, or says by how much it does not.

const FLOW_ROW = 58;

/** Return movements in one token, added up by party and purpose: pairs of name and amount. */
function added(movements, token, inward) {
  const sums = new Map();
  for (const each of movements) {
    if (each.token !== token || each.inward !== inward) continue;
    const name = each.party === "nobody" ? each.what : `${each.party}: ${each.what}`;
    sums.set(name, (sums.get(name) ?? 0n) + BigInt(each.amount));
  }
  return [...sums];
}

/** One token's flow. `held` names what is left: in escrow, or with the market. */
function Flow({ movements, balance, held }) {
  const [width, ref] = useWidth();
  const { token } = balance;
  const into = added(movements, token, true);
  const out = added(movements, token, false);
  if (BigInt(balance.held) > 0n) out.push([held, BigInt(balance.held)]);
  const missing = BigInt(balance.missing);
  if (missing > 0n) out.push(["missing", missing]);
  if (missing < 0n) into.push(["unexplained", -missing]);
  return html`<figure class="flow">
    <div ref=${ref}>${width > 0 && html`<${FlowPicture} into=${into} out=${out} token=${token} width=${width} />`}</div>
    <figcaption><${Sum} balance=${balance} held=${held} /></figcaption>
  </figure>`;
}

function Sum({ balance, held }) {
  const { token, missing } = balance;
  const sum = html`In <${Amount} units=${balance.paid_in} token=${token} />, out
    ${" "}<${Amount} units=${balance.paid_out} token=${token} />, ${held} <${Amount} units=${balance.held} token=${token} />`;
  if (BigInt(missing) === 0n) return html`<span class="sum good">${sum}. <strong>It adds up.</strong></span>`;
  const size = BigInt(missing) < 0n ? -BigInt(missing) : BigInt(missing);
  return html`<span class="sum bad" role="alert">${sum}. <strong>It does not add up:
    ${" "}<${Amount} units=${size} token=${token} />
    ${BigInt(missing) > 0n ? " came in and are neither paid nor held" : " more than came in by events"}.</strong></span>`;
}

function FlowPicture({ into, out, token, width }) {
  const escrow = into.length;
  const nodes = [...into, ["escrow", 0n], ...out].map(([name, amount]) => ({ name, amount }));
  const size = (amount) => Number(amount);
  const least = Math.max(...nodes.map(({ amount }) => size(amount))) / 150;
  const value = (amount) => Math.max(size(amount), least); // so that small flows are seen
  const links = [
    ...into.map(([, amount], at) => ({ source: at, target: escrow, value: value(amount) })),
    ...out.map(([, amount], at) => ({ source: escrow, target: escrow + 1 + at, value: value(amount) })),
  ];
  if (!links.length) return html`<p class="empty">Nothing has moved yet.</p>`;
  const height = Math.max(into.length, out.length, 2) * FLOW_ROW;
  const layout = d3
    .sankey()
    .nodeWidth(10)
    .nodePadding(32)
    .nodeSort(null)
    .linkSort(null)
    .extent([[0, 18], [width, height - 18]])({ nodes, links });
  const path = d3.sankeyLinkHorizontal();
  const words = [...into.map((each) => ["in", each]), ...out.map((each) => ["out", each])]
    .map(([side, [name, amount]]) => `${side}, ${name}: ${decimal(amount, market.tokens[token].decimals)}`)
    .join("; ");
  return html`<svg width=${width} height=${height} role="img" aria-label="Flow of ${symbolOf(token)}. ${words}">
    ${layout.links.map(
      (link) => html`<path class="link ${kindOf(link.target.name, link.source.name)}" d=${path(link)} stroke-width=${Math.max(1, link.width)} />`,
    )}
    ${layout.nodes.map(
      (node) => html`<rect class="node" x=${node.x0} y=${node.y0} width=${node.x1 - node.x0} height=${Math.max(1, node.y1 - node.y0)} />
        ${node.index !== escrow && html`<${FlowLabel} node=${node} token=${token} isLeft=${node.index < escrow} isNarrow=${width < 520} />`}`,
    )}
  </svg>`;
}

function kindOf(...names) {
  return names.includes("missing") || names.includes("unexplained") ? "wrong" : "";
}

function FlowLabel({ node, token, isLeft, isNarrow }) {
  const name = isNarrow ? node.name.split(": ").at(-1) : node.name;
  const x = isLeft ? node.x1 + 8 : node.x0 - 8;
  const y = (node.y0 + node.y1) / 2;
  const anchor = isLeft ? "start" : "end";
  return html`<text class="label" x=${x} y=${y - 3} text-anchor=${anchor}>${name}</text>
    <text class="label number" x=${x} y=${y + 12} text-anchor=${anchor}>
      ${decimal(node.amount, market.tokens[token].decimals)} ${symbolOf(token)}
    </text>`;
}

/** Everything that a task moved, in each token, and each movement in a table. */
function MoneyOfTask({ task }) {
  const movements = task.steps.flatMap((step) => step.moved.map((each) => ({ ...each, time: step.time })));
  const rows = movements.map((each, key) => ({
    key,
    cells: [
      each.inward ? "in" : "out",
      html`${each.party}${each.account && html` <${Address} of=${each.account} />`}`,
      each.what,
      html`<${Amount} units=${each.amount} token=${each.token} />`,
      html`<${Ago} time=${each.time} />`,
    ],
  }));
  return html`<section aria-labelledby="money">
    <h2 id="money">Money in and out</h2>
    ${task.balances.map((balance) => html`<${Flow} key=${balance.token} movements=${movements} balance=${balance} held="held" />`)}
    <details>
      <summary>All ${plural(rows.length, "movement")}</summary>
      <${Table} caption="Movements" rows=${rows} head=${[["way", ""], ["who", ""], ["what", ""], ["amount", "number"], ["when", ""]]} />
    </details>
  </section>`;
}

function MoneyView() {
  const movements = market.tasks.flatMap((task) => task.steps.flatMap((step) => step.moved));
  return html`<h1 tabindex="-1">Money</h1>
    <p class="lead">What the events of ${plural(market.tasks.length, "task")} say, held against what the market has in block
      ${" "}${market.block.toLocaleString("en")}. What was credited to an account counts as paid.</p>
    ${market.balances.map((balance) => {
      const { token, held } = balance;
      const waiting = BigInt(market.credits[token] ?? 0);
      return html`<section key=${token} aria-label="Money in ${symbolOf(token)}">
        <h2>${symbolOf(token)}</h2>
        <${Flow} movements=${movements} balance=${balance} held="held for tasks" />
        <p>The market has <${Amount} units=${BigInt(held) + waiting} token=${token} />, of which
          ${" "}<${Amount} units=${waiting} token=${token} /> are credits that wait to be withdrawn.</p>
      </section>`;
    })}`;
}
