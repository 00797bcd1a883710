// The page: which view the address names, and newer values where the page is served.

const VIEWS = [["#/", "Tasks"], ["#/operators", "Operators"], ["#/money", "Money"]];
const REFRESH = 5_000;

function useRoute() {
  const [route, go] = useState(location.hash || "#/");
  useEffect(() => {
    const follow = () => {
      go(location.hash || "#/");
      scrollTo(0, 0);
      requestAnimationFrame(() => document.querySelector("h1")?.focus({ preventScroll: true }));
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** Return the number of the block that is shown; ask for newer values where the page is served. */
function useNewest() {
  const [state, set] = useState({ block: market.block, fault: "" });
  useEffect(() => {
    if (document.documentElement.dataset.live !== "yes") return undefined;
    let tag = "";
    const timer = setInterval(async () => {
      try {
        const answer = await fetch("values.json", { headers: tag ? { "If-None-Match": tag } : {} });
        if (answer.status === 304) return set((old) => (old.fault ? { ...old, fault: "" } : old));
        if (!answer.ok) throw new Error(await answer.text());
        tag = answer.headers.get("ETag");
        market = await answer.json();
        set({ block: market.block, fault: "" });
      } catch (error) {
        set((old) => ({ ...old, fault: String(error.message) }));
      }
      return undefined;
    }, REFRESH);
    return () => clearInterval(timer);
  }, []);
  return state;
}

function View({ route }) {
  const [, name, id] = route.split("/");
  if (name === "tasks") return html`<${TaskView} key=${id} id=${id} />`;
  if (name === "operators") return id ? html`<${OperatorPage} key=${id} address=${id} />` : html`<${Operators} />`;
  return name === "money" ? html`<${MoneyView} />` : html`<${Overview} />`;
}

function isHere(route, href) {
  return href === "#/" ? route === "#/" || route.startsWith("#/tasks") : route.startsWith(href);
}

function Page() {
  const route = useRoute();
  const { fault } = useNewest();
  useEffect(() => {
    const name = document.querySelector("h1")?.textContent ?? "";
    document.title = `${name.trim()}, Golden Grain on ${market.network}`;
  });
  const simulated = market.operators.some((each) => each.enclaves.some(({ attested }) => attested.root.includes("SIMULATED")));
  return html`<a class="skip" href="#main" onClick=${(event) => {
      event.preventDefault();
      document.querySelector("h1")?.focus();
    }}>Skip to the content</a>
    <header>
      <a class="brand" href="#/"><${Ear} />Golden Grain</a>
      <nav aria-label="Views">${VIEWS.map(([href, name]) => html`<a href=${href} aria-current=${isHere(route, href) ? "page" : null}>${name}</a>`)}</nav>
      <p class="where"><strong>${market.network}</strong> · chain ${market.chain_id} · block
        ${" "}<data id="block" value=${market.block}>${market.block.toLocaleString("en")}</data> · <${Ago} time=${market.now} /></p>
    </header>
    <main id="main">
      ${fault && html`<p class="banner" role="alert">The values are not fresh: ${fault}</p>`}
      ${simulated && html`<p class="banner">Attestation is <strong>SIMULATED</strong> on this network: it proves nothing about a machine.</p>`}
      <${View} route=${route} />
    </main>
    <footer><p>Market <code>${market.market}</code>, registry <code>${market.registry}</code>. What others publish is in
      ${" "}<span class="untrusted">this type</span>: their words, which nobody has checked.</p></footer>`;
}

function Ear() {
  return html`<svg class="ear" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
    <path d="M12 23V7M12 9c0-3-2-5-2-5s-2 3 0 5M12 9c0-3 2-5 2-5s2 3 0 5M12 14c-1-3-5-4-5-4s0 4 5 4M12 14c1-3 5-4 5-4s0 4-5 4M12 19c-1-3-5-4-5-4s0 4 5 4M12 19c1-3 5-4 5-4s0 4-5 4M12 4V1" />
  </svg>`;
}

render(html`<${Page} />`, document.getElementById("page"));
