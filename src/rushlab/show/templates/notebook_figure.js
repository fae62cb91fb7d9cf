(figure) => {
  const box = document.currentScript.previousElementSibling;
  if (!window.rushlabPlotly) return;
  window.rushlabPlotly.then((Plotly) => {
    box.replaceChildren();
    Plotly.newPlot(box, figure.data, figure.layout, { responsive: true, displaylogo: false, displayModeBar: false, showTips: false });
  });
};
