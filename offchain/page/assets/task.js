// A task: what can be done now, its terms, its price curve, its results with their proofs.

function TaskView({ id }) {
  const task = market.tasks.find((each) => each.id === id);
  if (!task) return html`<h1 tabindex="-1">No such task</h1><p><a href="#/">All tasks</a></p>`;
  const { task: terms, progress } = task;
  return html`<p class="crumbs"><a href="#/">Tasks</a></p>
    <h1 tabindex="-1">${titleOf(task)} <${Stage} of=${task.stage} /></h1>
    <p class="hash"><code>${task.id}</code></p>
    <${Phases} task=${task} />
    <${Now} task=${task} />
    <section aria-labelledby="terms">
      <h2 id="terms">Terms</h2>
      <${Facts} of=${[
        ["provider", html`<${Address} of=${terms.provider} />`],
        ["budget", html`<${Amount} units=${terms.budget} token=${terms.token} />`],
        ["benchmark fee", html`<${Amount} units=${terms.benchmark_fee} token=${terms.token} />`],
        ["buys at most", plural(terms.max_awards, "model")],
        ["entries", `${progress.commits.toLocaleString("en")} of ${progress.max_submissions.toLocaleString("en")}, ${progress.reveals.toLocaleString("en")} revealed`],
        ["entry fee", html`<${Amount} units=${terms.entry_fee} />`],
        ["commit bond", html`<${Amount} units=${terms.commit_bond} />`],
        ["signatures", `${terms.quorum} of the roster`],
        ["tolerance", percent(terms.tolerance)],
        terms.token !== ETHER && ["token", html`${symbolOf(terms.token)} <${Address} of=${terms.token} />`],
        ["metric", task.metric ?? "not published"],
        task.uri && ["published at", html`<span class="untrusted">${task.uri}</span>`],
        task.documents && ["manifest", html`<span class="untrusted">${task.documents}</span>`],
      ]} />
    </section>
    <section aria-labelledby="curve">
      <h2 id="curve">Price by score</h2>
      <${Curve} task=${task} />
    </section>
    <${ResultsOf} task=${task} />
    <${Dispute} task=${task} />
    <${MoneyOfTask} task=${task} />
    <${Timeline} task=${task} />`;
}

/** The way of a task, from its entries to its end; the phase that is on is marked. */
function Phases({ task }) {
  useSeconds();
  const { stage, steps } = task;
  const ended = stage === "settled" || stage === "voided";
  const order = ["commit", "reveal", "report", "dispute", ...(task.dispute ? ["verdict"] : []), "claim"];
  const ahead = phasesOf(task).filter((phase) => phase.until > chainTime());
  const overdue = { open: "report", closed: "report", disputed: "verdict" }[stage] ?? "claim";
  const at = ended ? order.length : order.indexOf(ahead[0]?.name ?? overdue);
  return html`<ol class="phases" aria-label="Phases">
    ${order.map((name, place) => {
      const phase = ahead.find((each) => each.name === name);
      const kind = place < at ? "done" : place === at ? "on" : "ahead";
      const skipped = ended && stage === "voided" && place > 1 && !steps.some((each) => each.event === "ReportPosted");
      return html`<li class=${skipped ? "ahead" : kind} aria-current=${kind === "on" ? "step" : null}>
        <span class="phase">${name}</span>
        <span class="when">${skipped ? "did not happen" : kind === "done" ? "over" : phase ? html`<${Countdown} until=${phase.until} />` : kind === "on" ? "due now" : "later"}</span>
      </li>`;
    })}
  </ol>`;
}

function Now({ task }) {
  if (!task.acts.length && IS_ACTIVE.has(task.stage)) return html`<p class="now">Nothing can be done now: it waits for its next deadline.</p>`;
  if (!task.acts.length) return html`<p class="now">Nothing is left to do with this task but to withdraw what was credited.</p>`;
  return html`<section class="now" aria-labelledby="now">
    <h2 id="now">What can be done now</h2>
    <ul>${task.acts.map((act) => html`<li>
      <strong>${act.who}</strong>: <code>${act.call}</code> ${act.why}${act.until !== null && html` – <${Countdown} until=${act.until} /> left`}
      <br /><code class="command">golden-grain ${act.command.replace("TASK", task.id)}</code>
    </li>`)}</ul>
  </section>`;
}

function ResultsOf({ task }) {
  const { report, entries } = task;
  const checked = useMemo(() => {
    const found = new Map();
    if (report)
      for (const entry of entries) if (entry.result) found.set(entry.index, isProved(task.id, entry, report.root));
    return found;
  }, [task]);
  const valid = [...checked.values()].filter(Boolean).length;
  const ranked = [...entries].sort(
    (one, other) => (other.result?.score ?? -1) - (one.result?.score ?? -1) || one.index - other.index,
  );
  const rows = ranked.map((entry) => ({ key: entry.index, cells: resultCells(task, entry, checked.get(entry.index)) }));
  return html`<section aria-labelledby="results">
    <h2 id="results">${report ? "Results" : "Submissions"}</h2>
    ${report && html`<p class="proofs ${valid === checked.size ? "" : "bad"}" role=${valid === checked.size ? null : "alert"}>
      ${checked.size
        ? html`<strong>${valid} of ${checked.size}</strong> Merkle proofs lead to the root of the report,
            ${" "}<code title=${report.root}>${short(report.root)}</code>, checked by this browser.
            ${" "}<span class="muted">Found at <span class="untrusted">${report.place}</span>.</span>`
        : html`The results are not shown: <span class="untrusted">${report.fault}</span>. Their root is
            ${" "}<code title=${report.root}>${short(report.root)}</code>.`}
    </p>`}
    ${rows.length
      ? html`<${Table} caption="Results" rows=${rows} head=${[
          ["no.", "number"], ["developer", ""], ["score", "number"], ["least price", "number"], ["bought for", "number"], ["proof", ""],
        ]} />`
      : html`<p class="empty">Nobody has committed yet.</p>`}
  </section>`;
}

function resultCells(task, entry, proved) {
  const { token } = task.task;
  const { result } = entry;
  let score = entry.revealed === null ? html`<span class="muted">not revealed</span>` : html`<span class="muted">–</span>`;
  if (result) score = result.score === null ? html`<span class="reason">${result.reason}</span>` : html`<data value=${result.score}>${percent(result.score)}</data>`;
  return [
    entry.index,
    html`<${Address} of=${entry.developer} />`,
    score,
    entry.revealed === null ? "–" : html`<${Amount} units=${entry.min_price} token=${token} />`,
    entry.price === null ? "–" : html`<${Amount} units=${entry.price} token=${token} />${" "}<${Badge} kind=${entry.claimed ? "settled" : "closed"}>${entry.claimed ? "paid" : "not claimed"}<//>`,
    proved === undefined ? "–" : proved ? html`<span class="good">✓ valid</span>` : html`<span class="bad">✗ invalid</span>`,
  ];
}
