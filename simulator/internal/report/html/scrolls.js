// A table that is wider than the screen says so: an edge that fades, and a line above it.

function hintScroll(node) {
  const hint = element("p", { class: "hint", "aria-hidden": "true" }, "more to the right →");
  node.before(hint);
  const show = () => {
    const more = node.scrollWidth - node.clientWidth - node.scrollLeft > 8;
    node.classList.toggle("more", more);
    hint.hidden = !more;
  };
  node.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(() => requestAnimationFrame(show)).observe(node);
  show();
}

// hintScrolls gives hints to all tables, those that come later too.
function hintScrolls() {
  const known = new WeakSet();
  const look = () => {
    for (const node of document.querySelectorAll(".scroll")) {
      if (known.has(node)) continue;
      known.add(node);
      hintScroll(node);
    }
    for (const hint of document.querySelectorAll(".hint")) {
      if (!hint.nextElementSibling?.classList.contains("scroll")) hint.remove();
    }
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
}
