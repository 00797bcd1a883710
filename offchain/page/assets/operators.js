// Operators: stake, attestation, TCB status, expiry, and their record of reports and disputes.

function countOf(operator, part, ...outcomes) {
  return operator.record.filter((each) => each.part === part && (!outcomes.length || outcomes.includes(each.outcome))).length;
}

function stateOf(operator) {
  if (operator.condemned_at) return "condemned";
  if (operator.unlocks_at) return "unbonding";
  return operator.enclaves.some((each) => each.state === "active") ? "active" : "inactive";
}

function Tcb({ of }) {
  if (of.fault) return html`<span class="muted" title=${of.fault}>unknown</span>`;
  return html`<span class=${of.accepted ? "good" : "bad"}>${of.status}</span>${
    of.advisories.length > 0 && html` <small class="muted">${of.advisories.join(", ")}</small>`
  }`;
}

/** The statuses of several enclaves, each once. */
function Statuses({ of }) {
  const each = new Map(of.map(({ attested }) => [attested.fault ? "unknown" : attested.status, attested]));
  return [...each.values()].map((attested, at) => html`${at ? ", " : ""}<${Tcb} of=${attested} />`);
}

function Operators() {
  const rows = market.operators.map((operator) => {
    const active = operator.enclaves.filter((each) => each.state === "active");
    const expiries = active.map((each) => each.expiry);
    return {
      key: operator.address,
      cells: [
        html`<${Address} of=${operator.address} />`,
        html`<${Badge} kind=${stateOf(operator)}>${stateOf(operator)}<//>`,
        html`<${Amount} units=${operator.stake} />`,
        `${active.length} of ${operator.enclaves.length}`,
        active.length ? html`<${Statuses} of=${active} />` : "–",
        expiries.length ? html`<${Countdown} until=${Math.min(...expiries)} />` : "–",
        countOf(operator, "report"),
        countOf(operator, "report", "overturned"),
        countOf(operator, "panel"),
        html`<${Amount} units=${operator.fined} />`,
      ],
    };
  });
  return html`<h1 tabindex="-1">Operators</h1>
    <p class="lead">Who stakes, whose enclaves the registry has as active, and what came of the reports that they signed.</p>
    ${rows.length
      ? html`<${Table} caption="Operators" rows=${rows} head=${[
          ["operator", ""], ["state", ""], ["stake", "number"], ["active enclaves", "number"], ["TCB status", ""], ["first expiry", ""],
          ["reports", "number"], ["overturned", "number"], ["panels", "number"], ["fined", "number"],
        ]} />`
      : html`<p class="empty">Nobody has staked yet.</p>`}`;
}

function OperatorPage({ address }) {
  const operator = market.operators.find((each) => each.address === address);
  if (!operator) return html`<h1 tabindex="-1">No such operator</h1><p><a href="#/operators">All operators</a></p>`;
  const enclaves = operator.enclaves.map((each) => ({
    key: each.signing_key + each.measurement,
    cells: [
      html`<code title=${each.signing_key}>${short(each.signing_key)}</code>`,
      html`<${Badge} kind=${each.state}>${each.state}<//>`,
      each.attested.root || html`<span class="muted">${each.attested.fault}</span>`,
      html`<${Tcb} of=${each.attested} />`,
      html`<${Ago} time=${each.expiry} />`,
      html`<code title=${each.platform}>${short(each.platform)}</code>`,
      html`<code title=${each.measurement}>${short(each.measurement)}</code>`,
      each.program || html`<span class="muted">not described</span>`,
    ],
  }));
  const record = operator.record.map((each) => {
    const task = market.tasks.find(({ id }) => id === each.task);
    const cells = [html`<a href="#/tasks/${each.task}">${titleOf(task)}</a>`, each.part, html`<${Badge} kind=${each.outcome}>${each.outcome}<//>`];
    return { key: each.task + each.part, cells };
  });
  return html`<p class="crumbs"><a href="#/operators">Operators</a></p>
    <h1 tabindex="-1">Operator <code>${short(operator.address)}</code> <${Badge} kind=${stateOf(operator)}>${stateOf(operator)}<//></h1>
    <p class="hash"><code>${operator.address}</code></p>
    <${Facts} of=${[
      ["stake", html`<${Amount} units=${operator.stake} />`],
      ["fined", html`<${Amount} units=${operator.fined} />`],
      operator.unlocks_at && ["stake unlocks", html`<${Ago} time=${operator.unlocks_at} />`],
      operator.condemned_at && ["equivocation proven", html`<${Ago} time=${operator.condemned_at} />`],
      ["publishes at", operator.uri ? html`<span class="untrusted">${operator.uri}</span>` : "not announced"],
    ]} />
    <section aria-labelledby="enclaves"><h2 id="enclaves">Enclaves</h2>
      ${enclaves.length
        ? html`<${Table} caption="Enclaves" rows=${enclaves} head=${[
            ["signing key", ""], ["state", ""], ["attested under", ""], ["TCB status", ""], ["expiry", ""], ["platform", ""], ["measurement", ""], ["program, by the owner", "words"],
          ]} />`
        : html`<p class="empty">None was registered.</p>`}
    </section>
    <section aria-labelledby="record"><h2 id="record">Reports and panels</h2>
      ${record.length
        ? html`<${Table} caption="Reports and panels" rows=${record} head=${[["task", "wide"], ["part", ""], ["outcome", ""]]} />`
        : html`<p class="empty">It has signed nothing yet.</p>`}
    </section>`;
}
