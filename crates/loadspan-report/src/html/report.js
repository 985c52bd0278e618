/* The page around the charts */

function showDefinitions() {
  const tip = html("div", { id: "tip", className: "tooltip", hidden: true });
  document.body.append(tip);
  const show = ({ target }) => {
    const term = target.closest && target.closest(".term");
    tip.hidden = !term;
    if (!term) return;
    tip.textContent = document.getElementById(term.hash.slice(1)).textContent;
    const { left, top, bottom } = term.getBoundingClientRect();
    const isLow = bottom + 6 + tip.offsetHeight > innerHeight;
    tip.style.left = `${Math.max(4, Math.min(left, document.body.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${isLow ? top - 6 - tip.offsetHeight : bottom + 6}px`;
  };
  ["mouseover", "focusin"].forEach((name) => document.addEventListener(name, show));
  ["scroll", "keydown"].forEach((name) => document.addEventListener(name, () => (tip.hidden = true), true));
}

function offerThemes() {
  const button = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  button.hidden = false;
  button.onclick = () => {
    themes.push(themes.shift());
    button.textContent = `Theme: ${themes[0]}`;
    document.documentElement.dataset.theme = themes[0];
  };
}

/* On paper nothing can be opened. */
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => (details.open = true)));

plots.push(...JSON.parse(document.getElementById("chart-data").textContent).map((chart) => new Plot(chart)));
for (const plot of plots) {
  plot.draw();
  new ResizeObserver(() => plot.width === Math.floor(plot.box.clientWidth) || plot.draw()).observe(plot.box);
}
showDefinitions();
offerThemes();
