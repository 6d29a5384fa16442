// The page of `tdscaling stats --html`: the diversity of one or several data sets.

const BIN_NAMES = ["below 2", "2 to 4", "4 to 8", "8 to 16", "16 to 32", "32 and up"];

function panelsPage(view) {
  const parts = [
    view.panels.some((one) => one.simulated > 0) &&
      h("p", { class: "note warn" }, h("strong", null, "Simulated model. "), "Rows made by a stand-in without weights are among these; they are not training data."),
  ];
  if (view.panels.length > 1) parts.push(sideBySide(view));
  for (const panel of view.panels) parts.push(onePanel(panel, view));
  return parts;
}

function sideBySide(view) {
  const about = view.compared
    ? `Entropies are expected values for ${count(view.panels[0].size)} trajectories each; modes by structure alone, no branches seen.`
    : "Each at its own size: entropies of sets of different sizes cannot be compared; give --compare for that.";
  const bitsOf = ["domain_entropy_bits", "rme12_bits", "rme_sig_bits", "cac_mean"];
  const titles = ["Domain entropy, bits", "Mode entropy RME-12, bits", "Shape entropy RME-sig, bits", "Action complexity, mean"];
  return section(
    "Side by side",
    about,
    h(
      "div",
      { class: "grid-2" },
      bitsOf.map((key, at) =>
        figure(titles[at], null, bars(view.panels.filter((one) => one[key] !== null).map((one) => ({ name: one.name, n: one[key] })), { shown: bits })),
      ),
    ),
    table(["figure", ...view.panels.map((one) => one.name)], view.figures.map(([name, ...values]) => [name, ...values])),
  );
}

function onePanel(panel, view) {
  const at = view.panels.indexOf(panel);
  const modes = Object.entries(panel.modes).map(([name, n]) => ({ name: worded(name), n }));
  const bins = panel.cac_bins.map((share, bin) => ({ name: BIN_NAMES[bin], n: share * panel.n }));
  const domains = Object.entries(panel.domain_counts).map(([name, n]) => ({ name, n }));
  const estimates = Object.entries(panel.estimates).map(([name, one]) => [
    worded(name), bits(one.bits), one.half_width === null ? "too little seen" : "± " + bits(one.half_width), bits(one.coverage),
  ]);
  return section(
    panel.name,
    `${plural(panel.n, "trajectory").replace("trajectorys", "trajectories")}, modes by ${panel.rule}`,
    h("div", { class: "pair" },
      figure("Figures", null, table(["figure", "value"], view.figures.map((line) => [line[0], line[at + 1]]))),
      h("div", null, figure("Reasoning modes", null, bars(modes)), figure("Action complexity", null, bars(bins))),
    ),
    h("div", { class: "pair" },
      figure(`Domains (${count(domains.length)})`, null, folded(domains, 12)),
      figure("Entropies of the whole source", "Corrected for what a sample of this size does not show; coverage is the estimated share already seen.",
        table(["entropy", "bits", "95 %", "coverage"], estimates)),
    ),
  );
}
