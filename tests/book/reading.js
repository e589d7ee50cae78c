// What the tests ask of a page that is open: the text of this file is an object of functions.
({
  // Everything a reader can make visible becomes so; returns the state of each live figure.
  async unfold() {
    for (const box of document.querySelectorAll("details")) box.open = true;
    const figures = [...document.querySelectorAll(".cb-live")];
    for (const figure of figures) {
      figure.scrollIntoView();
      while (!["ready", "failed"].includes(figure.dataset.state))
        await new Promise((done) => setTimeout(done, 20));
    }
    scrollTo(0, 0);
    await document.fonts.ready;
    return figures.map((figure) => figure.dataset.state);
  },

  headings() {
    return [...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")]
      .filter((heading) => heading.offsetParent)
      .map((heading) => Number(heading.tagName[1]));
  },

  // Pictures that a reader who does not see them learns nothing of.
  picturesWithoutWords() {
    const hidden = "[aria-hidden=true], [aria-hidden=true] *, button *, a *, [role=img] *, .cb-live *";
    return [...document.querySelectorAll("main :is(img, svg)")]
      .filter((picture) => !picture.matches(hidden))
      .filter((picture) => {
        const title = picture.querySelector("title")?.textContent;
        return !(picture.getAttribute("alt") ?? picture.ariaLabel ?? title)?.trim();
      })
      .map((picture) => picture.outerHTML.slice(0, 200));
  },

  // The source of formulas, outside code and outside KaTeX's own notes for screen readers.
  rawTex() {
    const copy = document.querySelector("article").cloneNode(true);
    const notText = ".katex-mathml, pre, code, script, style, .cb-live";
    copy.querySelectorAll(notText).forEach((node) => node.remove());
    return copy.textContent.match(/\\[a-zA-Z]{2,}|\$[^$\n]+\$|\\[([]/g) ?? [];
  },

  // Visible texts whose contrast with what is behind them is too low (WCAG 2.2, 1.4.3).
  poorContrast() {
    const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const known = new Map();
    const rgba = (colour) => {
      if (!known.has(colour)) {
        dot.clearRect(0, 0, 1, 1);
        dot.fillStyle = colour;
        dot.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = dot.getImageData(0, 0, 1, 1).data;
        known.set(colour, [r, g, b, a / 255]);
      }
      return known.get(colour);
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const luminance = (colour) => {
      const [r, g, b] = colour.map((value) => linear(value / 255));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const skipped = "svg, script, style, :disabled, .katex-mathml, .headerlink";
    const poor = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const [words, element] = [texts.currentNode.textContent.trim(), texts.currentNode.parentElement];
      if (!words || element.closest(skipped)) continue;
      if (!element.checkVisibility({ visibilityProperty: true })) continue;
      const chain = [];
      for (let node = element; node; node = node.parentElement) chain.push(getComputedStyle(node));
      // A text that fades, is clipped or stands on a picture has no single colour behind it.
      const unclear = (s) => s.opacity < 1 || s.backgroundImage !== "none" || s.clipPath !== "none";
      if (chain.some(unclear) || element.getBoundingClientRect().width < 2) continue;
      const grounds = chain.map((style) => rgba(style.backgroundColor)).reverse();
      const behind = grounds.reduce((below, ground) => over(ground, below), [255, 255, 255]);
      const shades = [over(rgba(chain[0].color), behind), behind].map(luminance);
      const ratio = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
      const size = parseFloat(chain[0].fontSize);
      const large = size >= 24 || (size >= 18.66 && chain[0].fontWeight >= 700);
      if (ratio < (large ? 3 : 4.5))
        poor.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className}: ${words.slice(0, 40)}`);
    }
    return [...poor];
  },

  // What makes the page scroll sideways.
  stickingOut() {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const boxes = "pre, .pst-scrollable-table-container, .katex, .bd-sidebar-secondary";
    return [...document.querySelectorAll("main *")]
      .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
      .filter((node) => !node.closest(boxes))
      .map((node) => `${node.tagName}.${node.className}`);
  },

  // What the live figures show: their words, the state of their fields, their drawings.
  figures() {
    return [...document.querySelectorAll(".cb-live")].flatMap((figure) => [
      figure.innerText,
      ...[...figure.querySelectorAll("input, select")].map((field) => `${field.value} ${field.checked}`),
      ...[...figure.querySelectorAll("svg, [aria-pressed], [aria-selected]")].map((n) => n.outerHTML),
    ]);
  },
})
