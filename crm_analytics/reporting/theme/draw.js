// Draws every chart of a page from the data that lies in its place, and lays it out anew for paper.
"use strict";

const paperWidth = 660; // A4 between the margins of style.css, in CSS pixels
const plots = [...document.querySelectorAll(".plot")];

for (const plot of plots) {
  const figure = JSON.parse(plot.querySelector("script").textContent);
  plot.replaceChildren();
  Plotly.newPlot(plot, figure.data, figure.layout, {
    responsive: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  });
}

addEventListener("beforeprint", () => {
  for (const plot of plots) Plotly.relayout(plot, { autosize: false, width: paperWidth });
});
addEventListener("afterprint", () => {
  for (const plot of plots) Plotly.relayout(plot, { autosize: true, width: null });
});
