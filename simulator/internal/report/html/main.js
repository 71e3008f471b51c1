// The page begins here.

const data = JSON.parse(document.getElementById("data").textContent);

drawLegend();
drawFrontier();
drawStrips();
drawCurves();
drawOverTime();
drawGroups();
drawFlows();
drawShares();
drawDifferences();
drawImportances();
drawFigures();
hintScrolls();
