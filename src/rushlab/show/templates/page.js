// Draws every figure of the page in the colours of the style sheet, for light, dark and print.
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = [];

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function fade(shade, share) {
    const digits = shade.replace("#", "");
    const parts = [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
    return `rgba(${parts.join(",")},${share})`;
  }

  // Traces name a role; the style sheet has its colour.
  function dress(trace) {
    const shade = trace.meta && trace.meta.role && colour(`--mark-${trace.meta.role}`);
    if (!shade) return trace;
    const dressed = { ...trace };
    if (trace.line) dressed.line = { ...trace.line, color: shade };
    if (trace.marker) dressed.marker = { ...trace.marker, color: shade, line: { ...trace.marker.line, color: shade } };
    if (trace.fill) dressed.fillcolor = fade(shade, 0.16);
    return dressed;
  }

  // On a narrow screen a legend above the plot takes several lines; panels with headings need no axis titles.
  function fitted(layout, box) {
    if (box.clientWidth >= 480) return layout;
    if (layout.showlegend) return { ...layout, height: layout.height + 44, margin: { ...layout.margin, t: layout.margin.t + 44 } };
    if (!(layout.meta && layout.meta.headed)) return layout;
    const copy = { ...layout, margin: { ...layout.margin, l: 40, r: 6 } };
    for (const name of Object.keys(layout).filter((key) => key.startsWith("yaxis"))) copy[name] = { ...layout[name], title: { text: "" } };
    return copy;
  }

  function lay(layout, width) {
    const ink = colour("--ink-soft");
    const copy = { ...layout, font: { ...layout.font, color: ink }, autosize: !width };
    if (width) copy.width = width;
    copy.title = { ...layout.title, font: { ...(layout.title || {}).font, color: colour("--ink") } };
    copy.hoverlabel = { ...layout.hoverlabel, bgcolor: colour("--surface"), bordercolor: colour("--line") };
    copy.hoverlabel.font = { ...(layout.hoverlabel || {}).font, color: colour("--ink") };
    copy.legend = { ...layout.legend, bgcolor: "rgba(0,0,0,0)" };
    return copy;
  }

  function draw(figure, width) {
    const options = { responsive: !width, displaylogo: false, displayModeBar: false, showTips: false };
    return Plotly.react(figure.box, figure.data.map(dress), lay(fitted(figure.layout, figure.box), width), options);
  }

  function drawAll(width) {
    return drawn.map((figure) => draw(figure, width));
  }

  for (const source of document.querySelectorAll("script[data-for]")) {
    const box = document.getElementById(source.dataset.for);
    drawn.push({ box, ...JSON.parse(source.textContent) });
  }
  Promise.all(drawAll()).then(() => root.setAttribute("data-drawn", String(drawn.length)));

  dark.addEventListener("change", () => drawAll());
  window.addEventListener("beforeprint", () => {
    root.setAttribute("data-print", "");
    drawAll(660);
  });
  window.addEventListener("afterprint", () => {
    root.removeAttribute("data-print");
    drawAll();
  });

  // The contents follow the reader; on a narrow screen they start closed.
  const contents = document.querySelector(".contents details");
  if (window.matchMedia("(max-width: 60rem)").matches) contents.removeAttribute("open");
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  function follow() {
    const above = headings.filter((heading) => heading.getBoundingClientRect().top < 140);
    const current = above.length ? above[above.length - 1] : headings[0];
    for (const [id, link] of links) {
      if (current && id === current.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
  window.addEventListener("scroll", follow, { passive: true });
  follow();
})();
