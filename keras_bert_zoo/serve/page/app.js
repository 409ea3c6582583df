// Builds the form that the served task needs, sends it, and shows the answer.
// What a person or the model wrote is only ever set as textContent.
import { element, shown } from "./answers.js";

const at = (id) => document.getElementById(id);
let info = null;

async function begin() {
  try {
    info = await (await fetch("/info")).json();
  } catch {
    at("state").textContent = "The server does not answer.";
    return;
  }
  document.title = info.model;
  at("model").textContent = info.model;
  const size = info.parameters.toLocaleString("en");
  at("about").textContent =
    `${info.task} · ${size} parameters · ${info.backend} · keras_bert_zoo ${info.version}`;
  at("fields").replaceChildren(...info.fields.map(field));
  at("form").addEventListener("submit", ask);
  at("form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("form").requestSubmit();
  });
  at("form").dataset.ready = "yes";
}

function field(one) {
  const input = element(one.type === "line" ? "input" : "textarea", { id: one.name, name: one.name });
  input.maxLength = info.limits.max_characters;
  input.required = !one.optional;
  input.value = one.example || "";
  if (one.type === "lines") input.rows = 4;
  const label = element("label", { htmlFor: one.name }, one.label);
  if (one.optional) {
    label.className = "quiet";
    return element("details", { className: "field" }, element("summary", {}, one.label), label, input);
  }
  return element("div", { className: "field" }, label, input, ...maskButton(input));
}

function maskButton(input) {
  const mask = info.facts.mask;
  if (!mask) return [];
  const button = element("button", { type: "button", className: "plain" }, `Insert ${mask}`);
  button.addEventListener("click", () => {
    input.setRangeText(mask, input.selectionStart, input.selectionEnd, "end");
    input.focus();
  });
  return [button];
}

function request() {
  const body = {};
  for (const one of info.fields) {
    const value = at(one.name).value;
    if (one.optional && !value.trim()) continue;
    body[one.name] =
      one.type === "lines" ? value.split("\n").map((line) => line.trim()).filter(Boolean) : value;
  }
  const most = { labels: info.facts.num_labels, many: info.facts.num_labels, answer: 3, masks: 5 }[info.kind];
  if (most && info.facts.problem !== "regression") body.top_k = Math.min(most, 10);
  return body;
}

async function ask(event) {
  event.preventDefault();
  const body = request();
  at("ask").disabled = true;
  at("state").textContent = "…";
  const began = performance.now();
  try {
    const response = await fetch("/predict", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    at("state").textContent = `${Math.round(performance.now() - began)} ms`;
    show(body, answer);
  } catch {
    at("state").textContent = "The server does not answer.";
  } finally {
    at("ask").disabled = false;
  }
}

function show(body, answer) {
  const parts = answer.error
    ? [element("p", { className: "error" }, answer.error.message)]
    : [...shown(info, body, answer.predictions), ...answer.warnings.map(warning)];
  at("answer").replaceChildren(...parts);
  at("answer").hidden = at("raw").hidden = false;
  at("sent").textContent = JSON.stringify(body, null, 2);
  at("got").textContent = JSON.stringify(answer, null, 2);
}

const warning = (text) => element("p", { className: "quiet" }, text);

begin();
