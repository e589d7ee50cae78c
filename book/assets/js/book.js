// Small things of every page. All of the book reads without them.
(() => {
  "use strict";

  // `make serve` says in each page where its JupyterLab is; elsewhere notebooks are downloaded.
  const lab = document.querySelector('meta[name="convbook-lab"]')?.content;
  if (lab) {
    for (const link of document.querySelectorAll("a.cb-lab")) {
      link.href = lab + link.dataset.path;
      link.hidden = false;
      link.parentElement.classList.add("cb-has-lab");
    }
  }

  // Boxes that scroll sideways can be scrolled with the keyboard, and only while they overflow.
  const boxes = document.querySelectorAll(
    ".bd-article pre, .bd-article .pst-scrollable-table-container, .bd-article .cb-table, .katex-display > .katex",
  );
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of boxes) watch.observe(box);
})();
