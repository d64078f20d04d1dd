"use strict";

const table = document.querySelector("table.scores");
const body = table.tBodies[0];
const value = (row, column) => {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : column ? null : cell.textContent;
};

for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
  head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].sort((one, two) => {
      const [a, b] = [value(one, column), value(two, column)];
      if (a === null || b === null) return (a === null) - (b === null);
      const order = typeof a === "string" ? a.localeCompare(b) : a - b;
      return up ? order : -order;
    });
    body.append(...rows);
  });
}

document.querySelector("#setting").addEventListener("change", (event) => {
  for (const row of body.rows) row.hidden = !["", row.dataset.setting].includes(event.target.value);
});

document.querySelector("#before").addEventListener("change", (event) => {
  document.querySelector("#photos").className = `before-${event.target.value}`;
});

for (const slider of document.querySelectorAll(".stage input")) {
  slider.addEventListener("input", () => slider.parentElement.style.setProperty("--cut", `${slider.value}%`));
}
