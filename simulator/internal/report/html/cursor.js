// Reading a chart with the keyboard: a chart has the focus like a button, the arrow keys move a
// cursor over its items, and what is there is said in the page's live region.

const live = document.getElementById("live");

function say(text) {
  live.textContent = text;
}

// steerable lets the keys move over count() items. show(i) marks an item and returns what to say;
// hide() takes the mark away.
function steerable(node, { count: items, show, hide }) {
  let at = -1;
  node.tabIndex = 0;
  node.addEventListener("keydown", (event) => {
    const last = items() - 1;
    const page = Math.max(1, Math.round(last / 12));
    const moves = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    };
    if (last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") {
      at = -1;
      hide();
    } else if (event.key in moves) {
      at = Math.max(0, Math.min(last, moves[event.key]));
      say(show(at));
      event.preventDefault();
    }
  });
  node.addEventListener("blur", () => hide());
}
