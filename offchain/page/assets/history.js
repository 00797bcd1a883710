// What happened to a task: its timeline, and the course of its dispute.

const OUTCOMES = {
  open: "A panel may give its verdict until the deadline.",
  upheld: "The panel measured the same awards. The challenger's bond paid its seats.",
  overturned: "The panel measured other awards, which stand instead. The signers are fined and get nothing.",
  expired: "No verdict came in time, so the report stands. Half of the bond is burned.",
  voided: "No verdict came in time, and a signer was revoked. The task is voided, and the bond is returned.",
};

function Dispute({ task }) {
  const { dispute } = task;
  if (!dispute) return null;
  const { token } = task.task;
  const same = JSON.stringify(dispute.posted) === JSON.stringify(dispute.standing);
  return html`<section aria-labelledby="dispute">
    <h2 id="dispute">Dispute <${Badge} kind=${dispute.outcome}>${dispute.outcome}<//></h2>
    <ol class="course">
      <li><strong>Opened</strong> <${Ago} time=${dispute.opened} /> by <${Address} of=${dispute.challenger} />, with a bond of
        ${" "}<${Amount} units=${dispute.bond} />.</li>
      <li><strong>Deadline of the verdict</strong> <${Ago} time=${dispute.deadline} />${dispute.outcome === "open" && html`, <${Countdown} until=${dispute.deadline} past="over: anybody can end it" /> left`}.</li>
      ${dispute.ended !== null && html`<li><strong>${dispute.panel.length ? `Verdict of ${dispute.panel.length} enclaves` : "Ended"}</strong>
        ${" "}<${Ago} time=${dispute.ended} />${dispute.panel.length > 0 && html`, of ${dispute.panel.map((seat, at) => html`${at ? ", " : ""}<${Address} of=${seat.operator} />`)}`}.</li>`}
      <li><strong>Outcome.</strong> ${OUTCOMES[dispute.outcome]}</li>
    </ol>
    <div class="pair">
      <${Awards} name=${same ? "Awards of the report" : "Awards as posted"} of=${dispute.posted} token=${token} />
      ${!same && html`<${Awards} name="Awards that stand" of=${dispute.standing} token=${token} />`}
    </div>
  </section>`;
}

function Awards({ name, of, token }) {
  const rows = of.map((each) => ({
    key: each.index,
    cells: [each.index, percent(each.score), html`<${Amount} units=${each.price} token=${token} />`],
  }));
  return html`<div><h3>${name}</h3>${
    rows.length
      ? html`<${Table} caption=${name} rows=${rows} head=${[["no.", "number"], ["score", "number"], ["price", "number"]]} />`
      : html`<p class="empty">None.</p>`
  }</div>`;
}

/** Everything that happened, newest last; many steps are folded between the first and the last. */
function Timeline({ task }) {
  const [all, show] = useState(false);
  const { steps } = task;
  const fold = !all && steps.length > 40;
  const shown = fold ? [...steps.slice(0, 12), null, ...steps.slice(-20)] : steps;
  return html`<section aria-labelledby="timeline">
    <h2 id="timeline">Timeline</h2>
    <ol class="timeline">${shown.map((step, at) =>
      step
        ? html`<${Moment} key=${step.event + at} step=${step} />`
        : html`<li class="fold"><button type="button" onClick=${() => show(true)}>Show ${(steps.length - 32).toLocaleString("en")} more steps</button></li>`,
    )}</ol>
  </section>`;
}

function Moment({ step }) {
  return html`<li class=${step.event}>
    <span class="when"><${Ago} time=${step.time} /></span>
    <span class="what"><${Address} of=${step.who} /> <span class="muted">(${step.role})</span> ${step.text}
      ${step.moved.length > 0 && html`<ul class="moved">${step.moved.map((each) => html`<li class=${each.inward ? "in" : "out"}>
        <span class="hidden">${each.inward ? "pays in" : "pays out"}</span> <${Amount} units=${each.amount} token=${each.token} />
        ${" "}${each.inward || each.party === "nobody" ? each.what : `to ${each.party}: ${each.what}`}
      </li>`)}</ul>`}
    </span>
    <span class="block muted" title=${step.transaction}>block ${step.block.toLocaleString("en")}</span>
  </li>`;
}
