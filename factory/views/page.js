// The row explorer. Without it every row is still there, in a plain list that opens and closes by itself.
(() => {
  "use strict";
  const controls = document.getElementById("controls");
  const rows = [...document.querySelectorAll("#explorer > details")];
  const opened = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches("details")) {
      target.hidden = false;
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", opened);
  opened();
  if (!controls) return;
  const search = document.getElementById("search");
  const filters = [...controls.querySelectorAll("select[data-filter]")];
  const sort = document.getElementById("sort");
  const explorer = document.getElementById("explorer");
  const matching = document.getElementById("matching");
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, nth) => {
      const fits =
        filters.every((filter) => !filter.value || row.dataset[filter.dataset.filter] === filter.value) &&
        words.every((word) => texts[nth].includes(word));
      row.hidden = !fits;
      count += fits;
    });
    matching.textContent = `${count} of ${rows.length}`;
  };
  const order = () => {
    const name = sort.value.replace("-", "");
    const sign = sort.value.startsWith("-") ? 1 : -1;
    const sorted = name ? [...rows].sort((a, b) => sign * (a.dataset[name] - b.dataset[name])) : rows;
    explorer.append(...sorted);
  };
  controls.addEventListener("input", (event) => (event.target === sort ? order() : apply()));
  controls.hidden = false;
  apply();
})();
