// The page begins here.

const data = JSON.parse(document.getElementById("data").textContent);

drawStrips();
drawCurves();
drawOverTime();
drawFlows();
drawShares();
drawDifferences();
drawImportances();
drawFigures();
