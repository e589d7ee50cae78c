// Mounts the live figures of a page: no kernel, no server, from http as from a file.
// The page holds each figure's state, and once a page the source of each kind of figure
// (see convbook_sphinx/widgets.py). A classic script: browsers refuse module files from file://.
(() => {
  "use strict";

  /** The part of an anywidget model that our widgets use, with nobody at the other end. */
  class Model {
    #state;
    #listeners = new Map();

    constructor(state) {
      this.#state = structuredClone(state);
    }

    get(key) {
      return this.#state[key];
    }

    set(key, value) {
      const changed = [];
      for (const [name, next] of Object.entries(typeof key === "object" ? key : { [key]: value })) {
        if (Object.is(this.#state[name], next)) continue;
        this.#state[name] = next;
        changed.push(name);
      }
      for (const name of changed) this.#emit(`change:${name}`, this.#state[name]);
      if (changed.length) this.#emit("change");
    }

    save_changes() {}

    send() {}

    on(event, listener) {
      if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
      this.#listeners.get(event).add(listener);
    }

    off(event, listener) {
      if (event === undefined || event === null) this.#listeners.clear();
      else if (listener === undefined || listener === null) this.#listeners.delete(event);
      else this.#listeners.get(event)?.delete(listener);
    }

    #emit(event, ...details) {
      for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...details);
    }
  }

  const kinds = new Map();

  /** The module of one kind of figure; its style sheet, kept to its own figures, is added once. */
  function load(name) {
    if (!kinds.has(name)) {
      const { esm, css } = JSON.parse(document.getElementById(`cb-source-${name}`).textContent);
      const style = document.createElement("style");
      style.textContent = `:where([data-widget="${name}"]) {\n${css}\n}`;
      document.head.append(style);
      const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
      kinds.set(name, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    return kinds.get(name);
  }

  async function mount(place) {
    if (place.dataset.state) return;
    place.dataset.state = "loading";
    const fallback = place.querySelector(".cb-fallback");
    const el = document.createElement("div");
    try {
      const model = new Model(JSON.parse(place.querySelector("script").textContent));
      const module = await load(place.dataset.widget);
      const definition = module.default;
      const widget = typeof definition === "function" ? await definition() : definition;
      await widget.initialize?.({ model });
      await widget.render({ model, el });
      fallback.replaceWith(el);
      place.dataset.state = "ready";
    } catch (error) {
      place.dataset.state = "failed";
      fallback.textContent = `${place.dataset.failed} ${error.message}`;
      console.error(error);
    }
  }

  const places = document.querySelectorAll(".cb-live");
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        mount(target);
      }
    },
    { rootMargin: "600px" },
  );
  for (const place of places) near.observe(place);
  addEventListener("beforeprint", () => places.forEach(mount));
})();
