// From an answer of the model to elements of the page, for each kind of task.

const TONES = 8;
const SHORT = 24; // characters of a name that stands beside its bar

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const percent = (score) => `${(100 * score).toFixed(1)} %`;
const heading = (text) => element("h2", {}, text);

function bar(share) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 100 1");
  drawing.setAttribute("preserveAspectRatio", "none");
  const filled = document.createElementNS(space, "rect");
  filled.setAttribute("width", String(100 * Math.min(Math.max(share, 0), 1)));
  filled.setAttribute("height", "1");
  drawing.append(filled);
  const rail = element("div", { className: "rail" }, drawing);
  rail.setAttribute("aria-hidden", "true");
  return rail;
}

// Rows are {name, score}; the best is set in bold.
function bars(rows, text = percent) {
  const most = Math.max(...rows.map((row) => row.score));
  const long = rows.some((row) => String(row.name).length > SHORT);
  const items = rows.map((row) => {
    const name = element("span", { className: "name" }, String(row.name));
    const score = element("output", {}, text(row.score));
    const kind = `${long ? "long" : ""} ${row.score === most ? "best" : ""}`;
    const parts = long ? [name, score, bar(row.score)] : [name, bar(row.score), score];
    return element("li", { className: kind.trim() }, ...parts);
  });
  return element("ul", { className: "bars" }, ...items);
}

// Positions count Unicode characters, JavaScript's strings count halves of some.
function marked(text, spans) {
  const characters = Array.from(text);
  const part = (start, end) => characters.slice(start, end).join("");
  const tones = new Map();
  const shownText = element("p", { className: "marked" });
  let place = 0;
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start < place || span.start === span.end) continue;
    if (!tones.has(span.label)) tones.set(span.label, tones.size % TONES);
    const note = element("small", {}, `${span.label} ${percent(span.score)}`);
    const mark = element("mark", { className: `tone${tones.get(span.label)}` });
    mark.append(part(span.start, span.end), note);
    shownText.append(part(place, span.start), mark);
    place = span.end;
  }
  shownText.append(part(place));
  return shownText;
}

const labelRows = (one) => one.labels.map((row) => ({ name: row.label, score: row.score }));
const number = (value) => [value].flat().map((x) => Number(x).toPrecision(5)).join(", ");

function classified(one) {
  if ("value" in one) return [element("p", { className: "big" }, number(one.value))];
  return [bars(labelRows(one))];
}

const KINDS = {
  labels: (info, body, [one]) => [
    ...classified(one),
    ...("blocks" in one ? [element("p", { className: "quiet" }, `${one.blocks} blocks`)] : []),
  ],
  many: (info, body, [one]) =>
    Object.entries(one).flatMap(([name, own]) => [heading(name), ...classified(own)]),
  ranking: (info, body, [one]) => {
    const rows = one.ranking.map((row) => ({ name: row.document, score: row.score }));
    return [bars(rows, (score) => score.toFixed(3))];
  },
  entities: (info, body, [one]) => [
    marked(body.text, one.entities),
    ...(one.entities.length ? [] : [element("p", { className: "quiet" }, "Nothing was found.")]),
  ],
  words: (info, body, [one]) => [
    marked(body.text, one.words.map((word) => ({ ...word, label: "replaced" }))),
    ...(one.words.length ? [] : [element("p", { className: "quiet" }, "All words belong.")]),
  ],
  answer: (info, body, [one]) => {
    const none = !one.answer;
    const spans = none ? [] : [{ ...one, label: "answer" }];
    const others = one.answers.map((row) => ({ name: row.answer || "(no answer)", score: row.score }));
    return [
      element("p", { className: "big" }, none ? "The text has no answer." : one.answer),
      marked(body.context, spans),
      heading("Candidates"),
      bars(others),
    ];
  },
  choice: (info, body, [one]) => [
    bars(body.choices.map((name, place) => ({ name, score: one.scores[place] }))),
  ],
  masks: (info, body, [one]) =>
    one.masks.flatMap((fills, place) => [
      heading(one.masks.length > 1 ? `Mask ${place + 1}` : "At the mask"),
      bars(fills.map((fill) => ({ name: fill.token, score: fill.score }))),
      element("p", { className: "quiet" }, fills[0].text),
    ]),
  vectors: (info, body, rows) => [heading("Cosines"), cosines(body.texts, rows)],
};

function cosines(texts, rows) {
  const length = (v) => Math.hypot(...v) || 1;
  const cosine = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0) / length(a) / length(b);
  const vectors = rows.map((row) => row.vector);
  const head = element("tr", {}, element("td"));
  texts.forEach((_, place) => head.append(element("th", { scope: "col" }, String(place + 1))));
  const table = element("table", {}, head);
  texts.forEach((text, place) => {
    const row = element("tr", {}, element("th", { scope: "row" }, `${place + 1}. ${text}`));
    for (const other of vectors) {
      const value = cosine(vectors[place], other).toFixed(3);
      row.append(element("td", { className: "number" }, value));
    }
    table.append(row);
  });
  return element("div", { className: "scroll" }, table);
}

export function shown(info, body, predictions) {
  return KINDS[info.kind](info, body, predictions);
}
