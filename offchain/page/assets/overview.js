// The market at a glance: open tasks with countdowns, and every task.

const IS_ACTIVE = new Set(["open", "closed", "reported", "disputed", "final"]);

/** Return the next deadline of a task: its name and its time. */
function nextDeadline(task) {
  const time = chainTime();
  const deadlines = phasesOf(task).filter((phase) => phase.until > time);
  return deadlines[0] ?? null;
}

/** The phases of a task that still lie ahead or are on, each with its end. */
function phasesOf(task) {
  const { task: terms, progress, stage } = task;
  switch (stage) {
    case "open":
    case "closed":
      return [
        { name: "commit", until: terms.commit_deadline },
        { name: "reveal", until: terms.reveal_deadline },
        { name: "report", until: terms.report_deadline },
      ];
    case "disputed":
      return [{ name: "verdict", until: progress.time_a }];
    case "reported":
    case "final":
      return [
        ...(stage === "reported" ? [{ name: "dispute", until: progress.time_a }] : []),
        { name: "claim", until: progress.time_b },
      ];
    default:
      return [];
  }
}

function isOpen(task) {
  return task.stage === "open" && chainTime() < task.task.commit_deadline && task.progress.commits < task.progress.max_submissions;
}

function titleOf(task) {
  return task.description ? html`<span class="untrusted">${clip(task.description, 200)}</span>` : `Task ${short(task.id)}`;
}

function Stage({ of }) {
  return html`<${Badge} kind=${of}>${of}<//>`;
}

function Tile({ name, children }) {
  return html`<div class="tile"><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Overview() {
  const open = market.tasks.filter(isOpen);
  const active = market.tasks.filter((each) => IS_ACTIVE.has(each.stage));
  const entries = market.tasks.reduce((sum, each) => sum + each.progress.commits, 0);
  const earned = new Map();
  for (const task of market.tasks)
    for (const { event, moved } of task.steps)
      if (event === "AwardClaimed")
        for (const { token, amount } of moved) earned.set(token, (earned.get(token) ?? 0n) + BigInt(amount));
  return html`<h1 tabindex="-1">Tasks</h1>
    <dl class="tiles">
      <${Tile} name="open for entries">${open.length.toLocaleString("en")}<//>
      <${Tile} name="under way">${active.length.toLocaleString("en")}<//>
      <${Tile} name="submissions">${entries.toLocaleString("en")}<//>
      <${Tile} name="earned by developers">${
        earned.size ? [...earned].map(([token, units]) => html`<div><${Amount} units=${units} token=${token} /></div>`) : "0"
      }<//>
    </dl>
    <section aria-labelledby="open">
      <h2 id="open">Open for entries</h2>
      ${open.length
        ? html`<ul class="cards">${open.slice(0, 12).map((task) => html`<${Card} key=${task.id} task=${task} />`)}</ul>`
        : html`<p class="empty">No task takes entries now.</p>`}
      ${open.length > 12 && html`<p>${open.length - 12} more are in the table below.</p>`}
    </section>
    <${AllTasks} />`;
}

function Card({ task }) {
  const { curve, token, commit_deadline, max_awards } = task.task;
  const { commits, max_submissions } = task.progress;
  return html`<li class="card">
    <h3><a href="#/tasks/${task.id}">${titleOf(task)}</a></h3>
    <p class="big"><${Countdown} until=${commit_deadline} /> <small>left to commit</small></p>
    <${Facts} of=${[
      ["metric", task.metric ?? "not published"],
      ["pays up to", html`<${Amount} units=${curve.at(-1).price} token=${token} /> × ${max_awards}`],
      ["from a score of", percent(curve[0].score)],
      ["entries", `${commits.toLocaleString("en")} of ${max_submissions.toLocaleString("en")}`],
    ]} />
  </li>`;
}

function AllTasks() {
  const [asked, ask] = useState("");
  const [stage, choose] = useState("");
  const stages = [...new Set(market.tasks.map((each) => each.stage))];
  const words = asked.toLowerCase();
  const found = market.tasks.filter(
    (task) =>
      (!stage || task.stage === stage) &&
      `${task.id} ${task.description} ${task.metric} ${task.task.provider}`.toLowerCase().includes(words),
  );
  const rows = found.map((task) => {
    const next = nextDeadline(task);
    return {
      key: task.id,
      cells: [
        html`<a href="#/tasks/${task.id}">${titleOf(task)}</a>`,
        html`<${Stage} of=${task.stage} />`,
        next ? html`${next.name}: <${Countdown} until=${next.until} />` : task.acts.length ? html`<code>${task.acts[0].call}</code> is due` : "–",
        html`<${Amount} units=${task.task.budget} token=${task.task.token} />`,
        `${task.progress.commits.toLocaleString("en")}`,
        task.metric ?? "–",
        html`<${Ago} time=${task.created} />`,
      ],
    };
  });
  return html`<section aria-labelledby="all">
    <h2 id="all">All tasks</h2>
    <div class="filters">
      <label>Search <input type="search" value=${asked} onInput=${(event) => ask(event.target.value)} /></label>
      <label>Stage <select value=${stage} onChange=${(event) => choose(event.target.value)}>
        <option value="">all</option>
        ${stages.map((each) => html`<option value=${each}>${each}</option>`)}
      </select></label>
      <span role="status">${plural(found.length, "task")}</span>
    </div>
    <${Table} caption="All tasks" rows=${rows} head=${[
      ["task", "wide"], ["stage", ""], ["next", ""], ["budget", "number"], ["entries", "number"], ["metric", ""], ["created", ""],
    ]} />
  </section>`;
}

function clip(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
